# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real results of windows_firewall_rules and windows_ipsec_exemptions: the providers over hosts in memory.

    RESULTS["duplicate"]() -> {"changed": True, "changes": [{"kind": "remove", "cause": "duplicate", ...}], ...}

Tests of reports read these, so that no report is tested against keys or texts that no module returns. Each is a fresh
one. Those without "applied" in their name are of check mode, as drift.yml and site.yml --check get them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider, reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.reconcile import IpsecProvider, IpsecTask
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import Task, WindowsFirewallProvider

from tests.simulators import ipsec_host, ipsec_store
from tests.simulators.firewall_store import Faults
from tests.unit.firewall.memory import MemoryStore, link_to

Result = dict[str, Any]

SIP: Mapping[str, Any] = {"name": "Lync fe-sip-tls (TCP in)", "protocol": "tcp", "localport": "5061"}
WEB: Mapping[str, Any] = {"name": "Lync fe-web-https (TCP in)", "protocol": "tcp", "localport": "443"}
NARROW = "10.1.0.0/24"
MEDIA: Mapping[str, Any] = {"name": "Lync exempt media (UDP)", "protocol": "udp", "localip": ["10.1.0.11"]}
EXTRA, BLOCK, SETUP = "Opened by hand", "Segmentation", "CS RTCSRV"
GROUP_POLICY_BLOCK = f"v2.10|Action=Block|Active=TRUE|Dir=In|Name={BLOCK}|"
ISOLATION = {"{D1}": {"DisplayName": "Domain isolation", "InboundSecurity": "Require", "OutboundSecurity": "Request"}}


def stored(rule: Mapping[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """Return a rule of our group as the host has it."""
    rule = SIP if rule is None else rule
    com = {
        "Name": rule["name"],
        "Grouping": "msuc.lync",
        "Protocol": 6,
        "LocalPorts": rule["localport"],
        "Enabled": True,
    }
    return {**com, **properties}


def foreign(name: str, **properties: Any) -> dict[str, Any]:
    """Return a rule of somebody else."""
    return stored(Name=name, Grouping=None, **properties)


def answer(provider: Provider, check_mode: bool) -> Result:
    """Return what the module returns, as ProviderAction makes it."""
    failure: Result = {}
    try:
        reconcile(provider, check_mode=check_mode)
    except DeviceError as error:
        failure = {"failed": True, "msg": str(error)}
    return {**provider.result(), **failure, "check_mode": check_mode}


def firewall(
    *rules: Mapping[str, Any],
    applied: bool = False,
    fault: Faults | None = None,
    host: Mapping[str, Any] | None = None,
    **options: Any,
) -> Result:
    """Return the result for a host that has these rules, and for which SIP is wanted unless options say otherwise."""
    store = MemoryStore.of(*rules, fault=fault or Faults())
    store.change(**(host or {}))
    task = Task.from_options({"rules": [SIP], "brief": True, **options})
    return answer(WindowsFirewallProvider(task, link_to(store)), check_mode=not applied)


def ipsec(
    stored_rules: Mapping[str, Any], *exemptions: Mapping[str, Any], applied: bool = False, **options: Any
) -> Result:
    """Return the result for a host that has these connection security rules."""
    store = MemoryStore.of()
    ipsec_store.change(store, module=True, rules=ipsec_store.exempted(dict(stored_rules)))
    task = IpsecTask.from_options({"exemptions": list(exemptions), "brief": True, **options})
    return answer(IpsecProvider(task, link_to(store, ipsec_host.run_module)), check_mode=not applied)


def made_again(**options: Any) -> Result:
    """Return the result for a host on which setup has made a rule again that is to be off."""
    given = {"rules": [{**SIP, "remoteip": [NARROW]}], "state": "overridden", "unprotected_rules": [SETUP]}
    return firewall(stored(RemoteAddresses=NARROW), foreign(SETUP), **{**given, **options})


def ours(name: str = MEDIA["name"], **parts: Any) -> dict[str, Any]:
    """Return an exemption of our group as the cmdlets have it."""
    exemption = {"DisplayName": name, "Group": "msuc.lync", "Protocol": "UDP", "LocalAddress": ["10.1.0.11"]}
    return {**exemption, **parts}


CONNECTED = {"listeners": ["0.0.0.0 5061"], "connections": ["10.1.0.11 5061 10.10.3.4"]}
MANAGED = {"listeners": ["0.0.0.0 5985"], "connections": ["10.1.0.11 5985 10.9.0.5"]}
WINRM = {"name": "Lync winrm", "localport": "5985"}

FIREWALL: Mapping[str, Callable[[], Result]] = {
    "as planned": lambda: firewall(stored()),
    "missing": firewall,
    "changed": lambda: firewall(stored(RemoteAddresses=NARROW)),
    "too wide": lambda: firewall(stored(), rules=[{**SIP, "remoteip": [NARROW]}]),
    "disabled": lambda: firewall(stored(Enabled=False)),
    "duplicate": lambda: firewall(stored(), stored()),
    "extra": lambda: firewall(stored(), stored(Name=EXTRA, LocalPorts="5999")),
    "already admitted": lambda: firewall(foreign(SETUP)),
    "shadowed": lambda: firewall(stored(RemoteAddresses=NARROW), foreign(SETUP), rules=[{**SIP, "remoteip": [NARROW]}]),
    "blocked by Group Policy": lambda: firewall(
        stored(), host={"group_policy": {"rules": {"{1}": GROUP_POLICY_BLOCK}, "profiles": {}}}
    ),
    "firewall off": lambda: firewall(stored(), host={"settings": {"1": {"firewall_enabled": False}}}),
    "admits by default": lambda: firewall(stored(), host={"settings": {"1": {"default_inbound": 1}}}),
    "unreadable Group Policy": lambda: firewall(
        stored(), host={"group_policy": {"rules": {"{1}": "v3.0|Action=Block|Dir=In|Name=x|"}, "profiles": {}}}
    ),
    "shields up": lambda: firewall(stored(), host={"settings": {"1": {"block_all_inbound": True}}}),
    "partly blocked": lambda: firewall(stored(), foreign(BLOCK, Action=0, RemoteAddresses="10.10.3.4")),
    "local rules do not count": lambda: firewall(
        host={"group_policy": {"rules": {}, "profiles": {"domain": {"AllowLocalPolicyMerge": 0}}}}
    ),
    "other rules are disabled": lambda: firewall(
        stored(),
        foreign(EXTRA, LocalPorts="5061", RemoteAddresses="10.66.0.0/16"),
        rules=[{**SIP, "remoteip": [NARROW]}],
        state="overridden",
    ),
    "made again by setup": made_again,
    "opened by somebody else": lambda: firewall(
        stored(RemoteAddresses=NARROW),
        foreign(EXTRA, RemoteAddresses="10.66.0.0/16"),
        rules=[{**SIP, "remoteip": [NARROW]}],
        state="overridden",
    ),
    "made again by setup, and one is missing": lambda: made_again(rules=[{**SIP, "remoteip": [NARROW]}, WEB]),
    "pending": lambda: firewall(stored(), stored(Name=EXTRA, LocalPorts="5999"), phase="open"),
    "pending, moved": lambda: firewall(stored(LocalPorts="5062"), phase="open"),
    "would cut": lambda: firewall(stored(), rules=[WEB], host=CONNECTED),
    "would cut, accepted": lambda: firewall(stored(), rules=[WEB], host=CONNECTED, accept_cut=True),
    "management would be shut": lambda: firewall(stored(WINRM), rules=[], host=MANAGED),
    "wrong host": lambda: firewall(expected_addresses=["10.1.0.99"]),
    "applied": lambda: firewall(applied=True),
    "applied, waited": lambda: firewall(applied=True, confirm_minutes=5),
    "applied, refused": lambda: firewall(stored(WINRM), rules=[], host=MANAGED, applied=True),
    "applied, access denied": lambda: firewall(applied=True, fault=Faults(access_denied=True)),
    "applied, stopped half-way": lambda: firewall(applied=True, rules=[SIP, WEB], fault=Faults(com_error_at_write=2)),
    "gathered": lambda: firewall(stored(), rules=[], state="gathered"),
}
"""Results of windows_firewall_rules, by what is the case."""

IPSEC: Mapping[str, Callable[[], Result]] = {
    "as planned": lambda: ipsec({**ISOLATION, "{1}": ours()}, MEDIA),
    "missing": lambda: ipsec(ISOLATION, MEDIA),
    "not needed": lambda: ipsec({}, MEDIA, needed="auto"),
    "changed": lambda: ipsec({**ISOLATION, "{1}": ours(LocalAddress=["10.1.0.12"])}, MEDIA),
    "extra": lambda: ipsec({**ISOLATION, "{1}": ours("Lync exempt old")}),
    "duplicate": lambda: ipsec({"{1}": ours(), "{2}": ours()}, MEDIA),
    "still exempt": lambda: ipsec({**ISOLATION, "{1}": ours("Lync exempt old"), "{2}": {"DisplayName": "Everything"}}),
    "cuts into a narrower rule": lambda: ipsec(
        {"{D1}": {**ISOLATION["{D1}"], "RemoteAddress": ["10.2.0.0/16"]}}, MEDIA
    ),
    "applied": lambda: ipsec(ISOLATION, MEDIA, applied=True),
}
"""Results of windows_ipsec_exemptions, by what is the case."""
