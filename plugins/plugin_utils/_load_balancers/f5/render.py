# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services -> one AS3 declaration: one tenant, one application per pool, names that follow from the services alone.

Nothing in it tells when or by whom it was made: a changed remark makes AS3 delete and create the virtual.
Text and order are stable, so that the same services give the same declaration byte for byte.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..._base.errors import InvalidInputError
from ..model import MemberState, PersistenceKind, Service
from .names import Prefix, encoded
from .options import faults, own_profile, profile_kind
from .virtual import ACTIVE_PRIORITY, ALGORITHMS, BACKUP_PRIORITY

SCHEMA_VERSION = "3.30.0"
"""The oldest AS3 that takes controls.dryRun and controls.traceResponse as query parameters."""
LABEL = "msuc.lync"
"""Marks a tenant as one that is written from here: a tenant is owned as a whole, so nobody else's may be taken."""
Json = dict[str, object]
_CLASSES = {"tcp": "Service_TCP", "udp": "Service_UDP", "fastl4": "Service_L4"}
_PROFILE_CLASSES = {"tcp": "TCP_Profile", "udp": "UDP_Profile", "fastl4": "L4_Profile"}
_PROFILE_PROPERTIES = {"tcp": "profileTCP", "udp": "profileUDP", "fastl4": "profileL4"}
_ADMIN_STATES = {MemberState.DRAINING: "disable", MemberState.DISABLED: "offline"}


def declaration(services: Sequence[Service], tenant: str) -> Json:
    """Return the declaration; without services it removes the tenant. Raises InvalidInputError with every reason."""
    problems = faults(services)
    if problems:
        raise InvalidInputError(problems)
    pools: dict[str, list[Service]] = defaultdict(list)
    for service in sorted(services, key=lambda service: service.name):
        pools[service.pool].append(service)
    vips = _vips_of_groups(services)
    applications = {encoded(Prefix.APPLICATION, pool): _application(pools[pool], vips) for pool in sorted(pools)}
    return {
        "class": "ADC",
        "schemaVersion": SCHEMA_VERSION,
        "id": "msuc.lync",
        "updateMode": "selective",
        tenant: {"class": "Tenant", "label": LABEL, **applications} if services else {"class": "Tenant"},
    }


def text(document: object) -> str:
    """Return a declaration as text for people and files."""
    return json.dumps(document, indent=2) + "\n"


def _vips_of_groups(services: Sequence[Service]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for service in services:
        found[service.persistence.group].add(service.vip)
    return found


def _application(services: Sequence[Service], vips: Mapping[str, set[str]]) -> Json:
    content: dict[str, Json] = {}
    for service in services:
        content.update(_objects(service, len(vips[service.persistence.group]) > 1))
    return {"class": "Application", "template": "generic", **{name: content[name] for name in sorted(content)}}


def _objects(service: Service, several_vips: bool) -> dict[str, Json]:
    """Return the objects of one service by name; services of a pool share monitors, profiles and affinity."""
    found = {
        encoded(Prefix.SERVICE, service.name): _service(service),
        encoded(Prefix.POOL, service.name): _pool(service),
        _monitor_name(service): _monitor(service),
    }
    if service.persistence.kind is PersistenceKind.SOURCE:
        found[_persist_name(service)] = _persist(service, several_vips)
    if not own_profile(service):
        found[_profile_name(service)] = _profile(service)
    if "traffic_group" in service.options:
        address: Json = {"class": "Service_Address", "virtualAddress": _scoped(service, service.vip), "trafficGroup": service.options["traffic_group"]}
        found[_address_name(service)] = address
    return found


def _service(service: Service) -> Json:
    kind = profile_kind(service)
    profile = own_profile(service)
    address: object = {"use": _address_name(service)} if "traffic_group" in service.options else _scoped(service, service.vip)
    found: Json = {
        "class": _CLASSES[kind],
        "virtualAddresses": [address],
        "virtualPort": service.port,
        "pool": encoded(Prefix.POOL, service.name),
        # AS3's own default is source-address: a service without affinity has to say so.
        "persistenceMethods": [{"use": _persist_name(service)}] if service.persistence.kind is PersistenceKind.SOURCE else [],
        _PROFILE_PROPERTIES[kind]: {"bigip": profile} if profile else {"use": _profile_name(service)},
        "snat": _snat(service),
    }
    vlans = service.options.get("allow_vlans")
    return {**found, "allowVlans": [{"bigip": path} for path in sorted(map(str, vlans))]} if isinstance(vlans, (list, tuple)) else found


def _snat(service: Service) -> object:
    if not service.source_nat:
        return "none"
    pool = service.options.get("snat_pool")
    return {"bigip": pool} if pool else "auto"


def _pool(service: Service) -> Json:
    backed = any(member.state is MemberState.BACKUP for member in service.members)
    # A pool without members still tells the port that its members will have.
    states = [state for state in MemberState if any(member.state is state for member in service.members)] or [MemberState.ACTIVE]
    return {
        "class": "Pool",
        "loadBalancingMode": ALGORITHMS[service.algorithm],
        "monitors": [{"use": _monitor_name(service)}],
        "members": [_members(service, state, backed) for state in states],
    }


def _members(service: Service, state: MemberState, backed: bool) -> Json:
    """Return one entry of a pool's members: all addresses of one state."""
    addresses = [_scoped(service, member.address) for member in sorted(service.members) if member.state is state]
    found: Json = {"servicePort": service.node_port, "serverAddresses": addresses}
    if state in _ADMIN_STATES:
        found["adminState"] = _ADMIN_STATES[state]
    if backed and state in (MemberState.ACTIVE, MemberState.BACKUP):
        found["priorityGroup"] = BACKUP_PRIORITY if state is MemberState.BACKUP else ACTIVE_PRIORITY
    return found


def _monitor(service: Service) -> Json:
    monitor = service.monitor
    timeout = monitor.failures * monitor.interval_seconds + 1
    return {"class": "Monitor", "monitorType": "tcp", "targetPort": monitor.port, "interval": monitor.interval_seconds, "timeout": timeout}


def _persist(service: Service, several_vips: bool) -> Json:
    found: Json = {"class": "Persist", "persistenceMethod": "source-address", "duration": service.persistence.seconds}
    if service.persistence.group:
        found["matchAcrossVirtualPorts"] = True
        if several_vips:
            found["matchAcrossVirtualAddresses"] = True
    return found


def _profile(service: Service) -> Json:
    kind = profile_kind(service)
    found: Json = {"class": _PROFILE_CLASSES[kind], "idleTimeout": service.idle_seconds}
    return {**found, "nagle": "disable"} if kind == "tcp" and not service.nagle else found


def _monitor_name(service: Service) -> str:
    return f"monitor-tcp-{service.monitor.port}-{service.monitor.interval_seconds}-{service.monitor.failures}"


def _profile_name(service: Service) -> str:
    kind = profile_kind(service)
    return f"{kind}-{service.idle_seconds}{'-nodelay' if kind == 'tcp' and not service.nagle else ''}"


def _persist_name(service: Service) -> str:
    group = service.persistence.group
    return encoded(Prefix.AFFINITY, group) if group else encoded(Prefix.PERSIST, service.name)


def _address_name(service: Service) -> str:
    return encoded(Prefix.ADDRESS, _scoped(service, service.vip))


def _scoped(service: Service, address: str) -> str:
    domain = service.options.get("route_domain")
    return address if domain is None else f"{address}%{domain}"
