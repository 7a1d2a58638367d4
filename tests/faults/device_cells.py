# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rows of devices: each fault of each answer, and what a run does then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import DnsProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.reconcile import IpsecProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.reconcile import NftablesProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import WindowsFirewallProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.restore import RestoreProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.provider import F5Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.provider import HaproxyProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.provider import KempProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.provider import NetScalerProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables.provider import NftablesUdpProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.provider import NginxProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import PublicationsProvider

from tests.simulators import ipsec_store
from tests.unit.dns import results as dns
from tests.unit.dns.memory_server import MemoryServer
from tests.unit.firewall.ipsec.test_reconcile import ISOLATION
from tests.unit.firewall.nftables.test_foreign import DROP, LIMIT, table
from tests.unit.load_balancers.test_haproxy_provider import _HEAD

from . import devices
from .devices import answers, documents, gone, half, on_the_wire, runs_over, texts
from .model import Cell, Expect, Fault, NotApplicable, Put, Source

ABSENT, EMPTY, UNREADABLE, CUT_OFF = Fault.ABSENT, Fault.EMPTY, Fault.UNREADABLE, Fault.CUT_OFF
FOREIGN, HOSTILE, VERSION, PENDING = Fault.MALFORMED_FOREIGN, Fault.HOSTILE, Fault.OTHER_VERSION, Fault.PENDING
REFUSED, UNKNOWN, DIFFERS, HARMLESS = Expect.REFUSED, Expect.UNKNOWN, Expect.DIFFERS, Expect.HARMLESS
NASTY = "x\x1b[2J\x1b]0;owned\x07\u202e" + "A" * 100_000
NO_TEXT = "\udcf6 Müller"

# Windows rules.


def _policy(store: str, text: str) -> Put:
    """Give Group Policy or MDM one rule."""
    return lambda device: device.store.change(**{store: {"rules": {"{1}": text}, "profiles": {}}})


def _their_rule(**properties: object) -> Put:
    """Give the rule of somebody else other properties, on its way."""

    def changed(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**rule, **properties} if rule["Name"] == "Theirs" else rule for rule in rules]

    return documents("rules", changed)


def _without_ours(device: devices.WindowsDevice) -> None:
    device.store.change(rules=[rule for rule in device.store.document["rules"] if rule["Name"] == "Theirs"])


PENDING_REVERT: Put = documents("pending_revert", lambda _value: {"seconds": 90, "problem": ""})
OLD_POLICY = "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=1|Name=P|"
WINDOWS_RULES = Source(
    "Windows rules: rules of COM",
    runs_over(devices.WindowsDevice),
    {
        ABSENT: Cell(documents("rules", gone), REFUSED),
        EMPTY: Cell(
            _without_ours, DIFFERS, "a host may have no rule: what is wanted is missing"
        ),
        UNREADABLE: Cell(
            documents("rules", lambda rules: [{**rule, "Direction": "x"} for rule in rules]), REFUSED
        ),
        CUT_OFF: Cell(
            documents("rules", lambda rules: [{"Name": rule["Name"]} for rule in rules]), REFUSED
        ),
        FOREIGN: Cell(
            _their_rule(Interfaces=["LAN"], ApplicationName="?:\\\\<>"),
            HARMLESS,
            "a program of somebody else may be any text",
        ),
        HOSTILE: Cell(
            _their_rule(Description=NASTY), HARMLESS, "texts of somebody else are escaped where they are shown"
        ),
        VERSION: Cell(documents("counters", gone), REFUSED, "the module of another version lacks what this one needs"),
        PENDING: Cell(PENDING_REVERT, REFUSED),
    },
    WindowsFirewallProvider,
)


def _policy_source(store: str, name: str) -> Source:
    """Return the source of a store of rules that is read and never written."""
    return Source(
        f"Windows rules: {name}",
        runs_over(devices.WindowsDevice),
        {
            ABSENT: Cell(documents(store, gone), REFUSED),
            EMPTY: Cell(
                lambda device: device.store.change(**{store: {"rules": {}, "profiles": {}}}),
                HARMLESS,
                f"most hosts have no rule of {name}",
            ),
            UNREADABLE: Cell(_policy(store, "v2.10|Action=Block|Dir=In|Protocol=x|Name=P|"), REFUSED),
            CUT_OFF: Cell(_policy(store, "v2.10|Action=Block|Active=TRUE|Dir=In|Prot"), REFUSED),
            FOREIGN: Cell(_policy(store, "no rule at all"), REFUSED),
            HOSTILE: Cell(
                _policy(store, OLD_POLICY.replace("Name=P", f"Name={NASTY.replace('|', '')}")),
                HARMLESS,
                "texts of somebody else are escaped where they are shown",
            ),
            VERSION: Cell(_policy(store, "v9.99|Action=Block|Active=TRUE|Dir=In|Quantum=1|Name=P|"), REFUSED),
            PENDING: NotApplicable(f"{name} is read and never written, so nothing of it is taken back."),
        },
        WindowsFirewallProvider,
    )


GROUP_POLICY = _policy_source("group_policy", "Group Policy")
MDM = _policy_source("mdm", "MDM")

PRODUCTS = Source(
    "Windows: whose firewall it is",
    runs_over(devices.WindowsDevice),
    {
        ABSENT: Cell(documents("products", gone), REFUSED),
        EMPTY: Cell(documents("products", lambda _value: []), HARMLESS, "on most hosts it is Windows' own"),
        UNREADABLE: Cell(documents("products", lambda _value: [{"name": 1, "categories": "x"}]), REFUSED),
        CUT_OFF: Cell(documents("products", lambda _value: [{"name": "Theirs"}]), REFUSED),
        FOREIGN: Cell(documents("products", lambda _value: [{"name": "Theirs", "categories": [2]}]), REFUSED),
        HOSTILE: Cell(documents("products", lambda _value: [{"name": NASTY, "categories": [2]}]), REFUSED),
        VERSION: Cell(documents("products", lambda _value: [{"name": "Theirs", "categories": [0, 1, 3, 9]}]), HARMLESS,
                      "what it owns are not the rules of the firewall"),
        PENDING: NotApplicable("Who owns the firewall is read and never written, so nothing of it is taken back."),
    },
    WindowsFirewallProvider,
)

THEIR_RULE, OUR_RULE = "Protocol=6|LPort=1|Name=P|EmbedCtxt=Theirs|", "Protocol=6|LPort=1|Name=P|EmbedCtxt=msuc.lync|"
SNAPSHOT = Source(
    "Windows rollback: the snapshot",
    runs_over(devices.SnapshotDevice),
    {
        ABSENT: Cell(lambda device: device.store.change(files={}), REFUSED),
        EMPTY: Cell(lambda device: device.store.change(files={devices.SNAPSHOT: ""}), REFUSED),
        UNREADABLE: Cell(documents("content", lambda _content: "?"), REFUSED),
        CUT_OFF: Cell(documents("content", lambda content: content[:6000]), REFUSED),
        FOREIGN: Cell(
            lambda device: device.hand_out(f"v2.10|Action=None|Active=TRUE|Dir=In|{THEIR_RULE}"),
            HARMLESS,
            "a rule of somebody else does not come back, and is named in a warning",
        ),
        HOSTILE: Cell(
            lambda device: device.hand_out(f"v2.10|Action=Allow|Active=TRUE|Dir=In|Name={NASTY}|EmbedCtxt=Theirs|"),
            HARMLESS,
            "texts of somebody else are escaped where they are shown",
        ),
        VERSION: Cell(
            lambda device: device.hand_out(f"v9.99|Action=Allow|Active=TRUE|Dir=In|{OUR_RULE}"), REFUSED
        ),
        PENDING: Cell(PENDING_REVERT, REFUSED),
    },
    RestoreProvider,
)

AGENTS = Source(
    "Windows: what else filters",
    runs_over(devices.WindowsDevice),
    {
        ABSENT: Cell(documents("services", gone), REFUSED),
        EMPTY: Cell(documents("services", lambda _value: []), HARMLESS, "a host without an agent is what most are"),
        UNREADABLE: Cell(documents("services", lambda _value: "MpsSvc"), REFUSED),
        CUT_OFF: Cell(documents("services", lambda _value: [None]), REFUSED),
        FOREIGN: Cell(documents("services", lambda value: [*value, "CSFalconService"]), HARMLESS,
                      "the product is named in a warning; what it filters is not known"),
        HOSTILE: Cell(documents("services", lambda _value: [NASTY]), HARMLESS, "no name of the table"),
        VERSION: NotApplicable("The names of services have no version."),
        PENDING: NotApplicable("Services are read and never written, so nothing of them is taken back."),
    },
    WindowsFirewallProvider,
)

BUILD = Source(
    "Windows: its build",
    runs_over(devices.WindowsDevice),
    {
        ABSENT: Cell(documents("build", gone), REFUSED),
        EMPTY: Cell(documents("build", lambda _value: ""), REFUSED),
        UNREADABLE: Cell(documents("build", lambda _value: 20348), REFUSED),
        CUT_OFF: Cell(documents("build", lambda _value: "20348."), REFUSED),
        FOREIGN: Cell(documents("build", lambda _value: "Windows 11"), REFUSED),
        HOSTILE: Cell(documents("build", lambda _value: NASTY), REFUSED),
        VERSION: Cell(documents("build", lambda _value: "99999.1"), HARMLESS, "it is named as one that is not proven"),
        PENDING: NotApplicable("The build is read and never written, so nothing of it is taken back."),
    },
    WindowsFirewallProvider,
)

# IPsec.


def _ipsec(key: str, text: str) -> Put:
    """Add a connection security rule to the host; or with an empty key, in place of ours."""

    def put(device: devices.IpsecDevice) -> None:
        shown = ipsec_store.shown(device.store)
        own = {name: rule for name, rule in shown.items() if key or "msuc.lync" not in rule}
        ipsec_store.change(device.store, rules={**own, key or "{bad}": text})

    return put


UNKNOWN_RULE = "v9.99|Action=SecureEverything|Active=TRUE|"
EXEMPTION = "v2.26|Action=DoNotSecure|Active=TRUE|Protocol=17|EP1_4=10.1.0.11|Name=X|EmbedCtxt=msuc.lync|"
IPSEC = Source(
    "IPsec: connection security rules",
    runs_over(devices.IpsecDevice),
    {
        ABSENT: Cell(documents("rules", gone), REFUSED),
        EMPTY: Cell(
            lambda device: ipsec_store.change(device.store, rules=ipsec_store.exempted(ISOLATION)),
            DIFFERS,
            "a host may have no exemption: the wanted one is missing",
        ),
        UNREADABLE: Cell(_ipsec("", EXEMPTION.replace("17", "x")), REFUSED),
        CUT_OFF: Cell(_ipsec("{2}", "v2.26|Action=SecureServer|Active=TRUE|Auth1S"), REFUSED),
        FOREIGN: Cell(
            _ipsec("{2}", "v2.26|Action=DoNotSecure|Active=TRUE|Protocol=x|Name=Theirs|"),
            HARMLESS,
            "an exemption of somebody else protects nothing, whatever it is of",
        ),
        HOSTILE: Cell(
            _ipsec("{2}", f"v2.26|Action=DoNotSecure|Active=TRUE|Name={NASTY}|"),
            HARMLESS,
            "texts of somebody else are escaped where they are shown",
        ),
        VERSION: Cell(
            _ipsec("{2}", f"{UNKNOWN_RULE}Name=Theirs|"), HARMLESS,
            "it may require protection, as another rule does already",
        ),
        PENDING: Cell(PENDING_REVERT, REFUSED),
    },
    IpsecProvider,
)
MAY_REQUIRE = "a rule that nobody understands may require protection, so that the exemptions are needed"
IPSEC_NEED = Source(
    "IPsec: whether exemptions are needed",
    runs_over(devices.IpsecUnasked),
    {
        ABSENT: Cell(documents("group_policy", gone), REFUSED),
        EMPTY: Cell(_ipsec("{2}", ""), DIFFERS, MAY_REQUIRE),
        UNREADABLE: Cell(_ipsec("{2}", "v2.26|Action=SecureServer|Active=TRUE|Protocol=x|Name=T|"), DIFFERS,
                         MAY_REQUIRE),
        CUT_OFF: Cell(_ipsec("{2}", "v2.26|Action=SecureServer|Active=TRUE|Auth1S"), REFUSED),
        FOREIGN: Cell(_ipsec("{2}", "v2.26|Action=DoNotSecure|Active=TRUE|Protocol=x|Name=T|"), HARMLESS,
                      "an exemption of somebody else protects nothing, whatever it is of"),
        HOSTILE: Cell(_ipsec("{2}", f"v2.26|Action=Secure|{NASTY}"), REFUSED),
        VERSION: Cell(_ipsec("{2}", f"{UNKNOWN_RULE}Name=Theirs|"), DIFFERS, MAY_REQUIRE),
        PENDING: Cell(PENDING_REVERT, REFUSED),
    },
    IpsecProvider,
)  # fmt: skip

# nftables.


def _others(*tables: Any) -> Put:
    return lambda device: setattr(device.host, "others", list(tables))


THEIR_TABLE = {"family": "inet", "name": "x", "dormant": False}
NFTABLES = Source(
    "nftables: our table",
    runs_over(devices.NftablesDevice),
    {
        ABSENT: Cell(documents("listing", gone), REFUSED),
        EMPTY: Cell(
            lambda device: setattr(device.host, "table", None), DIFFERS, "a host may have no table: it is missing"
        ),
        UNREADABLE: Cell(documents("listing", lambda _text: "?"), REFUSED),
        CUT_OFF: Cell(documents("listing", half), REFUSED),
        FOREIGN: NotApplicable("The whole table is ours; what somebody put into it is drift, which goes."),
        HOSTILE: Cell(documents("listing", lambda _text: "[" * 100_000), REFUSED),
        VERSION: Cell(
            documents("listing", lambda text: text.replace('"match"', '"match_v2"')), DIFFERS,
            "a line that this version does not know is none of the planned ones",
        ),
        PENDING: Cell(PENDING_REVERT, REFUSED),
    },
    NftablesProvider,
)
OPENINGS = "our rules are brought, and whether they count is not known: the host is not done"
NFTABLES_OTHERS = Source(
    "nftables: other tables",
    runs_over(devices.NftablesDevice),
    {
        ABSENT: Cell(documents("others", gone), REFUSED),
        EMPTY: Cell(_others(), HARMLESS, "most hosts have no other table"),
        UNREADABLE: Cell(_others({**THEIR_TABLE, "listing": "?"}), UNKNOWN, OPENINGS),
        CUT_OFF: Cell(_others({**THEIR_TABLE, "listing": half(str(table([DROP])["listing"]))}), UNKNOWN, OPENINGS),
        FOREIGN: Cell(_others(table([{"xt": None}, DROP])), UNKNOWN, OPENINGS),
        HOSTILE: Cell(_others({**THEIR_TABLE, "listing": "[" * 100_000}), UNKNOWN, OPENINGS),
        VERSION: Cell(_others(table([LIMIT, {"drop_v2": None}, DROP])), UNKNOWN, OPENINGS),
        PENDING: NotApplicable("Tables of somebody else are read and never written."),
    },
    NftablesProvider,
)


def _content(change: Any) -> Put:
    return lambda device: setattr(device.host, "content", change(device.host.content))


WRITTEN_ANEW = "the file is ours as a whole and is made of the table, so that it is written anew"
NFTABLES_FILE = Source(
    "nftables: our file",
    runs_over(devices.NftablesDevice),
    {
        ABSENT: Cell(_content(gone), DIFFERS, WRITTEN_ANEW),
        EMPTY: Cell(_content(lambda _text: ""), DIFFERS, WRITTEN_ANEW),
        UNREADABLE: Cell(_content(lambda _text: NO_TEXT), DIFFERS, WRITTEN_ANEW),
        CUT_OFF: Cell(_content(half), DIFFERS, WRITTEN_ANEW),
        FOREIGN: Cell(_content(lambda text: f"{text}\nadd rule inet x y drop\n"), DIFFERS, WRITTEN_ANEW),
        HOSTILE: Cell(_content(lambda text: text + NASTY), DIFFERS, WRITTEN_ANEW),
        VERSION: Cell(_content(lambda text: text.replace("tcp dport", "tcp dport_v2")), DIFFERS, WRITTEN_ANEW),
        PENDING: Cell(documents("pending_revert", gone), REFUSED),
    },
    NftablesProvider,
)

# Programs whose configuration is files.

OWN = {
    "haproxy": "\nfrontend stats\n    bind 127.0.0.1:8404\n    mode http\n",
    "nginx": "stream {\n    server { listen 127.0.0.1:8405; return ok; }\n}\n",
    "udp": "\nserve theirs\n    listen 127.0.0.1 8405\n",
}
ANEW = "a run for everything writes the file anew, and says that what else it had is gone; a check cannot tell"
MISSING = "without the file the program has nothing of ours: it is missing"


def _of_another_version(text: str) -> str:
    for word in ("mode tcp", "proxy_timeout", "asked-as"):
        text = text.replace(word, f"{word}2")
    return text


def _file_cells(anew: Expect, why: str, own: str, missing: Expect = DIFFERS) -> Mapping[Fault, Cell | NotApplicable]:
    """Return what faults of our file do; anew: to a run that may write it anew."""
    return {
        ABSENT: Cell(lambda device: device.host.files.clear(), missing, MISSING),
        EMPTY: Cell(texts(lambda _text: ""), anew, why),
        UNREADABLE: Cell(texts(lambda _text: "\x00\xff\xfe\x7f"), anew, why),
        CUT_OFF: Cell(texts(half), anew, why),
        FOREIGN: Cell(texts(lambda text: text + OWN[own]), anew, why),
        HOSTILE: Cell(texts(lambda text: text + NASTY), anew, why),
        VERSION: Cell(texts(_of_another_version), anew, why),
        PENDING: NotApplicable(
            "The host itself puts the old file back in the same call when the program does not take the new one."
        ),
    }  # fmt: skip


def _without(name: str) -> Put:
    return documents(name, gone)


def _their_file(text: str) -> Put:
    return lambda device: setattr(device.host, "others", [(device.other, device.theirs + text)])


OTHER_ADDRESS = "it is on no address of ours, and the program itself judges the whole configuration before a write"


def _other_files(text: str, strange: Cell) -> Mapping[Fault, Cell | NotApplicable]:
    return {
        ABSENT: Cell(documents("files", gone), REFUSED),
        EMPTY: Cell(
            lambda device: setattr(device.host, "others", []), HARMLESS, "a program may have no file but ours"
        ),
        UNREADABLE: Cell(_their_file(f"# {NO_TEXT}\n{text}"), HARMLESS, OTHER_ADDRESS),
        CUT_OFF: Cell(_their_file(half(text)), HARMLESS, OTHER_ADDRESS),
        FOREIGN: strange,
        HOSTILE: Cell(_their_file(f"# {NASTY}\n{text}" + "\n#" * 100_000), HARMLESS, OTHER_ADDRESS),
        VERSION: Cell(_their_file(f"{text}    a-new-word 1\n"), HARMLESS, OTHER_ADDRESS),
        PENDING: NotApplicable("Files of somebody else are read and never written."),
    }


def _servers(change: Any) -> Put:
    return documents("servers", change)


# A port that is no number may be a variable, and so any port.
_ANY_PORT = Cell(_their_file("frontend\n  bind\n bind :x\nfrontend web\n    bind 10.9.0.1:80\n"), REFUSED)
HAPROXY_FILES = (
    Source("HAProxy: our file", runs_over(devices.HaproxyDevice), _file_cells(DIFFERS, ANEW, "haproxy"),
           HaproxyProvider),
    Source("HAProxy: our file, of which something stays", runs_over(devices.HaproxyKeeping),
           _file_cells(REFUSED, "", "haproxy"), HaproxyProvider),
    Source("HAProxy: other files", runs_over(devices.HaproxyDevice),
           _other_files("frontend web\n    bind 10.9.0.1:80\n", _ANY_PORT), HaproxyProvider),
    Source(
        "HAProxy: running process",
        runs_over(devices.HaproxyDevice),
        {
            ABSENT: Cell(_servers(gone), REFUSED),
            EMPTY: Cell(_servers(lambda _text: ""), REFUSED),
            UNREADABLE: Cell(_servers(lambda text: text.replace(" 2 0 ", " x y ")), REFUSED),
            CUT_OFF: Cell(_servers(half), DIFFERS, "servers that the process does not tell are brought again"),
            FOREIGN: Cell(_servers(lambda text: f"{text}7 theirs 1 a 10.9.0.1 x y z 1\n"), HARMLESS,
                          "a backend of somebody else tells nothing of ours"),
            HOSTILE: Cell(_servers(lambda text: text + "7 " + NASTY.replace(" ", "") + " 1\n"), HARMLESS,
                          "a backend of somebody else tells nothing of ours"),
            VERSION: Cell(_servers(lambda text: "9" + text[1:]), REFUSED),
            PENDING: Cell(_servers(lambda _text: _HEAD), DIFFERS,
                          "the file was written and the process has not read it: it is brought again"),
        },
        HaproxyProvider,
    ),
)  # fmt: skip
NGINX_FILES = (
    Source("nginx, earlier: our file", runs_over(devices.NginxDevice), _file_cells(DIFFERS, ANEW, "nginx"),
           NginxProvider),
    Source("nginx, earlier: our file, of which something stays", runs_over(devices.NginxKeeping),
           _file_cells(REFUSED, "", "nginx"), NginxProvider),
)  # fmt: skip
UDP_FILES = (
    Source("msuc-lync-udp: our file", runs_over(devices.UdpDevice), _file_cells(DIFFERS, ANEW, "udp"),
           NftablesUdpProvider),
    Source("msuc-lync-udp: our file, of which something stays", runs_over(devices.UdpKeeping),
           _file_cells(REFUSED, "", "udp"), NftablesUdpProvider),
)  # fmt: skip
PUBLICATIONS = (
    Source("publications: our files", runs_over(devices.PublicationsDevice), _file_cells(DIFFERS, ANEW, "haproxy"),
           PublicationsProvider),
    Source("publications: our files, of which something stays", runs_over(devices.PublicationsKeeping),
           _file_cells(REFUSED, "", "haproxy"), PublicationsProvider),
    Source("publications: other files", runs_over(devices.PublicationsDevice),
           _other_files("frontend web\n    bind 10.9.0.1:80\n", _ANY_PORT), PublicationsProvider),
)  # fmt: skip

# Appliances.


def _traces(change: Any) -> Put:
    return documents("traces", change)


def _listed(change: Any) -> Put:
    return documents("items", lambda items: [change(one) for one in items])


def _quirk(**values: object) -> Put:
    return lambda device: vars(device.box.quirks).update(values)


def _never_done(device: devices.F5Device) -> None:
    """Let AS3 still work on what an earlier run declared, which it tells by being busy."""
    device.box.quirks.busy_answers = 1000


F5 = Source(
    "F5: dry run",
    runs_over(devices.F5Device),
    {
        ABSENT: Cell(_traces(gone), REFUSED),
        EMPTY: Cell(_traces(lambda _traces: {}), REFUSED),
        UNREADABLE: Cell(_traces(lambda traces: {**traces, "LyncCurrent": "?"}), REFUSED),
        CUT_OFF: Cell(on_the_wire(half), REFUSED),
        FOREIGN: Cell(
            _traces(lambda traces: {**traces, "OtherCurrent": "?"}), HARMLESS, "traces of another tenant are not read"
        ),
        HOSTILE: Cell(_traces(lambda traces: {**traces, "LyncCurrent": [[NASTY]]}), REFUSED),
        VERSION: Cell(_quirk(version="3.20.0"), REFUSED),
        PENDING: Cell(_never_done, REFUSED),
    },
    F5Provider,
)
NO_NEW_PLACE = "others are read where an address or port is new; what is there has been shown to be ours"
F5_OTHERS = Source(
    "F5: virtual servers of others, for a new address",
    runs_over(devices.F5NewDevice),
    {
        ABSENT: Cell(documents("kind", lambda _kind: None), HARMLESS, "an answer with its list needs no name"),
        EMPTY: Cell(documents("items", lambda _items: []), REFUSED),
        UNREADABLE: Cell(documents("items", lambda _items: "?"), REFUSED),
        CUT_OFF: Cell(on_the_wire(half), REFUSED),
        FOREIGN: Cell(answers(devices.with_theirs("/Common/10.1.0.100:?")), REFUSED),
        HOSTILE: Cell(answers(devices.with_theirs("/Common/" + NASTY)), REFUSED),
        VERSION: Cell(answers(devices.with_theirs(None)), REFUSED),
        PENDING: NotApplicable("Virtual servers of somebody else are read and never written."),
    },
    F5Provider,
)


def _configuration(change: Any) -> Put:
    def changed(found: Any) -> Any:
        return {**found, "response": change(found["response"])}

    return documents("nsrunningconfig", changed)


def _unsaved(device: devices.NetScalerDevice) -> None:
    """Take the save away, as when the controller was killed between the write and the save."""
    device.box.appliance.saved, device.box.appliance.saved_lines = {}, ""
    device.box.appliance.unsaved = True


NETSCALER = Source(
    "NetScaler: running configuration",
    runs_over(devices.NetScalerDevice),
    {
        ABSENT: Cell(documents("nsrunningconfig", gone), REFUSED),
        EMPTY: Cell(_configuration(lambda _text: ""), REFUSED),
        UNREADABLE: Cell(documents("nsrunningconfig", lambda _found: {"response": 7}), REFUSED),
        CUT_OFF: Cell(on_the_wire(half), REFUSED),
        FOREIGN: Cell(
            _configuration(lambda text: f'{text}\nadd lb vserver "theirs2 TCP\nset x -y\n'), HARMLESS,
            "half a line of somebody else is told, and the appliance refuses an address and port that are taken",
        ),
        HOSTILE: Cell(
            _configuration(lambda text: f"{text}\n# {NASTY}\n"), HARMLESS, "a comment means nothing"
        ),
        VERSION: Cell(
            _configuration(lambda text: text.replace("SOURCEIP", "SOURCEIPV9")), DIFFERS,
            "a value that this version does not know is not the planned one",
        ),
        PENDING: Cell(
            _unsaved, DIFFERS, "what is not saved is gone after a restart, so it is saved",
        ),
    },
    NetScalerProvider,
)


def _without_savedconfig(device: devices.NetScalerDevice) -> None:
    """Let neither answer be there, as in a version that has none of them."""
    asked = {"nsconfig", "nssavedconfig"}
    device.change = lambda found: {} if isinstance(found, dict) and asked & found.keys() else found


def _of_saved(change: Any) -> Put:
    """Return the fault of the saved configuration, where the appliance says that something is not saved."""

    def put(device: devices.NetScalerDevice) -> None:
        device.box.appliance.unsaved = True
        documents("nssavedconfig", lambda found: [{"textblob": change(found[0]["textblob"])}])(device)

    return put


NETSCALER_SAVED = Source(
    "NetScaler: what is saved",
    runs_over(devices.NetScalerDevice),
    {
        ABSENT: Cell(documents("nsconfig", gone), HARMLESS, "then the saved configuration itself is read"),
        EMPTY: Cell(_of_saved(lambda _text: ""), DIFFERS, "an appliance that never saved brings nothing back"),
        UNREADABLE: Cell(documents("nsconfig", lambda _found: {"configchanged": "?"}), HARMLESS,
                         "then the saved configuration itself is read"),
        CUT_OFF: Cell(_of_saved(half), DIFFERS, "what is not there is not saved as far as anybody knows"),
        FOREIGN: Cell(_of_saved(lambda text: f'{text}add lb vserver "x\n'), HARMLESS,
                      "what somebody else saved is theirs"),
        HOSTILE: Cell(_of_saved(lambda text: f"{text}# {NASTY}\n"), HARMLESS, "a comment means nothing"),
        VERSION: Cell(_without_savedconfig, DIFFERS, "without either answer nobody knows what a restart brings back"),
        PENDING: NotApplicable("Saving is one request, which has happened when it is answered."),
    },
    NetScalerProvider,
)  # fmt: skip


def _virtuals(change: Any, address: str = "10.1.0.100") -> Put:
    return documents("VS", lambda listed: [change(one) if one["VSAddress"] == address else one for one in listed])


def _no_virtuals(device: devices.KempDevice) -> None:
    device.box.items[:] = [one for one in device.box.items if one["NickName"] == "web"]


KEMP = Source(
    "Kemp: list of Virtual Services",
    runs_over(devices.KempDevice),
    {
        ABSENT: Cell(documents("VS", gone), REFUSED),
        EMPTY: Cell(
            _no_virtuals, DIFFERS, "a LoadMaster may have no service: ours is missing"
        ),
        UNREADABLE: Cell(_virtuals(lambda one: {**one, "VSPort": "x"}), REFUSED),
        CUT_OFF: Cell(on_the_wire(half), REFUSED),
        FOREIGN: Cell(
            _virtuals(lambda one: {**one, "VSPort": "x"}, "10.9.0.1"), HARMLESS,
            "a service of somebody else stops only the pools on its address",
        ),
        HOSTILE: Cell(
            _virtuals(lambda one: {**one, "ExtraPorts": "11-999999990444", "Comment": NASTY}, "10.9.0.1"), HARMLESS,
            "a service of somebody else stops only the pools on its address",
        ),
        VERSION: Cell(_virtuals(lambda one: {**one, "Rs": {}}), REFUSED),
        PENDING: NotApplicable("A LoadMaster takes each command at once and keeps it; nothing waits to be taken back."),
    },
    KempProvider,
)

# DNS.


def _zone(lines: str) -> Put:
    return lambda device: device.servers.update({dns.FIRST: MemoryServer({dns.ZONE: lines})})


def _served(**more: Any) -> Put:
    return lambda device: device.servers.update({dns.FIRST: MemoryServer({dns.ZONE: device.lines}, **more)})


MARK = dns.mark(dns.OLD, dns.NEW)
THEIRS = "www A 10.9.9.9\n"
SETS = f"pool01 300 A {dns.OLD}\npool01 300 A {dns.NEW}\n"
DNS_SETS = Source(
    "DNS: record sets",
    runs_over(devices.DnsDevice),
    {
        ABSENT: Cell(_served(refuses="query"), REFUSED),
        EMPTY: Cell(_zone(THEIRS), DIFFERS, "a zone may lack the name: it is missing"),
        UNREADABLE: Cell(on_the_wire(lambda _wire: b"?" * 40), REFUSED),
        CUT_OFF: Cell(on_the_wire(lambda wire: wire[: len(wire) - 4]), REFUSED),
        FOREIGN: Cell(_zone(f"{SETS}{MARK}\n{THEIRS}www TXT \"{'?' * 200}\"\n"), HARMLESS,
                      "names that nobody wants are not asked for"),
        HOSTILE: Cell(_zone(f'{SETS}{MARK}\n{THEIRS}pool01 TXT "\\027[2J"\n'), HARMLESS,
                      "types that nobody wants are not asked for"),
        VERSION: Cell(_zone(f"{SETS}pool01 HTTPS 1 . alpn=h2\n{MARK}\n{THEIRS}"), HARMLESS,
                      "types that nobody wants are not asked for"),
        PENDING: NotApplicable("A server that takes an update has it in force when it answers."),
    },
    DnsProvider,
)  # fmt: skip
UNPROVEN = "values are as planned; without a proof a set gets its mark, and nothing of it is removed"
_POOL_MARK = f"{dns.POOL}._msuc-lync 300 TXT"
DNS_MARKS = Source(
    "DNS: marks",
    runs_over(devices.DnsDevice),
    {
        ABSENT: Cell(_zone(SETS + THEIRS), DIFFERS, UNPROVEN),
        EMPTY: Cell(_zone(f'{SETS}{THEIRS}{_POOL_MARK} ""\n'), DIFFERS, UNPROVEN),
        UNREADABLE: Cell(_zone(f'{SETS}{THEIRS}{_POOL_MARK} "\\255\\254"\n'), DIFFERS, UNPROVEN),
        CUT_OFF: Cell(_zone(SETS + THEIRS + MARK[:-8] + '"\n'), DIFFERS, UNPROVEN),
        FOREIGN: Cell(
            _zone(f'{SETS}{MARK}\n{THEIRS}{_POOL_MARK} "www A"\n'), HARMLESS,
            "a mark of somebody else proves nothing and removes nothing",
        ),
        HOSTILE: Cell(
            _zone(f'{SETS}{MARK}\n{THEIRS}{_POOL_MARK} "{"x" * 255}"\n'), HARMLESS,
            "a text that is no mark means nothing",
        ),
        VERSION: Cell(_zone(f'{SETS}{THEIRS}{_POOL_MARK} "pool01 A"\n'), DIFFERS, UNPROVEN),
        PENDING: NotApplicable("A mark is written in the same update as its set, wholly or not at all."),
    },
    DnsProvider,
)
SOURCES = (
    WINDOWS_RULES, GROUP_POLICY, MDM, PRODUCTS, SNAPSHOT, AGENTS, BUILD, IPSEC, IPSEC_NEED, NFTABLES, NFTABLES_OTHERS,
    NFTABLES_FILE,
    *HAPROXY_FILES, *NGINX_FILES, *UDP_FILES, *PUBLICATIONS,
    F5, F5_OTHERS, NETSCALER, NETSCALER_SAVED, KEMP, DNS_SETS, DNS_MARKS,
)  # fmt: skip
