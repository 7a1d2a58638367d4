# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Everything that reads what others have written, each fed with a good input that is damaged at random.

    ATTEMPTS["Windows: firewall"](random.Random(7))     reads one damaged answer

An attempt ends, or raises one of REFUSALS; a result of a task that failed has to say why. Anything else is a fault.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import functools
import io
import itertools
import json
import random
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import dns.flags
import dns.message
import dns.query
import yaml
from ansible_collections.msuc.lync.plugins.module_utils import (
    _balancer_files,
    _haproxy_lint,
    _probe_listeners,
    _probe_network,
    _udp_ring,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError, InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import DnsProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import Task as DnsTask
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.zone import offline_result as parse_zone
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.host import read_answer as read_ipsec
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.reconcile import offline_result as parse_nft
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.audit import audited
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.evidence import EvidenceFolder
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import (
    Task,
    WindowsFirewallProvider,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import sketch_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.driver import F5As3
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.forwarding import forwarding
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.provider import F5Options, read_task
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.provider import offline as parse_declaration
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy import driver as haproxy
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.provider import HaproxyProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.driver import Kemp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.driver import NetScaler
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables import driver as nftables_udp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx import driver as nginx
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.provider import NginxProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task as ServicesTask
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import offline as parse_services
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.registry import DRIVERS
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import DocumentError
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import dns_answer, payload, read_facts
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Matrix
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verification import Settings, Verification
from ansible_collections.msuc.lync.plugins.plugin_utils._publications import provider as publications
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.acceptance import check_acceptances, read_acceptances
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.answers import (
    questions_text,
    read_answers,
    with_answers,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.compare import compared, inventory_hosts
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.files import digest_of, texts_of_import
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.mapping import imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.read import read_topology_bytes

from tests.simulators.hive_file import write_hive
from tests.simulators.stock_strings import stock_strings
from tests.unit.compiler.examples import ROOT
from tests.unit.dns import results as dns_results
from tests.unit.dns.memory_server import MemoryServer
from tests.unit.firewall.ipsec import test_legacy
from tests.unit.firewall.memory import MemoryStore, link_to
from tests.unit.firewall.nftables import memory_host as linux
from tests.unit.firewall.nftables import results as nft_results
from tests.unit.firewall.nftables import test_foreign
from tests.unit.firewall.windows import test_dumps, test_hive, test_host, test_reading
from tests.unit.firewall.windows import test_reconcile as windows
from tests.unit.load_balancers import test_f5_forwarding, test_nftables_udp
from tests.unit.load_balancers.memory_devices import NGINX_PATH, MemoryHost, UdpHost, answer, udp_provider
from tests.unit.load_balancers.samples import golden, service
from tests.unit.load_balancers.test_malformed_answers import Vendor, converged_vendors
from tests.unit.probes import samples as probe_samples
from tests.unit.publications import results as publication_results
from tests.unit.rollout import test_acceptance
from tests.unit.topology.samples import everything

from .mutations import damaged

REFUSALS = (
    InvalidInputError,
    DeviceError,
    DocumentError,
    _balancer_files.Refused,
    _probe_listeners.NotUnderstoodError,
)
Attempt = Callable[[random.Random], object]
Seeds = Callable[[], Sequence[Any]]


class UnnamedError(Exception):
    """A task failed and does not say why, or says it in the words of Python."""


def told(result: Mapping[str, Any]) -> None:
    """Raise DeviceError for a result that failed, and UnnamedError for one that does not say why."""
    json.dumps(result)
    if result.get("failed"):
        if not result.get("msg") or "Traceback" in str(result["msg"]):
            raise UnnamedError(str(result)[:2000])
        raise DeviceError(str(result["msg"]))


def _each(seeds: Seeds, read: Callable[[Any], object]) -> Attempt:
    """Return the attempt to read one of some inputs, damaged."""
    kept = functools.cache(lambda: tuple(seeds()))
    return lambda chance: read(damaged(chance.choice(kept()), chance))


# --- Windows: what hosts answer, registry strings, exports ---------------------------------------------------------


def _windows(kind: type) -> Attempt:
    """Return the attempt of a whole task whose host gives one damaged answer."""
    cases = [case for case in test_host.CASES if case[1] is kind]

    def attempt(chance: random.Random) -> None:
        _name, _kind, options, answers, spoils = chance.choice(cases)
        if chance.random() < 0.5:
            # One part is of another kind: then it is also known what is the right reading.
            place, value = chance.choice(list(test_host.places(answers[spoils]))), chance.choice(test_host.SPOILED)
            wrong = [*answers[:spoils], test_host.spoiled(answers[spoils], place, value), *answers[spoils + 1 :]]
            test_host.check(kind, options, wrong, test_host.makes_sense(answers[spoils], place, value))
            return
        wrong = [*answers[:spoils], damaged(answers[spoils], chance), *answers[spoils + 1 :]]
        told(test_host.play(kind, wrong, **copy.deepcopy(options))[0])

    return attempt


def _parsed_by(kind: type) -> Callable[[str], None]:
    return lambda text: told(test_host.play(kind, [], state="parsed", running_config=text)[0])


def _rule_texts() -> list[str]:
    return [text for _id, text in stock_strings()[::9]] + [text for _id, text in test_dumps.RULES]


def _exemption_texts() -> list[str]:
    return [
        text
        for stored in (test_host.MEDIA_STORED,)
        for answered in test_host.ipsec_answers(stored)
        for text in answered["rules"].values()
    ]


@functools.cache
def _hives() -> tuple[bytes, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fe01.wfw")
        keys: dict[str, Any] = {"": [("PolicyVersion", 0x21C)], "FirewallRules": stock_strings()[:40]}
        write_hive(path, keys)
        return test_hive.EXPORTED.read_bytes(), path.read_bytes()


@functools.cache
def _host_plan() -> Mapping[str, Any]:
    found = json.loads((ROOT / "tests" / "golden" / "contoso" / "hosts" / "fe01.json").read_text(encoding="utf-8"))
    return dict(found)


def _audit(suffix: str) -> Callable[[str | bytes], None]:
    """Return what compares a plan with a dump of such a file."""

    def read(content: str | bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
            Path(folder, f"fe01.{suffix}").write_bytes(data)
            for document in audited({"fe01": _host_plan()}, Path(folder)).hosts["fe01"].documents.values():
                told(document)

    return read


def _hive(chance: random.Random) -> None:
    found = damaged(chance.choice(_hives()), chance)
    # With the right sum the damage lies deeper.
    is_summed = len(found) > 4096 and chance.random() < 0.7
    _audit("wfw")(test_hive.summed(found) if is_summed else found)


def _legacy_seeds() -> list[Any]:
    filters = test_legacy.data(
        [
            test_legacy.first_form("10.1.0.11", "255.255.255.255", 17),
            test_legacy.first_form("0.0.0.0", "0.0.0.0", 6, 443),
        ]
    )
    base = test_host.ipsec_answers({})[0]
    return [{**base, "legacy": test_legacy.store(filters)}]


def _legacy(chance: random.Random) -> None:
    """Read the store of a legacy policy, or the bytes of a filter list in it."""
    found = copy.deepcopy(_legacy_seeds()[0])
    filters = found["legacy"]["policy_objects"]["ipsecFilter{4}"]["ipsecData"]
    if chance.random() < 0.5:
        filters["base64"] = base64.b64encode(damaged(base64.b64decode(filters["base64"]), chance)).decode()
    else:
        found["legacy"] = damaged(found["legacy"], chance)
    read_ipsec(found, "msuc.lync", "Lync ")


def _stored(chance: random.Random) -> None:
    """Bring a host whose registry tells damaged rules, at every look."""
    store = MemoryStore.of(windows.SIP_COM, *test_reading.OF_OTHERS)
    wider = {**windows.SIP, "localport": "5061-5065"}
    rules = chance.choice(([windows.SIP], [wider]))

    def spoil(found: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**found, "stored": damaged(found["stored"], chance)} if "stored" in found else found

    task = Task.from_options({"rules": rules, "gather_through": "registry"})
    made = WindowsFirewallProvider(task, link_to(store, spoil=spoil))
    try:
        reconcile(made, check_mode=False)
    finally:
        told(made.result())


def _evidence(text: str) -> None:
    """Read what is remembered of a build, and remember one more comparison."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"{test_reading.BUILD}.json").write_bytes(text.encode("utf-8", "surrogatepass"))
        found = EvidenceFolder(folder)
        found.known()
        found.record(test_reading.BUILD, 4, ())
        if [one.build for one in found.known()] != [test_reading.BUILD]:
            raise UnnamedError("what was compared is not kept")


# --- Linux: nftables, who listens, networks ------------------------------------------------------------------------


class _SpoiledLinux(linux.MemoryHost):
    """A host with a table of somebody else, whose answers are damaged from one question on."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance, self._from = chance, 99
        nft_results.answer(nft_results.provider(self))
        self.others = [copy.deepcopy(test_foreign.CASES[chance.choice(sorted(test_foreign.CASES))][0])]
        self.questions.clear()
        self._from = chance.randint(1, 2)

    def remote(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = super().remote(arguments)
        if len(self.questions) < self._from:
            return found
        if self._chance.random() < 0.6 and found.get("listing"):
            if self._chance.random() < 0.5:
                found["listing"] = json.dumps(damaged(json.loads(found["listing"]), self._chance))
            elif found.get("others"):
                other = found["others"][0]
                listing = damaged(json.loads(other["listing"] or "{}"), self._chance)
                found["others"] = [{**other, "listing": json.dumps(listing)}]
            return found
        changed = damaged(found, self._chance)
        return changed if isinstance(changed, dict) else {}


def _nftables(chance: random.Random) -> None:
    rules = chance.choice((nft_results.RULES, nft_results.RULES[:1]))
    state = chance.choice(("replaced", "merged", "gathered"))
    told(nft_results.answer(nft_results.provider(_SpoiledLinux(chance), rules, state)))


def _nft_texts() -> list[str]:
    host = nft_results.host_with()
    scripts = [str(host.content)]
    return [*scripts, host.remote({"operation": "gather"})["listing"]]


_PROC = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20417 1 0 100 0\n"
    "   1: 0B00010A:13C5 0700090A:C001 01 00000000:00000000 00:00000000 00000000     0        0 20418 1 0 100 0\n"
)
_PROC6 = (
    "  sl  local_address                         remote_address                        st\n"
    "   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 20419 1 0\n"
)


def _listeners(chance: random.Random) -> None:
    """Read who listens, of the kernel's tables as text, by both modules that do."""
    texts = {"tcp": _PROC, "tcp6": _PROC6, "udp": _PROC.replace(" 0A ", " 07 "), "udp6": _PROC6}
    name = chance.choice(sorted(texts))
    texts[name] = damaged(texts[name], chance)
    with tempfile.TemporaryDirectory() as folder:
        for table, text in texts.items():
            Path(folder, table).write_text(text, encoding="utf-8")
        _probe_listeners.listeners(folder)
    with mock.patch.object(_balancer_files, "content_of", lambda path: texts.get(Path(path).name)):
        _balancer_files.listening()
        _balancer_files.connections({5061})


_IP = {
    "address": [{"ifname": "eth0", "addr_info": [{"local": "10.1.0.11", "prefixlen": 24}]}],
    "route": [{"dst": "default", "dev": "eth0", "gateway": "10.1.0.1", "metric": 100}],
    "rule": [{"table": "main"}],
}


def _network(chance: random.Random) -> None:
    """Read what iproute2 tells of a host, and what the controller makes of it."""
    wrong = chance.choice(sorted(_IP))
    found = {**_IP, wrong: damaged(_IP[wrong], chance)}

    def run(command: Sequence[str], **_options: object) -> Any:
        name = next(word for word in command if word in found)
        return mock.Mock(returncode=0, stdout=json.dumps(found[name]), stderr="")

    with mock.patch("subprocess.run", run):
        network = _probe_network.network()
    network["lasting"] = None
    _probed({"answers": [], "listeners": ["tcp 0.0.0.0 5061"], "network": network})


def _probed(document: object) -> None:
    """Judge the probes of a host by what it answered."""
    if isinstance(document, dict):
        facts = {"edge01": read_facts(probe_samples.task("edge01", document))}
        matrix = Matrix({"edge01": (probe_samples.TCP, probe_samples.TLS)})
        Verification.of(probe_samples.DEPLOYMENT, matrix, facts, Settings(probe_samples.NOW))


# --- load balancers ------------------------------------------------------------------------------------------------

_PATH = "/etc/conf.d/ours"
_OTHERS = [
    ("/etc/x.cfg", "frontend web\n    bind 10.9.0.1:443,[::]:80\n    bind *:8000-8010\nbackend b\n    server a 1:2\n")
]
_SERVERS = (
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight\n"
    + "".join(
        f"3 msuc-lync-sip-5061 {number} 10.1.0.{10 + number} 10.1.0.{10 + number} 2 0 1 1 120 6 3 4 6 0 0 0 - 5061 -\n"
        for number in (1, 2)
    )
)


def _program(
    driver: Any,
    provider: Callable[..., Any],
    others: Sequence[tuple[str, str]],
    protocol: str,
    kind: type[MemoryHost] = MemoryHost,
) -> Attempt:
    """Return the attempt of a whole task on a host with a damaged file of ours, of others, or a damaged answer."""

    def attempt(chance: random.Random) -> None:
        ours = (service(protocol=protocol), service("web-443", port=443, protocol=protocol))
        host = kind(files={_PATH: driver.render(ours).text})
        host.others, host.servers = list(others), _SERVERS
        what = chance.choice(("file", "others", "servers", "answer"))
        if what == "file":
            host.files[_PATH] = damaged(host.files[_PATH], chance)
        elif what == "others":
            host.others = [(path, damaged(text, chance)) for path, text in others]
        elif what == "servers":
            host.servers = damaged(host.servers, chance)
        state = chance.choice((State.MERGED, State.REPLACED, State.DELETED, State.GATHERED))
        task = ServicesTask(state, () if state is State.GATHERED else ours[:1])
        told(answer(provider(task, _spoiling(host, chance) if what == "answer" else host.remote, _PATH)))

    return attempt


def _spoiling(host: MemoryHost, chance: random.Random) -> Callable[[Mapping[str, object]], Mapping[str, Any]]:
    def remote(arguments: Mapping[str, object]) -> Mapping[str, Any]:
        found = damaged({**host.remote(arguments)}, chance)
        return found if isinstance(found, dict) else {}

    return remote


def _nginx(chance: random.Random) -> None:
    """Read and remove a damaged file in which an earlier version had services in nginx."""
    ours = [service(protocol=protocol, port=port) for protocol, port in (("udp", 3478), ("tcp", 443))]
    host = MemoryHost(files={_PATH: damaged(nginx.file_text(ours[: chance.randint(1, 2)]), chance)})
    task = ServicesTask(chance.choice((State.DELETED, State.GATHERED)), ())
    told(answer(NginxProvider(task, host.remote, _PATH)))


def _tables_beside(chance: random.Random) -> None:
    """Bring UDP services beside tables of others with damaged JSON, and beside nginx of an earlier version."""
    rule, _does = test_nftables_udp.TRANSLATIONS[chance.choice(sorted(test_nftables_udp.TRANSLATIONS))]
    table = test_nftables_udp.theirs(rule, chance.choice(("prerouting", "output")))
    forward = [["ip t c", json.dumps([test_nftables_udp.ADMITS])]]
    if chance.random() < 0.6:
        table["listing"] = json.dumps(damaged(json.loads(table["listing"]), chance))
    else:
        forward[0][1] = json.dumps(damaged(json.loads(forward[0][1]), chance))
    host = UdpHost(more={"others": [table], "forward": forward})
    if chance.random() < 0.3:
        host.files[NGINX_PATH] = damaged(test_nftables_udp.NGINX, chance)
    told(test_nftables_udp.brought(host, test_nftables_udp.STUN, check=chance.random() < 0.5))


_CONNECTIONS = (
    "udp 17 29 src=198.51.100.7 dst=10.1.0.100 sport=5000 dport=3478 src=10.1.0.11 dst=198.51.100.7 sport=3478 "
    "dport=5000 [ASSURED] mark=0 use=1\n"
)


def _watched(chance: random.Random) -> None:
    """Read what the service that leads datagrams reads: its file, HAProxy's answer, connections of the kernel."""
    ours = nftables_udp.DRIVER.render([test_nftables_udp.STUN]).text
    texts = {"file": ours, "health": _SERVERS, "known": _CONNECTIONS}
    wrong = chance.choice(sorted(texts))
    texts[wrong] = damaged(texts[wrong], chance)
    try:
        entries = _udp_ring.read_entries(texts["file"])
        _udp_ring.health(texts["health"])
    except (ValueError, IndexError) as error:  # as the service expects them
        raise DeviceError(str(error)) from error
    _udp_ring.table_text(entries, {}, is_closed=True)
    for entry in entries:
        _udp_ring.stale(texts["known"], entry, set()), _udp_ring.other_ports(texts["known"], entry)


def _lint(chance: random.Random) -> None:
    own = DRIVERS["haproxy"].render((service(),)).text
    _haproxy_lint.faults([(_OTHERS[0][0], damaged(_OTHERS[0][1], chance)), ("/own", damaged(own, chance))], "/own")


def _published(chance: random.Random) -> None:
    driver = chance.choice(sorted(publications.DRIVERS))
    host = publication_results.host_with(publication_results.ONE, publication_results.TWO, driver=driver)
    for path in publication_results.PATHS[driver].values():
        if path in host.files:
            host.files[path] = damaged(host.files[path], chance)
    state = chance.choice((State.MERGED, State.REPLACED, State.DELETED, State.GATHERED))
    wanted = () if state is State.GATHERED else (publication_results.ONE,)
    told(publication_results.published(host, wanted, state, driver=driver))


def _published_texts(chance: random.Random) -> None:
    driver = publications.DRIVERS[chance.choice(sorted(publications.DRIVERS))]
    texts = driver.render((publication_results.ONE, publication_results.BRIDGED))
    options = {"state": "parsed", "publications": [], "running_config": damaged(dict(texts), chance)}
    if isinstance(options["running_config"], dict):
        told(publications.offline(publications.Task.from_options(options), driver))


@functools.cache
def _vendors() -> Mapping[str, Vendor]:
    return contextlib.ExitStack().enter_context(converged_vendors())


def _appliance(name: str) -> Attempt:
    """Return the attempt of a run in check mode in which one answer of a converged appliance is damaged."""

    def attempt(chance: random.Random) -> None:
        which, calls = chance.randint(0, 3), itertools.count()

        def change(document: Any) -> Any:
            return damaged(document, chance) if next(calls) == which else document

        told(_vendors()[name].read(change).result())

    return attempt


def _forwarding(chance: random.Random) -> None:
    """Read damaged virtual servers of a BIG-IP for what it forwards."""
    virtuals = test_f5_forwarding.CASES[chance.choice(sorted(test_f5_forwarding.CASES))][0]
    found = damaged(virtuals, chance)  # the client sees to it that it is a list of objects
    listed = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    device: Any = test_f5_forwarding.Device(listed)
    forwarding(device, test_f5_forwarding.MEMBERS).document()


def _given(name: str) -> Attempt:
    """Return the attempt to parse a configuration that somebody gives."""
    driver: NetScaler | Kemp = NetScaler() if name == "netscaler" else Kemp()

    def texts() -> list[str]:
        listed: list[Any] = []

        def keep(document: Any) -> Any:
            listed.append(document)
            return document

        _vendors()[name].read(keep)
        rendered = [driver.render(golden()).text] if name == "netscaler" else []
        return [*map(json.dumps, listed), *rendered]

    def read(text: str) -> None:
        options = {"state": "parsed", "services": [], "running_config": text}
        told(parse_services(ServicesTask.from_options(options, driver, needs_connection=False), driver))

    return _each(texts, read)


def _declared(document: object) -> None:
    options: dict[str, Any] = {"state": "parsed", "services": [], "provider": {"host": "lb01"}, "tenant": "Lync"}
    options |= {"schema": None, "sync_group": "", "wait_seconds": 0, "poll_seconds": 0}
    options["running_config"] = document if isinstance(document, str) else json.dumps(document)
    told(parse_declaration(read_task(options), F5Options.from_options(options), None))


def _declarations() -> list[object]:
    document = F5As3("Lync").render(golden()[:4]).document
    return [document, json.dumps(document)]


# --- DNS -----------------------------------------------------------------------------------------------------------

_ZONE = 'www A 10.9.9.9\npool01 300 A 10.1.0.11\npool01 300 A 10.1.0.12\n_sip._tls SRV 0 0 443 sip\nt TXT "a" "b"\n'


def _dns(chance: random.Random) -> None:
    """Reconcile a zone whose server damages some of its answers on the wire."""
    lines = f"{_ZONE}{dns_results.mark('10.1.0.11', '10.1.0.12')}\n"
    server = MemoryServer({dns_results.ZONE: lines})

    which, calls = chance.randint(0, 8), itertools.count()
    if chance.random() < 0.4:
        text = damaged(str(server.lines(dns_results.ZONE)), chance)[:250]
        with contextlib.suppress(dns.exception.DNSException, ValueError):
            server.put(dns_results.ZONE, f"{dns_results.POOL}._msuc-lync.{dns_results.ZONE}", "TXT", json.dumps(text))

    def exchange(message: Any, *_where: object) -> Any:
        wire = server.answer(message.to_wire(max_size=65535))
        found = dns.message.from_wire(damaged(wire, chance) if next(calls) == which else wire)
        if not message.is_response(found):
            raise dns.query.BadResponse
        return found

    options: dict[str, Any] = {"step": None, "state": "replaced", "owners": [], "take_over": [], "gone": []}
    options |= {"timeout_seconds": 1.0, "wait_seconds": 0.0, "mark_key": dns_results.MARK_KEY}
    options |= {"servers": [dns_results.entry()], "records": [dns_results.record("10.1.0.11", "10.1.0.13")]}
    task = DnsTask.from_options(options)
    with (
        mock.patch.object(dns.query, "udp_with_fallback", lambda *sent: (exchange(*sent), False)),
        mock.patch.object(dns.query, "tcp", exchange),
    ):
        told(dns_results.answer(DnsProvider(task)))


def _zone_text(text: str) -> None:
    head = {"state": "parsed", "zone": dns_results.ZONE, "view": "internal", "path": None}
    told(parse_zone({**head, "running_config": text}))


def _probe_answer(chance: random.Random) -> None:
    """Read what a DNS server answered to a probe, and all other answers to probes."""
    message = dns.message.make_response(dns.message.from_wire(payload(probe_samples.DNS)))
    message.flags |= dns.flags.AA
    message.answer.append(dns.rrset.from_text("pool01.contoso.com.", 60, "IN", "A", "10.1.0.100"))
    dns_answer(probe_samples.DNS, damaged(message.to_wire(), chance))
    answers = [{"id": "0", "state": "open", "milliseconds": 3}]
    network: dict[str, Any] = {"interfaces": [{"name": "eth0", "addresses": ["10.2.0.21/24"]}], "routes": []}
    network |= {"lasting": None, "dns_servers": ["10.1.0.93"], "problem": ""}
    _probed(damaged({"answers": answers, "listeners": ["tcp 0.0.0.0 5061"], "network": network}, chance))


# --- plans, run states, accept.yml ---------------------------------------------------------------------------------


def _plan(chance: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = ROOT / "tests" / "golden" / "small"
        paths = sorted(path for path in source.rglob("*.json"))
        wrong = chance.choice(paths)
        for path in paths:
            place = Path(folder, path.relative_to(source))
            place.parent.mkdir(exist_ok=True)
            text = path.read_text(encoding="utf-8")
            if path == wrong:
                text = damaged(text, chance) if chance.random() < 0.3 else json.dumps(damaged(json.loads(text), chance))
            place.write_bytes(text.encode("utf-8", "surrogatepass"))
        plan_files.read_plan(Path(folder))


def _result(chance: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = RunState(folder)
        state.save({}, Waves())
        kept = state.save_result(
            TaskResult("fe01", Concern.FIREWALL, Step.OPEN, Status.CHANGED, document={"changes": []})
        )
        (path,) = Path(folder).rglob("firewall.open.*.json")
        text = path.read_text(encoding="utf-8")
        text = damaged(text, chance) if chance.random() < 0.3 else json.dumps(damaged(json.loads(text), chance))
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        found = state.expected(kept.device, kept.concern, kept.step)
        if found.status is Status.UNKNOWN:
            raise DeviceError(found.message)


def _accept(chance: random.Random) -> None:
    document = damaged(test_acceptance.made(test_acceptance.VANISHED), chance)
    # As the file is read: by YAML, which gives times, dates and whatever else it takes a text for.
    document = yaml.safe_load(yaml.safe_dump(document)) if chance.random() < 0.5 else document
    if isinstance(document, dict):
        problems = list(check_acceptances(document, test_acceptance.DIGEST, test_acceptance.NOW))
        if problems:
            raise InvalidInputError(problems)
        found = read_acceptances(document)
        found.gone("fe01"), found.pools("fe01"), found.cuts("fe01", "f1")


_BY_NAME = {"t.tbxml": everything(7).builder_text(), "t.xml": everything().published_text()}


def _exchanged(text: str, chance: random.Random) -> str:
    """Return a document in which a few attributes have the values of others, so that it is still XML."""
    for _time in range(chance.randint(1, 4)):
        values = [match.span(1) for match in re.finditer(r'="([^"]*)"', text)]
        (start, end), (first, last) = chance.choice(values), chance.choice(values)
        text = text[:start] + text[first:last] + text[end:]
    return text


def _topology(chance: random.Random) -> None:
    """Import a damaged document of either dialect, in any encoding, or in a zip."""
    name = chance.choice(list(_BY_NAME))
    damage = chance.choice((damaged, _exchanged, _exchanged))
    text = damage(_BY_NAME[name], chance)
    content = text.encode(chance.choice(("utf-8", "utf-8", "utf-16", "utf-16-le")), "surrogatepass")
    if chance.random() < 0.2:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("DocItemSet.xml", content)
        content = file.getvalue()
    if chance.random() < 0.2:
        place = chance.randrange(len(content))
        content = content[:place] + chance.randbytes(chance.randrange(8)) + content[place + chance.randrange(64) :]
    found = imported(read_topology_bytes(content, name))
    texts_of_import(found, name, digest_of(content)), questions_text(found, name)
    compared(sketch_topology(inventory_hosts(found)), {}, read_topology_bytes(content, name))


def _answers(chance: random.Random) -> None:
    """Read damaged answers to the questions of an import."""
    found = imported(read_topology_bytes(_BY_NAME["t.xml"].encode(), "t.xml"))
    text = questions_text(found, "t.xml")
    if chance.random() < 0.6:  # some are answered
        values = ["10.1.0.11", "[10.1.0.0/16]", "2026-13-45", "true", "!!python/object:os.system x", "{a: 1}", "0o9"]
        text = re.sub(r"(?m)^( +[\w.-]+:) *(#.*)?$", lambda match: f"{match[1]} {chance.choice(values)}", text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "answers.yml")
        path.write_bytes(damaged(text, chance).encode("utf-8", "surrogatepass"))
        with_answers(found, read_answers(path, found))


ATTEMPTS: Mapping[str, Attempt] = {
    "Windows: firewall": _windows(test_host.Firewall),
    "Windows: IPsec": _windows(test_host.Ipsec),
    "Windows: rules of the registry": _stored,
    "Windows: evidence of builds": _each(
        lambda: [json.dumps(one) for one in (test_reading.EQUAL, test_reading.DIFFERENT)], _evidence
    ),
    "Windows: legacy IPsec store": _legacy,
    "Windows: rule strings": _each(_rule_texts, _parsed_by(test_host.Firewall)),
    "Windows: exemption strings": _each(_exemption_texts, _parsed_by(test_host.Ipsec)),
    "Windows: exports of the registry, printed queries, JSON": _each(
        lambda: [*test_dumps.TEXTS.values()], _audit("reg")
    ),
    "Windows: hives": _hive,
    "Linux: nftables": _nftables,
    "Linux: texts of nftables": _each(
        _nft_texts, lambda text: told(parse_nft({"state": "parsed", "running_config": text}))
    ),
    "Linux: who listens": _listeners,
    "Linux: networks": _network,
    "HAProxy: files and process": _program(haproxy.DRIVER, HaproxyProvider, _OTHERS, "tcp"),
    "HAProxy: whole configurations": _lint,
    "nginx: files": _nginx,
    "UDP: file and service": _program(nftables_udp.DRIVER, udp_provider, _OTHERS, "udp", UdpHost),
    "UDP: tables of others": _tables_beside,
    "UDP: what the service reads": _watched,
    "publications: files": _published,
    "publications: texts": _published_texts,
    "F5: answers and traces": _appliance("f5"),
    "F5: what it forwards": _forwarding,
    "F5: declarations": _each(_declarations, _declared),
    "NetScaler: NITRO": _appliance("netscaler"),
    "NetScaler: configurations": _given("netscaler"),
    "LoadMaster: answers": _appliance("kemp"),
    "LoadMaster: configurations": _given("kemp"),
    "DNS: answers": _dns,
    "DNS: zones": _each(lambda: [_ZONE, f"$ORIGIN contoso.com.\n$TTL 1h\n{_ZONE}"], _zone_text),
    "probes: answers": _probe_answer,
    "plans": _plan,
    "results of a run": _result,
    "accept.yml": _accept,
    "topologies": _topology,
    "topologies: answers": _answers,
}
