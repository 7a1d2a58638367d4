# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the assumptions of a plan stand after a run: by the networks of the hosts, the probes, the comparison of rules.

    stand(assumptions_of(plan), known, judged)
    -> (Assumption("edge01", DEFAULT_GATEWAY, Standing.CONFIRMED, "..."), ...)

Nothing is confirmed that was not read: an assumption of which a part cannot be read is contradicted by what was, or
is unknown.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._base.addresses import ANY_TEXT, AddressSet
from .._base.untyped import mappings
from .._compiler import assumptions as texts
from .._drift.deviations import Assumption, Class, Standing
from .._load_balancers import relied_on
from .._plan.model import HostPlan, VirtualService
from .._rollout.results import TaskResult
from .causes import Knowledge
from .host_io import Facts, Network, Route
from .plan_view import Kind, is_ipv6
from .verdicts import Judged, Verdict

READ_ON_HOSTS = frozenset(
    {texts.DEFAULT_GATEWAY, texts.INTERNAL_ROUTES, texts.LASTING_ROUTES, texts.SEPARATE_NETWORKS, texts.DNS_SERVERS}
)
"""What a host must answer for its network; the gateway of a pool is known from its members, who have these."""
_Finding = tuple[Standing, str]
_FEW = 3
_NOT_IN_FORCE = frozenset({Class.INEFFECTIVE, Class.PARTLY_BLOCKED})
_NO_CARD = "no network card that is up has these addresses"
_UNREADABLE = "verify.yml cannot read it"


@dataclass(frozen=True)
class _Seen:
    """What a run saw of one host: its plan, its answers, the probes that went to it or came from it."""

    host: HostPlan
    facts: Facts
    known: Knowledge
    judged: Sequence[Judged]

    @property
    def network(self) -> Network:
        """Return what the host answered of its network."""
        return self.facts.network

    @property
    def inside(self) -> tuple[str, ...]:
        """Return the addresses that are not on the side of the Internet."""
        return tuple(address for address in self.host.addresses if address not in self.outside)

    @property
    def outside(self) -> tuple[str, ...]:
        """Return the addresses on the side of the Internet."""
        return self.known.deployment.outside[self.host.host]

    @property
    def internal(self) -> AddressSet:
        """Return what the plan lets in to the internal interface, where answers go back to.

        Neighbours on the external network are left out.
        """
        inside = set(self.inside)
        rules = (rule for rule in self.known.deployment.incoming[self.host.host] if ANY_TEXT not in rule.remoteip)
        bound = [rule for rule in rules if set(rule.localip) & inside]
        found = AddressSet.parse(text for rule in bound for text in rule.remoteip)
        found = found - AddressSet.parse(self.host.addresses) - self.network.networks_of(self.outside)
        return found.of_families(AddressSet.parse(self.inside).families)


@dataclass(frozen=True)
class Balancers:
    """Appliances that were asked for what a plan relies on.

    results: what each answered, None for one that was not asked. services: all of the plan.
    """

    results: Mapping[str, TaskResult | None] = field(default_factory=dict)
    services: Sequence[VirtualService] = ()

    def of(self, assumption: Assumption) -> list[str]:
        """Return the managed ones of a pool; what is to be forwarded passes those alone where clients stay as they are.
        """
        own = [each for each in self.services if each.pool == assumption.place]
        if assumption.text == relied_on.FORWARDS_THE_REST:
            own = [each for each in own if not each.source_nat]
        return sorted({name for each in own for name in each.balancers} & self.results.keys())


def stand(
    assumptions: Iterable[Assumption], known: Knowledge, judged: Sequence[Judged], balancers: Balancers
) -> tuple[Assumption, ...]:
    """Return the assumptions with how they stand."""
    return tuple(
        _of_balancers(each, balancers)
        if each.text in _ON_BALANCERS
        else _check_assumption(each, known, judged)
        for each in assumptions
    )


def _of_balancers(assumption: Assumption, balancers: Balancers) -> Assumption:
    """Return an assumption with how it stands by the appliances that have services of its pool."""
    names = balancers.of(assumption)
    found = [_answer_of(balancers.results[name], assumption.text) for name in names]
    if not found:
        return replace(assumption, why="no load balancer of it is managed here")
    order = (Standing.CONTRADICTED, Standing.UNKNOWN, Standing.CONFIRMED)
    standing = min((each for each, _why in found), key=order.index)
    why = _join_few(
        f"{name}: {why}" for name, (each, why) in zip(names, found, strict=True) if each is standing
    )
    return replace(assumption, standing=standing, why=why)


def _answer_of(result: TaskResult | None, text: str) -> _Finding:
    if result is None:
        return Standing.UNKNOWN, "not in this run"
    said = [each for each in mappings(result.document.get("assumptions")) if each.get("text") == text]
    if not result.is_done or not said:
        return Standing.UNKNOWN, f"could not be asked: {result.message}" if result.message else "it does not tell"
    return Standing(str(said[0].get("standing"))), str(said[0].get("why"))


def _check_assumption(assumption: Assumption, known: Knowledge, judged: Sequence[Judged]) -> Assumption:
    check = _check_of(assumption.text)
    if check is None:
        return replace(assumption, why=_UNREADABLE)
    hosts = [host for host in known.deployment.hosts.values() if assumption.place in (host.host, host.pool)]
    # A host may have the name of its pool.
    hosts = [host for host in hosts if host.host == assumption.place] if assumption.text in _OF_HOSTS else hosts
    absent = [host.host for host in hosts if host.host not in known.facts]
    if absent or not hosts:
        return replace(assumption, why=f"not in this run: {_join_few(absent or [assumption.place])}")
    silent = [
        f"{host.host} could not be asked: {known.facts[host.host].problem}"
        for host in hosts
        if known.facts[host.host].problem
    ]
    if silent:
        return replace(assumption, why=_join_few(silent))
    standing, why = check([_Seen(host, known.facts[host.host], known, judged) for host in hosts])
    return replace(assumption, standing=standing, why=why)


def _check_of(text: str) -> Callable[[Sequence[_Seen]], _Finding] | None:
    """Return what reads an assumption, None for one that cannot be read."""
    of_host = _OF_HOSTS.get(text)
    if of_host is not None:
        return lambda own: of_host(own[0])
    found = ((check, value) for template, check in _OF_POOLS if (value := texts.value_in(template, text)) is not None)
    return next((functools.partial(_of_pool, check, value) for check, value in found), None)


def _of_pool(check: Callable[[Sequence[_Seen], str], _Finding], value: str, own: Sequence[_Seen]) -> _Finding:
    return check(own, value)


def _default_gateway(seen: _Seen) -> _Finding:
    network, outside = seen.network, seen.outside
    cards = network.cards_of(outside)
    if network.problem or not cards:
        return Standing.UNKNOWN, network.problem or _NO_CARD
    families = {6 if is_ipv6(address) else 4 for address in outside}
    missing = [family for family in sorted(families) if not network.defaults(family)]
    elsewhere = [route for family in sorted(families) for route in network.defaults(family) if route.by not in cards]
    if missing or elsewhere:
        return Standing.CONTRADICTED, _join_few(
            [*(f"no default route of IPv{family}" for family in missing), *(route.text for route in elsewhere)]
        )
    if cards & network.cards_of(seen.inside):
        return Standing.UNKNOWN, f"the internal addresses are on the same network card: {', '.join(sorted(cards))}"
    return Standing.CONFIRMED, _join_few(
        route.text for family in sorted(families) for route in network.defaults(family)
    )


def _internal_routes(seen: _Seen) -> _Finding:
    network, cards, wanted = seen.network, seen.network.cards_of(seen.inside), seen.internal
    if network.problem or not cards or not wanted:
        return Standing.UNKNOWN, network.problem or (_NO_CARD if wanted else "no internal network is planned")
    ways = network.ways(wanted)
    wrong = [(part, route) for part, route in ways if route is None or route.is_default or route.by not in cards]
    if wrong:
        return Standing.CONTRADICTED, _join_few(
            f"{_few(part)} goes {f'by the route {route.text}' if route else 'nowhere'}" for part, route in wrong
        )
    return Standing.CONFIRMED, f"{_few(wanted)}: {_join_few(route.text for _part, route in ways if route)}"


def _lasting_routes(seen: _Seen) -> _Finding:
    network = seen.network
    if network.problem or network.lasting is None:
        return Standing.UNKNOWN, network.problem or "whether a route outlasts a restart is not told by this host"
    used = [
        route for _part, route in network.ways(seen.internal) if route and not route.is_default and not route.is_on_link
    ]
    fleeting = [route for route in used if route.to not in network.lasting]
    if fleeting:
        return Standing.CONTRADICTED, f"not persistent: {_join_few(route.text for route in fleeting)}"
    return (
        (Standing.CONFIRMED, f"persistent: {_join_few(route.to for route in used)}")
        if used
        else (Standing.UNKNOWN, "there are no such routes")
    )


def _separate_networks(seen: _Seen) -> _Finding:
    network = seen.network
    both = network.cards_of(seen.inside) & network.cards_of(seen.outside)
    shared = network.networks_of(seen.inside) & network.networks_of(seen.outside)
    if both or shared:
        return (
            Standing.CONTRADICTED,
            f"one network card has both: {', '.join(sorted(both))}" if both else f"both are in {_few(shared)}",
        )
    apart = network.cards_of(seen.inside) and network.cards_of(seen.outside)
    return (
        Standing.UNKNOWN,
        "they are apart; what routes between them was not read" if apart else network.problem or _NO_CARD,
    )


def _check_dns_servers(seen: _Seen) -> _Finding:
    servers = seen.network.dns_servers
    if not servers:
        return Standing.UNKNOWN, seen.network.problem or "the host told none"
    asked = {
        server: [item for item in seen.judged if item.probe.address == server and _is_internal(item, seen)]
        for server in servers
    }
    wrong = [item.detail for items in asked.values() for item in items if item.verdict is Verdict.WRONG_ANSWER]
    silent = [server for server, items in asked.items() if not any(item.verdict is Verdict.OPEN for item in items)]
    if wrong:
        return Standing.CONTRADICTED, _join_few(wrong)
    if silent:
        return Standing.UNKNOWN, f"{_join_few(silent)}: not asked in this run, or without an answer"
    return Standing.CONFIRMED, f"{_join_few(servers)} answered for {sum(map(len, asked.values()))} names as planned"


def _is_internal(item: Judged, seen: _Seen) -> bool:
    """Return whether a probe asked a DNS server for a record of the internal view."""
    probe = item.probe
    return probe.kind is Kind.DNS and any(
        (record.name, record.type) == probe.question and record.view == "internal"
        for _pool, record in seen.known.deployment.records
    )


def _internal_certificate(seen: _Seen) -> _Finding:
    return _check_certificates(seen, seen.inside)


def _external_certificate(seen: _Seen) -> _Finding:
    return _check_certificates(seen, seen.outside)


def _check_certificates(seen: _Seen, addresses: Sequence[str]) -> _Finding:
    """Return what the certificates say that were shown at addresses of a host."""
    met = _find_shown_certificates(seen, addresses)
    wrong = {f"{_end(item)}: {item.detail}": None for item in met if item.verdict is Verdict.WRONG_HOST}
    silent = {_end(item): None for item in met if item.certificate is None}
    if wrong:
        return Standing.CONTRADICTED, _join_few(wrong)
    if silent or not met:
        return (
            Standing.UNKNOWN,
            f"no certificate was shown at {_join_few(silent)}" if silent else "nobody asked for one in this run",
        )
    if not all(item.probe.names for item in met):
        return Standing.UNKNOWN, "no full name of this server is known"
    return Standing.CONFIRMED, f"shown at {_join_few(dict.fromkeys(_end(item) for item in met))}"


def _web_certificate(seen: _Seen) -> _Finding:
    standing, why = _check_certificates(seen, seen.outside or seen.inside)
    if standing is not Standing.CONFIRMED:
        return standing, why
    own = set(seen.host.addresses)
    records = (record for _pool, record in seen.known.deployment.records if record.view == "external")
    wanted = {record.name for record in records if record.type in ("A", "AAAA") and own & set(record.values)}
    met = _find_shown_certificates(seen, seen.outside or seen.inside)
    missing = sorted(
        name for name in wanted if not all(item.certificate and item.certificate.is_for([name]) for item in met)
    )
    if not wanted:
        return Standing.UNKNOWN, "no external name of the plan leads here"
    if missing:
        return (
            Standing.UNKNOWN,
            f"what was shown does not name {_join_few(missing)}; another may be shown to who asks for that",
        )
    return Standing.CONFIRMED, f"{why}, for {_join_few(sorted(wanted))}"


def _find_shown_certificates(seen: _Seen, addresses: Sequence[str]) -> list[Judged]:
    """Return the probes of TLS that got through to addresses of a host, whoever asked."""
    own = (
        item
        for item in seen.judged
        if item.probe.kind is Kind.TLS and item.probe.destination == seen.host.host and item.probe.address in addresses
    )
    return [
        item for item in own if item.verdict in (Verdict.OPEN, Verdict.WRONG_HOST, Verdict.EXPIRING, Verdict.EXPIRED)
    ]


def _end(item: Judged) -> str:
    return f"{item.probe.address} {item.probe.port}"


def _no_blocks(seen: _Seen) -> _Finding:
    off = _list_ineffective_reasons(seen)
    if off or not seen.facts.is_compared:
        return (Standing.CONTRADICTED, off) if off else (Standing.UNKNOWN, "the rules were not compared in this run")
    return Standing.CONFIRMED, "every planned rule is in force"


def _no_other_table(seen: _Seen) -> _Finding:
    off = _list_ineffective_reasons(seen)
    unread = "no other chain drops what it does not know; single rules that drop were not read"
    return (
        (Standing.CONTRADICTED, off)
        if off
        else (Standing.UNKNOWN, unread if seen.facts.is_compared else "the rules were not compared in this run")
    )


def _list_ineffective_reasons(seen: _Seen) -> str:
    return _join_few(dict.fromkeys(item.reason for item in seen.facts.deviations if item.kind in _NOT_IN_FORCE))


def _monitoring_port(own: Sequence[_Seen], port: str) -> _Finding:
    silent = [seen.host.host for seen in own if seen.facts.listeners is None]
    shut = [
        seen.host.host
        for seen in own
        if not silent and not any(seen.facts.listens("tcp", address, int(port)) for address in seen.host.addresses)
    ]
    if silent or shut:
        return (
            (Standing.UNKNOWN, f"{_join_few(silent)} did not tell")
            if silent
            else (Standing.CONTRADICTED, f"nothing listens on TCP {port} of {_join_few(shut)}")
        )
    return Standing.CONFIRMED, f"listened on by {_join_few(seen.host.host for seen in own)}"


def _access_gateway(own: Sequence[_Seen], address: str) -> _Finding:
    silent = [seen.host.host for seen in own if seen.network.problem]
    if silent:
        return Standing.UNKNOWN, f"{_join_few(silent)} did not tell"
    virtual = address.split(" or ")
    used = [(seen.host.host, _first(seen.network, 6 if is_ipv6(one) else 4)) for seen in own for one in virtual]
    wrong = [
        f"{name} has {route.text if route else 'no default route'}"
        for name, route in used
        if route is None or route.via not in virtual
    ]
    return (
        (Standing.CONTRADICTED, _join_few(wrong))
        if wrong
        else (Standing.CONFIRMED, f"of {_join_few(name for name, _route in used)}")
    )


def _first(network: Network, family: int) -> Route | None:
    return next(iter(network.defaults(family)), None)


def _few(addresses: AddressSet) -> str:
    return _join_few(addresses.to_text())


def _join_few(items: Iterable[str]) -> str:
    """Return items as a list, the first few of many."""
    found = list(items)
    more = f" and {len(found) - _FEW} more" if len(found) > _FEW else ""
    return f"{', '.join(found[:_FEW])}{more}"


_OF_HOSTS: Mapping[str, Callable[[_Seen], _Finding]] = {
    texts.DEFAULT_GATEWAY: _default_gateway,
    texts.INTERNAL_ROUTES: _internal_routes,
    texts.LASTING_ROUTES: _lasting_routes,
    texts.SEPARATE_NETWORKS: _separate_networks,
    texts.DNS_SERVERS: _check_dns_servers,
    texts.INTERNAL_CERTIFICATE: _internal_certificate,
    texts.EXTERNAL_CERTIFICATE: _external_certificate,
    texts.WEB_CERTIFICATE: _web_certificate,
    texts.NO_BLOCKS: _no_blocks,
    texts.NO_OTHER_TABLE: _no_other_table,
}
_ON_BALANCERS = frozenset(text for texts_of_driver in relied_on.BY_DRIVER.values() for text in texts_of_driver)
_OF_POOLS = ((texts.MONITORING_PORT, _monitoring_port), (texts.ACCESS_GATEWAY, _access_gateway))
