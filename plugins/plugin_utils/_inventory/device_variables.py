# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of a host that say how it is configured: a load balancer, a reverse proxy, and the host's firewall.

A value that is not set is the default of the module that takes it.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._base.addresses import AddressSet
from .._base.errors import correction, one_of, shown
from .fields import At, Scope, Variable, addresses, choice, raw_mapping, text, texts

DRIVERS = ("haproxy", "f5_as3", "netscaler", "kemp")
REVERSE_PROXY_DRIVERS = ("haproxy", "nginx")
# Per driver the options of its module that lync_balancer_options sets. None of them is a credential.
BALANCER_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "haproxy": ("config", "pid_file"),  # of nginx that an earlier version had beside it
    "f5_as3": ("tenant", "sync_group", "schema"),
    "netscaler": ("authentication", "prefix", "peer"),
    "kemp": ("prefix",),
}
REVERSE_PROXY_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "haproxy": ("program",),
    "nginx": ("program", "config", "pid_file"),
}


def _read_driver_options(by_driver: Mapping[str, tuple[str, ...]], raw: object, at: At) -> Mapping[str, str]:
    """Return options by name; all hosts may share one mapping, so those of every driver are taken. No message shows a
    value.
    """
    known = tuple(dict.fromkeys(name for names in by_driver.values() for name in names))
    found: dict[str, str] = {}
    for name, value in raw_mapping(raw, at).items():
        if name not in known:
            at.error(f"{shown(name)} is not a key", one_of(known), correction(name, known, "remove it"))
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            found[name] = str(value)
        elif value is not None:
            at.key(name).error(f"a {type(value).__name__} is not a text", "a text")
    return found


def _balancer_options(raw: object, at: At) -> Mapping[str, str]:
    return _read_driver_options(BALANCER_OPTIONS, raw, at)


def _reverse_proxy_options(raw: object, at: At) -> Mapping[str, str]:
    return _read_driver_options(REVERSE_PROXY_OPTIONS, raw, at)


_choose_driver = choice("a driver", DRIVERS)


def _read_driver(raw: object, at: At) -> str:
    """Return a driver; that of version 0.1 for nginx alone is told apart from a slip."""
    if raw != "nginx":
        return _choose_driver(raw, at)
    beside = "write haproxy, beside which nftables carries UDP"
    moving = "what nginx carries now moves as docs/load-balancers.md says under From nginx to HAProxy"
    at.error(
        "'nginx' carries no TCP services any more: it asks no member whether it is well, so a member whose Front End "
        "service stopped would keep its clients",
        one_of(DRIVERS),
        f"{beside}; {moving}",
    )
    return DRIVERS[0]


_HOST = Scope.HOST

# --- load balancers -----------------------------------------------------------------------------------------------

BALANCER_DRIVER: Variable[str | None] = Variable(
    "lync_balancer_driver", _read_driver, None, _HOST, "str",
    "How a load balancer is configured. Required of a managed one that a pool names.", choices=DRIVERS,
)  # fmt: skip
BALANCER_ADDRESSES = Variable(
    "lync_balancer_addresses", addresses, AddressSet(), _HOST, "list",
    "All sources of a load balancer's proxied connections and monitors, floating ones and those of each unit. "
    "Default C(lync_address).",
    elements="str",
)  # fmt: skip
BALANCER_VENDOR: Variable[Mapping[str, object]] = Variable(
    "lync_balancer_vendor", raw_mapping, {}, _HOST, "dict",
    "Options of the driver of a load balancer, for all services on it; C(vendor) of a pool goes before.",
    documented_default={},
)  # fmt: skip
BALANCER_STATE: Variable[str | None] = Variable(
    "lync_balancer_state", choice("a state", ("replaced", "merged")), None, _HOST, "str",
    "State that the virtual services of a load balancer are brought to; by default V(replaced), and V(merged) while "
    "a pool waits.",
    choices=("replaced", "merged"),
)  # fmt: skip
BALANCER_OPTIONS_OF: Variable[Mapping[str, str]] = Variable(
    "lync_balancer_options", _balancer_options, {}, _HOST, "dict",
    "Options of the module of a load balancer's driver, which are C(tenant), C(sync_group) and C(schema) of "
    "M(msuc.lync.f5_as3), C(authentication), C(prefix) and C(peer) of M(msuc.lync.netscaler_services), C(prefix) of "
    "M(msuc.lync.kemp_services), for HAProxy C(config) and C(pid_file) of an nginx in "
    "which an earlier version had UDP services.",
    documented_default={},
)  # fmt: skip
BALANCER_PATH: Variable[str | None] = Variable(
    "lync_balancer_path", text, None, _HOST, "str", "File of a Linux load balancer that is ours."
)
BALANCER_UDP_PATH: Variable[str | None] = Variable(
    "lync_balancer_udp_path", text, None, _HOST, "str", "File of nginx in which an earlier version had UDP services."
)
MASTER_SOCKET: Variable[str | None] = Variable(
    "lync_balancer_master_socket", text, None, _HOST, "str",
    "Socket of HAProxy's master process, on a load balancer or reverse proxy.",
)  # fmt: skip

# --- reverse proxies ----------------------------------------------------------------------------------------------

REVERSE_PROXY_DRIVER: Variable[str | None] = Variable(
    "lync_reverse_proxy_driver", choice("a driver of reverse proxies", REVERSE_PROXY_DRIVERS), None, _HOST, "str",
    "How a Linux reverse proxy is configured; without it, somebody else publishes there.",
    choices=REVERSE_PROXY_DRIVERS,
)  # fmt: skip
REVERSE_PROXY_OPTIONS_OF: Variable[Mapping[str, str]] = Variable(
    "lync_reverse_proxy_options", _reverse_proxy_options, {}, _HOST, "dict",
    "The options C(program), and C(config) and C(pid_file) of nginx, of M(msuc.lync.publications).",
    documented_default={},
)  # fmt: skip
REVERSE_PROXY_PATH: Variable[str | None] = Variable(
    "lync_reverse_proxy_path", text, None, _HOST, "str", "File of a reverse proxy that is ours."
)
REVERSE_PROXY_HTTP_PATH: Variable[str | None] = Variable(
    "lync_reverse_proxy_http_path", text, None, _HOST, "str", "Second file of a reverse proxy with nginx that is ours."
)

# --- how the firewall of a host is treated ------------------------------------------------------------------------

APPLY = Variable(
    "lync_apply", choice("a way to apply changes", ("direct", "handout")), "direct", _HOST, "str",
    "Whether a Windows host is changed, or scripts for it are handed out.",
    choices=("direct", "handout"), documented_default="direct",
)  # fmt: skip
FIREWALL_STATE = Variable(
    "lync_firewall_state", choice("a state", ("replaced", "merged", "overridden")), "replaced", _HOST, "str",
    "What the plan means for rules that it does not have. V(replaced) removes those of the owned group, V(merged) "
    "keeps them, V(overridden) removes them too, and disables rules of others that admit more on the plan's ports; "
    "drift and Linux take it for V(replaced).",
    choices=("replaced", "merged", "overridden"), documented_default="replaced",
)  # fmt: skip
UNPROTECTED_RULES: Variable[tuple[str, ...]] = Variable(
    "lync_unprotected_rules", texts, (), _HOST, "list",
    "With C(lync_firewall_state) V(overridden), the exact names of rules of Windows and of the product's setup that "
    "may be disabled too.",
    elements="str", documented_default=(),
)  # fmt: skip
IPSEC_ENGINE: Variable[str | None] = Variable(
    "lync_ipsec_engine", choice("an engine", ("auto", "cim", "netsh")), None, _HOST, "str",
    "What writes IPsec exemptions. Default V(auto), the cmdlets of C(NetSecurity) where the host has them, and "
    "C(netsh) elsewhere.",
    choices=("auto", "cim", "netsh"),
)  # fmt: skip
LINUX_POLICY = Variable(
    "lync_linux_policy", choice("a policy", ("drop", "accept")), "drop", _HOST, "str",
    "What a Linux host does with inbound traffic that no rule admits.",
    choices=("drop", "accept"), documented_default="drop",
)  # fmt: skip
LINUX_PATH: Variable[str | None] = Variable(
    "lync_linux_path", text, None, _HOST, "str",
    "File that keeps the rules of a Linux host for its next start. Default C(/etc/nftables.d/msuc-lync.nft).",
)  # fmt: skip

DEVICE_VARIABLES: tuple[Variable[object], ...] = (
    BALANCER_DRIVER, BALANCER_ADDRESSES, BALANCER_VENDOR, BALANCER_STATE, BALANCER_OPTIONS_OF, BALANCER_PATH,
    BALANCER_UDP_PATH,
    MASTER_SOCKET, REVERSE_PROXY_DRIVER, REVERSE_PROXY_OPTIONS_OF, REVERSE_PROXY_PATH, REVERSE_PROXY_HTTP_PATH, APPLY,
    FIREWALL_STATE,
    UNPROTECTED_RULES, IPSEC_ENGINE, LINUX_POLICY, LINUX_PATH,
)  # fmt: skip
