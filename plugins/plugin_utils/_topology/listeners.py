# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which row of the port catalogue a listener of a topology belongs to, and what of it differs from the catalogue.

    line_of(Port("registrar", "sipserver", ...), "frontend", "2015") -> (0, "fe-sip-tls")

A listener that no line of the table names is looked up by its number: where a row of the role has it, all is well.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .._base.addresses import PortSet
from .._catalogue.load import default_path, parse, read_document
from .._catalogue.model import Catalogue, PortRow, Version
from .model import Port

_FRONT = ("frontend", "standard_edition")
_MEDIA_OWNER = "mediacomp"


@dataclass(frozen=True)
class Listener:
    """One line: owner and usage of a port, and the row that it is by role; side and protocol where they decide."""

    owner: str
    usage: str
    rows: Mapping[str, str]
    side: str = ""
    protocol: str = ""
    versions: tuple[str, ...] = ()

    def matches(self, port: Port, version: str) -> bool:
        """Return whether a port is this listener."""
        return (
            (self.owner, self.usage) == (port.owner, port.usage)
            and self.side in ("", port.side)
            and self.protocol in ("", port.protocol)
            and (not self.versions or version in self.versions)
        )


def _line(text: str, side: str = "", protocol: str = "", versions: tuple[str, ...] = ()) -> Listener:
    """Return a line of the table: OWNER USAGE ROLE=ROW ..., where front stands for both kinds of Front End."""
    owner, usage, *pairs = text.split()
    rows: dict[str, str] = {}
    for role, row in (pair.split("=") for pair in pairs):
        rows |= dict.fromkeys(_FRONT, row) if role == "front" else {role: row}
    return Listener(owner, usage, rows, side, protocol, versions)


_FABRIC = ("winfabfederation", "winfableaseagent", "winfabclientconnection", "winfabipc", "winfabreplication")
LISTENERS: tuple[Listener, ...] = (
    _line("registrar sipserver front=fe-sip-tls directors=director-sip-tls sba=branch-sip-tls", protocol="mtls"),
    _line("registrar sipserver front=fe-sip-tcp directors=director-sip-tcp", protocol="tcp"),
    _line("registrar webserver front=fe-focus directors=director-focus sba=branch-focus"),
    _line("qoe sipserver front=fe-qoe-monitoring", versions=("2010",)),
    _line("qoe sipserver front=fe-sip-tls directors=director-sip-tls sba=branch-sip-tls"),
    *(_line(f"winfab {usage} front=fe-windows-fabric") for usage in _FABRIC),
    _line("lyss wcfmtls front=fe-storage-service"),
    _line("xmppfederation sipserver front=fe-xmpp"),
    _line("mcufactory webserver front=fe-focus"),
    _line("mcufactory wcfserver front=fe-conferencing-factory"),
    _line("presencefocus userpinmanagement front=fe-web-https"),
    _line("ocswebsite website front=fe-web-external-http directors=director-web-external-http", "external", "http"),
    _line("ocswebsite website front=fe-web-external-https directors=director-web-external-https", "external", "https"),
    _line("ocswebsite website front=fe-web-http directors=director-web-http", "primary", "http"),
    _line(
        "ocswebsite website front=fe-web-https directors=director-web-https sba=branch-web-https", "primary", "https"
    ),
    _line("reach psomserver front=fe-web-8060", "primary"),
    _line("reach psomserver front=fe-web-8061", "external"),
    _line("mcxservice sipserver front=fe-mobility-internal"),
    _line("mcxserviceexternal sipserver front=fe-mobility-external"),
    _line("persistentchatwebmanager sipserver front=fe-persistent-chat-web-manager"),
    _line("persistentchatwebmanagerexternal sipserver front=fe-persistent-chat-web-manager"),
    _line("ucwaservice sipserver front=fe-ucwa"),
    _line("ucwaserviceexternal sipserver front=fe-ucwa"),
    _line("imconf sipserver front=fe-im-conferencing"),
    _line("imconf webserver front=fe-focus"),
    _line("dataconf psomclient front=fe-web-conferencing"),
    _line("dataconf webserver front=fe-focus"),
    _line("avconf sipserver front=fe-av-conferencing av_conferencing=av-conferencing-sip"),
    _line("avconf webserver front=fe-focus av_conferencing=av-conferencing-focus"),
    _line("appsharingconf sipserver front=fe-application-sharing"),
    _line("appsharingconf webserver front=fe-focus"),
    _line("mediation sipserver front=collocated-mediation-sip mediation=mediation-sip sba=branch-mediation-sip"),
    _line(
        "mediation sipclient front=collocated-mediation-gateway-tls mediation=mediation-gateway-tls "
        "sba=branch-gateway-tls",
        protocol="tls",
    ),
    _line(
        "mediation sipclient front=collocated-mediation-gateway-tcp mediation=mediation-gateway-tcp "
        "sba=branch-gateway-tcp",
        protocol="tcp",
    ),
    _line("testbot sipserver front=fe-audio-test"),
    _line("cps sipserver front=fe-call-park"),
    _line("rgs sipserver front=fe-response-group"),
    _line("rgs wcfmtls front=fe-response-group-wcf"),
    _line("caa sipserver front=fe-dial-in-attendant"),
    _line("cas sipserver front=fe-conferencing-announcement"),
    _line("pdp sipserver front=fe-bandwidth-policy-sip"),
    _line("pdp turnserver front=fe-bandwidth-policy-turn"),
    _line("platformservice sipserver front=fe-platform-service"),
    _line("platformservice webserver front=fe-platform-service"),
    _line("accessedge sipserver edge=edge-internal-sip", "internal"),
    _line("accessedge sipserver edge=edge-federation", "external"),
    _line("dataedge psomserver edge=edge-internal-web-conferencing", "internal"),
    _line("mediarelayauthenticationedge sipserver edge=edge-internal-av-authentication", "internal"),
    _line("mediarelayedge turnserver edge=edge-internal-av-tcp", "internal", "tcp"),
    _line("mediarelayedge turnserver edge=edge-internal-av-udp", "internal", "udp"),
    _line("mediarelayedge turnserver edge=edge-av-udp", "external", "udp"),
    _line("skypesearchproxy webserver edge=edge-internal-skype-search", "internal"),
    _line("xmppfederationproxy xmppserver edge=edge-xmpp", "external"),
    _line("xmppfederationproxy xptserver edge=edge-internal-xmpp", "internal"),
    _line("replicationservice replication edge=edge-internal-replication", "internal"),
)
# Rows of services that a site may have or not: switched off on a pool where neither the owner is nor the row's port.
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "caa": ("fe-dial-in-attendant", "fe-conferencing-attendant"),
    "cas": ("fe-conferencing-announcement",),
    "cps": ("fe-call-park",),
    "rgs": ("fe-response-group", "fe-response-group-wcf"),
    "testbot": ("fe-audio-test",),
    "imconf": ("fe-im-conferencing",),
    "dataconf": ("fe-web-conferencing",),
    "avconf": ("fe-av-conferencing",),
    "appsharingconf": ("fe-application-sharing",),
}
MEDIA_OF: Mapping[str, str] = {
    "audiocommunication": "audio",
    "videocommunication": "video",
    "appsharingcommunication": "application_sharing",
}
MEDIA_ROWS: Mapping[str, str] = {
    "video": "fe-video-media",
    "application_sharing": "fe-application-sharing-media",
}
EDGE_LISTENERS: Mapping[tuple[str, str, str], str] = {
    ("accessedge", "sipclient", "tls"): "access",
    ("dataedge", "psomclient", "tls"): "web_conferencing",
    ("mediarelayedge", "turnserver", "tcp"): "av",
}
"""Owner, usage and protocol of what an Edge listens on for clients outside, and the service of lync_edge_ports."""


@functools.lru_cache(maxsize=1)
def shipped() -> Catalogue:
    """Return the catalogue that is shipped."""
    return parse(read_document(default_path()))


@functools.lru_cache(maxsize=1)
def rows_by_id() -> Mapping[str, PortRow]:
    """Return the rows of the shipped catalogue by id."""
    return {row.id: row for row in shipped().ports}


@functools.lru_cache(maxsize=512)
def rows_of(roles: frozenset[str], version: str) -> Mapping[str, PortRow]:
    """Return the rows of listeners that a server of some roles has in a version, by id."""
    classes = shipped().classes
    wanted = Version(version)
    return {
        row.id: row
        for row in shipped().ports
        if row.direction.value == "in"
        and wanted in row.versions
        and roles.intersection((row.component, *classes.get(row.component, ())))
    }


def line_of(port: Port, role: str, version: str) -> tuple[int, str]:
    """Return the line of the table that a listener is, and the id of its row; empty where none is for the role."""
    found = ((place, line) for place, line in enumerate(LISTENERS) if line.matches(port, version))
    return next(((place, line.rows[role]) for place, line in found if role in line.rows), (0, ""))


def row_that_opens(port: Port, roles: frozenset[str], version: str) -> str:
    """Return the id of a row of the roles that opens the number of a listener, empty where none does."""
    number = PortSet.of(port.number) if port.number else None
    rows = rows_of(roles, version).values()
    return next((row.id for row in rows if number and row.port.ports is not None and number <= row.port.ports), "")


def media_kind(port: Port) -> str:
    """Return which range of lync_media_ports a listener is, empty for any other listener."""
    if port.owner == _MEDIA_OWNER:
        return MEDIA_OF.get(port.usage, "")
    return "edge" if (port.owner, port.usage) == ("mediarelayedge", "mediacommunication") else ""


def edge_service(port: Port) -> str:
    """Return which service of lync_edge_ports a listener is, empty for any other listener."""
    is_outside = port.side == "external"
    return EDGE_LISTENERS.get((port.owner, port.usage, port.protocol), "") if is_outside else ""


def optional_rows(roles: frozenset[str], version: str) -> Iterator[tuple[str, PortRow]]:
    """Yield (owner, row) of what a site may have or not, for Front Ends."""
    rows = rows_of(roles, version)
    for owner, names in OPTIONAL.items():
        yield from ((owner, rows[name]) for name in names if name in rows)
