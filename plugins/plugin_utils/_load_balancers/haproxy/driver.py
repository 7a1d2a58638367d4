# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HAProxy's spelling of the neutral model.

A file of its own with a defaults section, monitors, and a frontend and backend per service, lync-in-NAME and
lync-NAME: two proxies of one name are refused from 3.3 on.

A member is asked once per pool, in a backend that carries no traffic; the servers of the services track it, so that
a member which is not well leaves all services of its pool at one moment, and its connections are closed.

A process that was replaced by a reload asks no member any more, and keeps its connections. There tcp-ut ends those of
a member that acknowledges nothing: what is sent to it, or the probes of keep-alive where nothing is.

Affinity is the hash of the client's address over a consistent ring, not a stick table: a table was empty after every
reload that was measured, the ring is the same in every process. Rings of several backends are alike because a
server's id is made of its address. What that costs: such a service cannot count connections (least-connections), and
affinity has no end.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..._base.addresses import parse_address
from ..._base.errors import InvalidInputError, Problem
from ..._base.names import PATTERNS
from ..config_syntax import Block, haproxy_sections, seconds_of, split_endpoint
from ..driver import HASH_REFUSALS, EffectKind, Refusal, Rendered, check_service_names, has_affinity, refused
from ..model import (
    Member,
    MemberDown,
    MemberState,
    Monitor,
    Persistence,
    PersistenceKind,
    Service,
    affinity_group,
    with_fields,
)

PREFIX = "lync-"
FRONT_PREFIX = f"{PREFIX}in-"
MONITOR_PREFIX = f"{PREFIX}monitor-"
DEFAULTS = "msuc-lync"
# Points of a server on the ring are 16 times this: few points spread clients unevenly.
WEIGHT = 100
RISE = 2
# A member without power is found after interval + interval / 2 and twice this: below two intervals and 5 s.
_CONNECT_SECONDS = 3
QUEUE_SECONDS = 5
_KEEP_ALIVE_SECONDS = 300
_WORDS = {
    MemberState.ACTIVE: "",
    MemberState.BACKUP: " backup",
    MemberState.DRAINING: "",
    MemberState.DISABLED: " disabled",
}
# Without it, a client of a member that lost power hears nothing for as long as HAProxy itself answers it.
_CLOSES = "on-marked-down shutdown-sessions"
_ALGORITHMS = {"least-connections": "leastconn", "round-robin": "roundrobin"}


def header(module: str, defaults: str, *more: str) -> str:
    """Return how a file of ours begins: who writes it, and its section of defaults."""
    lines = [
        *("mode tcp", "log global", "option dontlognull", "option redispatch", "option clitcpka", "option srvtcpka"),
        *("retries 2", f"timeout connect {_CONNECT_SECONDS}s", f"timeout check {_CONNECT_SECONDS}s"),
        *(f"timeout queue {QUEUE_SECONDS}s", *more),
    ]
    head = f"# Written by Ansible, {module}; changes by hand are undone by the next run.\n\ndefaults {defaults}\n"
    return head + "".join(f"    {line}\n" for line in lines)


_HEADER = header("msuc.lync.haproxy_services", DEFAULTS)


class HaproxyDriver:
    """The driver "haproxy"; TCP only."""

    name = "haproxy"
    effects: Mapping[str, EffectKind] = {"members": EffectKind.MODIFIES_MEMBERS, "": EffectKind.RELOADS}
    options: Mapping[str, Mapping[str, object]] = {
        "interface": {
            "type": "string",
            "pattern": PATTERNS["interface"],
            "description": "network interface that a service listens on",
        },
        "maxconn": {
            "type": "integer",
            "minimum": 1,
            "maximum": 1000000,
            "description": "most connections of a service at a time",
        },
        "transparent_bind": {
            "const": True,
            "description": "listen although the address is on the other unit of a pair",
        },
    }

    def render(self, services: Sequence[Service]) -> Rendered:
        """Return the text of the file.

        Raises InvalidInputError for UDP services and for options that are not of the list.
        """
        problems = [problem for service in services for problem in _check_haproxy_service(service, self.options)]
        if problems:
            raise InvalidInputError(problems)
        ordered = sorted(services, key=lambda service: service.name)
        text = (
            "\n".join([_HEADER, *_render_monitors(ordered), *(_render_sections(service) for service in ordered)])
            if ordered
            else ""
        )
        return Rendered(text, text, refused(ordered, _REFUSALS))

    def parse(self, document: object) -> tuple[Service, ...]:
        """Return the services of a file's text, sorted by name.

        Raises InvalidInputError when it is not one that render writes.
        """
        return tuple(sorted(_services_in_sections(haproxy_sections(str(document))), key=lambda service: service.name))

    def expressible(self, service: Service) -> Service:
        """Return the service as HAProxy can say it: see not_rendered.

        Small packets never wait, so nagle is always off.
        """
        kept = has_affinity(service)
        found = replace(
            service,
            persistence=_hash_persistence(service.pool, service.vip) if kept else Persistence(),
            algorithm=Service.algorithm if kept else service.algorithm,
            nagle=False,
            members=tuple(sorted(service.members)),
        )
        # What nobody takes has no port and is not asked.
        nobody: dict[str, object] = {"node_port": found.port, "monitor": _monitor_of(found)}
        nobody["member_down"] = Service.member_down
        return found if found.members else with_fields(found, **nobody)


def _keeps_of_nobody(service: Service) -> bool:
    return not service.members and service.member_down is MemberDown.KEEP


_FORGETS = (
    "a reload by somebody else forgets which members are down, until each was asked again: "
    "to keep it takes a line in the section global, which is not ours"
)
_REFUSALS = (
    *HASH_REFUSALS,
    Refusal.when("monitor", lambda service: bool(service.members), _FORGETS),
    Refusal.when("member_down", _keeps_of_nobody, "nobody takes it, so there is nothing to keep"),
)
DRIVER = HaproxyDriver()


def _hash_persistence(pool: str, vip: str) -> Persistence:
    return Persistence(PersistenceKind.SOURCE, group=affinity_group(pool, vip))


def server_id(address: str) -> int:
    """Return the id of a member's servers, made of its address alone.

    It is the member's place on the ring of every backend.
    """
    return zlib.crc32(address.encode()) % (2**31 - 1) + 1


def monitor_name(service: Service) -> str:
    """Return the name of the backend that asks the members of a service."""
    monitor = service.monitor
    return f"{MONITOR_PREFIX}{service.pool}-{monitor.port}-{monitor.interval_seconds}-{monitor.failures}"


def silent_seconds(interval_seconds: int) -> int:
    """Return after how long a member that acknowledges nothing is dead: twice it is below two intervals and 5 s.

    Twice, because a client may send its last words just before the keep-alive would have found it.
    """
    return interval_seconds + 2


def client_lines(idle_seconds: int) -> list[str]:
    """Return the times of a frontend; a client that vanished is asked before its idle time is over."""
    probe = max(1, min(_KEEP_ALIVE_SECONDS, idle_seconds // 2))
    return [f"timeout client {idle_seconds}s", f"clitcpka-idle {probe}s"]


def server_times(idle_seconds: int, interval_seconds: int) -> list[str]:
    """Return the times of a backend; two probes of keep-alive within silent_seconds."""
    probe = silent_seconds(interval_seconds) // 2
    return [f"timeout server {idle_seconds}s", f"srvtcpka-idle {probe}s", f"srvtcpka-intvl {probe}s"]


def server_arguments(member: Member, interval_seconds: int, down: MemberDown = MemberDown.CLOSE) -> str:
    """Return what a server line of a service says after the server's name and address, the monitor apart."""
    weight = 0 if member.state is MemberState.DRAINING else WEIGHT
    closes = f" {_CLOSES}" if down is MemberDown.CLOSE else ""
    silent = f" tcp-ut {silent_seconds(interval_seconds) * 1000}ms"
    return f"id {server_id(member.address)} weight {weight}{closes}{silent}{_WORDS[member.state]}"


def check_arguments(monitor: Monitor) -> str:
    """Return what a server line says about asking the member; after a first failure it is asked twice as often."""
    interval = monitor.interval_seconds * 1000
    return (
        f"check port {monitor.port} inter {interval}ms fastinter {interval // 2}ms fall {monitor.failures} rise {RISE}"
    )


def endpoint(address: str, port: int) -> str:
    """Return an address and a port as HAProxy writes them."""
    return f"ipv6@[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _check_haproxy_service(service: Service, known: Mapping[str, object]) -> Iterator[Problem]:
    yield from check_service_names(service)
    if service.protocol != "tcp":
        yield Problem(
            f"service {service.name}",
            "HAProxy carries no UDP",
            "protocol tcp",
            "use msuc.lync.nftables_udp_services for it",
        )
    for name in sorted(service.options.keys() - known.keys()):
        yield Problem(
            f"service {service.name}, options.{name}",
            f"{name!r} is not an option of haproxy",
            ", ".join(sorted(known)),
            "remove it",
        )


def _render_monitors(services: Iterable[Service]) -> Iterator[str]:
    """Yield the backends that ask the members, one per pool and monitor."""
    groups: dict[str, dict[str, Monitor]] = {}
    for service in services:
        groups.setdefault(monitor_name(service), {}).update(
            {member.address: service.monitor for member in service.members}
        )
    for name in sorted(name for name, members in groups.items() if members):
        lines = [f"backend {name} from {DEFAULTS}", f"    timeout server {QUEUE_SECONDS}s"]
        for address, monitor in sorted(groups[name].items()):
            lines.append(
                f"    server {address} {endpoint(address, monitor.port)} "
                f"id {server_id(address)} {check_arguments(monitor)}"
            )
        yield "\n".join([*lines, ""])


def _render_sections(service: Service) -> str:
    name = f"{PREFIX}{service.name}"
    bind = f"    bind {endpoint(service.vip, service.port)}"
    bind += f" interface {service.options['interface']}" if "interface" in service.options else ""
    bind += " transparent" if service.options.get("transparent_bind") else ""
    frontend = [
        f"frontend {FRONT_PREFIX}{service.name} from {DEFAULTS}",
        f"    description pool {service.pool}",
        bind,
        *(f"    {line}" for line in client_lines(service.idle_seconds)),
    ]
    frontend += [f"    maxconn {service.options['maxconn']}"] if "maxconn" in service.options else []
    backend = [
        f"backend {name} from {DEFAULTS}",
        *_balance_lines(service),
        *(f"    {line}" for line in server_times(service.idle_seconds, _monitor_of(service).interval_seconds)),
    ]
    # Its port too: an Edge Server answers STUN with the port that it sees.
    backend += [] if service.source_nat else ["    source 0.0.0.0 usesrc client"]
    monitor = monitor_name(service)
    for member in sorted(service.members):
        where = f"{member.address} {endpoint(member.address, service.node_port)}"
        arguments = server_arguments(member, service.monitor.interval_seconds, service.member_down)
        backend.append(f"    server {where} track {monitor}/{member.address} {arguments}")
    return "\n".join([*frontend, f"    default_backend {name}", "", *backend, ""])


def _monitor_of(service: Service) -> Monitor:
    """Return the monitor of a service that has members: what nobody takes is not asked."""
    return service.monitor if service.members else Monitor(service.port)


def _balance_lines(service: Service) -> list[str]:
    if service.persistence.kind is PersistenceKind.NONE:
        return [f"    balance {_ALGORITHMS[service.algorithm]}"]
    return ["    balance source", "    hash-type consistent"]


def _services_in_sections(sections: Iterable[Block]) -> Iterator[Service]:
    """Yield each service with its backend, in the order of render, so that no section is kept.

    A thousand of them leave a processor's cache.
    """
    frontends: dict[str, Block] = {}
    monitors: dict[str, tuple[str, ...]] = {}
    for block in sections:
        name = block.head[1] if block.head[1:] else ""
        if block.head[0] == "frontend":
            frontends["".join(block.values("default_backend"))] = block
        elif name.startswith(MONITOR_PREFIX):
            monitors[name] = next(block.all("server"), ())
        elif block.head[0] == "backend" and name in frontends:
            yield _read_frontend(frontends.pop(name), block, monitors)
    yield from (_read_frontend(frontend, None, monitors) for frontend in frontends.values())


def _read_frontend(frontend: Block, backend: Block | None, monitors: Mapping[str, Sequence[str]]) -> Service:
    """Return the service of a frontend; what does not read as written is one error that names the line."""
    try:
        if backend is None:
            raise ValueError("no backend follows it")
        return _service_of_sections(frontend, backend, monitors)
    except (IndexError, KeyError, ValueError) as error:
        message = (
            f"frontend {frontend.head[1] if frontend.head[1:] else ''} is not as this collection writes it: {error}"
        )
        raise InvalidInputError(
            [Problem(f"line {frontend.number}", message, fix="use state replaced, which writes the file anew")]
        ) from error


def _service_of_sections(frontend: Block, backend: Block, monitors: Mapping[str, Sequence[str]]) -> Service:
    bind, pool = frontend.values("bind"), frontend.values("description", "pool")[0]
    vip, port = split_endpoint(bind[0])
    servers = list(backend.all("server"))
    kept = backend.has("balance", "source")
    names = {word: name for name, word in _ALGORITHMS.items()}
    asked = next(
        (monitors[tokens[tokens.index("track") + 1].partition("/")[0]] for tokens in servers if "track" in tokens), ()
    )
    return Service(
        name=frontend.values("default_backend")[0].removeprefix(PREFIX),
        pool=pool,
        vip=vip,
        port=port,
        protocol="tcp",
        node_port=split_endpoint(servers[0][1])[1] if servers else port,
        members=tuple(sorted(map(read_member, servers))),
        monitor=_monitor_of_check(asked) if "check" in asked else Monitor(port),
        persistence=_hash_persistence(pool, vip) if kept else Persistence(),
        idle_seconds=seconds_of(frontend.values("timeout", "client")[0], "ms"),
        source_nat=not backend.has("source"),
        nagle=False,
        algorithm=Service.algorithm if kept else names[backend.values("balance")[0]],
        member_down=_read_member_down(servers),
        options=_bind_options(frontend, bind),
    )


def _monitor_of_check(tokens: Sequence[str]) -> Monitor:
    found = {name: tokens[tokens.index(name) + 1] for name in ("port", "inter", "fall")}
    return Monitor(int(found["port"]), seconds_of(found["inter"], "ms"), int(found["fall"]))


def _read_member_down(servers: Sequence[Sequence[str]]) -> MemberDown:
    return MemberDown.CLOSE if all("shutdown-sessions" in tokens for tokens in servers) else MemberDown.KEEP


def read_member(tokens: Sequence[str]) -> Member:
    """Return the member of the tokens of a server line; raises ValueError and IndexError."""
    return Member(str(parse_address(tokens[0])), _server_state(tokens))


def _server_state(tokens: Sequence[str]) -> MemberState:
    if "disabled" in tokens:
        return MemberState.DISABLED
    if "backup" in tokens:
        return MemberState.BACKUP
    return MemberState.DRAINING if tokens[tokens.index("weight") + 1] == "0" else MemberState.ACTIVE


def _bind_options(frontend: Block, bind: Sequence[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    if "interface" in bind:
        found["interface"] = bind[bind.index("interface") + 1]
    if frontend.has("maxconn"):
        found["maxconn"] = int(frontend.values("maxconn")[0])
    return found | ({"transparent_bind": True} if "transparent" in bind else {})
