# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The resources of a NetScaler that a virtual service is made of, as data.

Types, choices, immutables, defaults, CLI words.

Types, choices, immutable and unset-able attributes are those of the NITRO reference
(https://developer-docs.netscaler.com/en-us/adc-nitro-api/current-release/) and of netscaler.adc 2.18.0, which agrees
with it; defaults and units are those of the command reference
(https://developer-docs.netscaler.com/en-us/adc-command-reference-int/). Only what the driver says or judges is here;
every other attribute of a resource is left alone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Scalar = str | int
Key = tuple[str, ...]
Values = Mapping[str, Scalar]
# resource -> key -> attributes, those of the key among them
Tables = Mapping[str, Mapping[Key, Values]]

# Some firmware writes whole numbers with a point (netscaler.adc issue 392).
_NUMBER = re.compile(r"([0-9]{1,10})(\.0+)?\Z")
# What an idle timeout is when nobody says it, by the type of the service.
IDLE_SECONDS: Mapping[str, int] = {"TCP": 9000, "UDP": 120}


@dataclass(frozen=True)
class Attribute:
    """One attribute: what it may be, and what it is when an answer or a line leaves it out.

    default: None where the appliance has none: the attribute is then absent. immutable: only a new object has another
    value. action: changed by the actions enable and disable, never by an update.
    """

    word: str = ""
    kind: type[int] | type[str] = str
    choices: tuple[str, ...] = ()
    default: Scalar | None = None
    minimum: int = 0
    maximum: int = 0
    immutable: bool = False
    action: bool = False


@dataclass(frozen=True)
class Resource:
    """One kind of object.

    noun: as in the commands add, bind, set, rm. key: the attributes that tell objects apart. positional: the
    attributes that a command gives without a word, in their order. remove_with: what the removal says besides the
    key. refers: attribute -> the kind of object that it names. silent: other words of its lines that mean nothing with
    this value, or with any where it is empty; None where other words are not looked at.
    """

    name: str
    noun: str
    key: tuple[str, ...]
    positional: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    binding: bool = False
    remove_with: tuple[str, ...] = ()
    refers: Mapping[str, str] = field(default_factory=dict)
    silent: Mapping[str, str] | None = None


def _text_attribute(word: str = "", **more: object) -> Attribute:
    return Attribute(word, **more)  # type: ignore[arg-type]


def _number_attribute(word: str, minimum: int, maximum: int, **more: object) -> Attribute:
    return Attribute(word, int, minimum=minimum, maximum=maximum, **more)  # type: ignore[arg-type]


_YES_NO = ("YES", "NO")
_ON_OFF = ("ENABLED", "DISABLED")
_DOWN_FLUSH = _text_attribute("downStateFlush", choices=_ON_OFF, default="ENABLED")
_STATE = _text_attribute("state", choices=_ON_OFF, default="ENABLED", action=True)
_TD = _number_attribute("td", 0, 4094, default=0, immutable=True)
# Capitals whatever the spelling; more choices than the driver would use are an object of somebody else.
_TYPE = _text_attribute(choices=("TCP", "UDP"), immutable=True)
_PERSISTENCE = _text_attribute("persistenceType", choices=("NONE", "SOURCEIP"), default="NONE")
# Minutes; the neutral model has seconds.
_PERSISTENCE_MINUTES = _number_attribute("timeout", 0, 1440, default=2)

# What a configuration says of an object besides the driver's attributes, and means nothing: the appliance's own
# numbers, words of HTTP, how the network learns of an address, and what is as the command reference has it by default.
_ANY_VALUE = ("devno", "appflowlog")
_SILENT_VSERVER: Mapping[str, str] = {
    **dict.fromkeys((*_ANY_VALUE, "backuplbmethod", "rhistate", "icmpvsrresponse"), ""),
    "listenpolicy": "none", "persistmask": "255.255.255.255", "v6persistmasklen": "128", "m": "ip", "range": "1",
}
_SILENT_GROUP: Mapping[str, str] = {
    **dict.fromkeys((*_ANY_VALUE, "cka", "tcpb", "cmp"), ""),
    "maxclient": "0", "maxreq": "0", "cip": "disabled", "healthmonitor": "yes", "sp": "off", "monthreshold": "0",
    "rtspsessionidremap": "off", "cacheable": "no",
}
_SILENT_MONITOR: Mapping[str, str] = {**dict.fromkeys((*_ANY_VALUE, "lrtm"), ""), "secure": "no", "reverse": "no"}
_SILENT_MEMBER: Mapping[str, str] = {"devno": "", "weight": "1", "customserverid": ""}

_ALL = (
    Resource(
        "nstcpprofile",
        "ns tcpProfile",
        ("name",),
        ("name",),
        {"name": _text_attribute(), "nagle": _text_attribute("nagle", choices=_ON_OFF, default="DISABLED")},
    ),
    Resource(
        "server",
        "server",
        ("name",),
        ("name", "ipaddress"),
        {
            "name": _text_attribute(),
            "ipaddress": _text_attribute(),
            "td": _TD,
            "comment": _text_attribute("comment"),
            "state": _STATE,
        },
    ),
    Resource(
        "lbmonitor",
        "lb monitor",
        ("monitorname",),
        ("monitorname", "type"),
        {
            "monitorname": _text_attribute(),
            "type": _TYPE,
            "interval": _number_attribute("interval", 1, 20940, default=5),
            "resptimeout": _number_attribute("resptimeout", 1, 20939, default=2),
            "retries": _number_attribute("retries", 1, 127, default=3),
            "destport": _number_attribute("destPort", 0, 65535, default=0),
        },
        remove_with=("type",),
        silent=_SILENT_MONITOR,
    ),
    Resource(
        "servicegroup",
        "serviceGroup",
        ("servicegroupname",),
        ("servicegroupname", "servicetype"),
        {
            "servicegroupname": _text_attribute(),
            "servicetype": _TYPE,
            "td": _TD,
            "usip": _text_attribute("usip", choices=_YES_NO, default="NO"),
            # Only with usip: the port of the client is another one for the members unless this is NO.
            "useproxyport": _text_attribute("useproxyport", choices=_YES_NO, default="YES"),
            "downstateflush": _DOWN_FLUSH,
            "clttimeout": _number_attribute("cltTimeout", 0, 31536000),
            "svrtimeout": _number_attribute("svrTimeout", 0, 31536000),
            "tcpprofilename": _text_attribute("tcpProfileName"),
            "comment": _text_attribute("comment"),
            "state": _STATE,
        },
        refers={"tcpprofilename": "nstcpprofile"},
        silent=_SILENT_GROUP,
    ),
    Resource(
        "lbvserver",
        "lb vserver",
        ("name",),
        ("name", "servicetype", "ipv46", "port"),
        {
            "name": _text_attribute(),
            "servicetype": _TYPE,
            "ipv46": _text_attribute(),
            "port": _number_attribute("", 0, 65535, immutable=True),
            "td": _TD,
            "persistencetype": _PERSISTENCE,
            "timeout": _PERSISTENCE_MINUTES,
            "lbmethod": _text_attribute(
                "lbMethod", choices=("LEASTCONNECTION", "ROUNDROBIN"), default="LEASTCONNECTION"
            ),
            "clttimeout": _number_attribute("cltTimeout", 0, 31536000),
            "downstateflush": _DOWN_FLUSH,
            "tcpprofilename": _text_attribute("tcpProfileName"),
            "netprofile": _text_attribute("netProfile"),
            "comment": _text_attribute("comment"),
            "state": _STATE,
        },
        refers={"tcpprofilename": "nstcpprofile"},
        silent=_SILENT_VSERVER,
    ),
    Resource(
        "lbgroup",
        "lb group",
        ("name",),
        ("name",),
        {"name": _text_attribute(), "persistencetype": _PERSISTENCE, "timeout": _PERSISTENCE_MINUTES},
    ),
    # The port is of the key: one server may be in a group with two of them.
    Resource(
        "servicegroup_servicegroupmember_binding",
        "serviceGroup",
        ("servicegroupname", "servername", "port"),
        ("servicegroupname", "servername", "port"),
        {
            "servicegroupname": _text_attribute(),
            "servername": _text_attribute(),
            "port": _number_attribute("", 0, 65535),
            "state": _STATE,
        },
        binding=True,
        refers={"servicegroupname": "servicegroup", "servername": "server"},
        silent=_SILENT_MEMBER,
    ),
    Resource(
        "servicegroup_lbmonitor_binding",
        "serviceGroup",
        ("servicegroupname", "monitor_name"),
        ("servicegroupname",),
        {"servicegroupname": _text_attribute(), "monitor_name": _text_attribute("monitorName")},
        binding=True,
        refers={"servicegroupname": "servicegroup", "monitor_name": "lbmonitor"},
    ),
    Resource(
        "lbvserver_servicegroup_binding",
        "lb vserver",
        ("name", "servicegroupname"),
        ("name", "servicegroupname"),
        {"name": _text_attribute(), "servicegroupname": _text_attribute()},
        binding=True,
        refers={"name": "lbvserver", "servicegroupname": "servicegroup"},
    ),
    Resource(
        "lbgroup_lbvserver_binding",
        "lb group",
        ("name", "vservername"),
        ("name", "vservername"),
        {"name": _text_attribute(), "vservername": _text_attribute()},
        binding=True,
        refers={"name": "lbgroup", "vservername": "lbvserver"},
    ),
)

# Classic services, which only others have: they are read for a comparison, and never written.
_CLASSIC = (
    Resource(
        "service",
        "service",
        ("name",),
        ("name", "server", "servicetype", "port"),
        {
            "name": _text_attribute(),
            "server": _text_attribute(),
            "servicetype": _text_attribute(),
            "port": _number_attribute("", 0, 65535),
            "usip": _text_attribute("usip", choices=_YES_NO, default="NO"),
            "clttimeout": _number_attribute("cltTimeout", 0, 31536000),
            "svrtimeout": _number_attribute("svrTimeout", 0, 31536000),
            "downstateflush": _DOWN_FLUSH,
            "state": _STATE,
        },
    ),
    Resource(
        "service_lbmonitor_binding",
        "service",
        ("name", "monitor_name"),
        ("name",),
        {"name": _text_attribute(), "monitor_name": _text_attribute("monitorName")},
        binding=True,
    ),
)
CLASSIC: Mapping[str, Resource] = {resource.name: resource for resource in _CLASSIC}

# In the order in which they are added: what is referred to comes first. Removal goes the other way.
RESOURCES: Mapping[str, Resource] = {resource.name: resource for resource in _ALL}


def defaults(resource: Resource, values: Values) -> Mapping[str, Scalar]:
    """Return what attributes are that an object does not say; idle timeouts depend on its type."""
    return _default_values(resource.name, str(values.get("servicetype", "")).upper())


@functools.cache
def _default_values(name: str, kind: str) -> Mapping[str, Scalar]:
    attributes = (RESOURCES.get(name) or CLASSIC[name]).attributes
    found = {name: attribute.default for name, attribute in attributes.items() if attribute.default is not None}
    idle = IDLE_SECONDS.get(kind)
    return {
        **found,
        **{name: idle for name in ("clttimeout", "svrtimeout") if idle is not None and name in attributes},
    }


def further_words(resource: Resource, options: Mapping[str, str]) -> dict[str, Scalar]:
    """Return the words of a line that are no attribute of the driver and mean something, each with a dash before it."""
    known = {attribute.word.lower() for attribute in resource.attributes.values()}
    silent = resource.silent
    if silent is None:
        return {}
    found = {word: value for word, value in options.items() if word not in known}
    return {f"-{word}": value for word, value in found.items() if silent.get(word, None) not in ("", value.lower())}


def is_further(name: str) -> bool:
    """Return whether a name is that of a word that is no attribute of the driver."""
    return name.startswith("-")


def normalised(resource: Resource, raw: Mapping[str, object]) -> dict[str, Scalar]:
    """Return the known attributes of an object from an answer or a line, and the further words of a line.

    Numbers as numbers, words in capitals, defaults filled in.

    Answers write numbers as texts, and leave out attributes that nobody set; so do lines of the configuration.
    """
    said = {
        name: _read_attribute(attribute, raw[name])
        for name, attribute in resource.attributes.items()
        if raw.get(name) not in (None, "")
    }
    further = {name: str(value) for name, value in raw.items() if is_further(name)}
    return {**defaults(resource, said), **said, **further}


def _read_attribute(attribute: Attribute, value: object) -> Scalar:
    if attribute.kind is int:
        text = str(value).strip()
        number = _NUMBER.match(text)
        # "*" stands for every port. What is no number stays as it is, for whoever needs one to refuse.
        return int(number[1]) if number else 65535 if text == "*" else text
    return str(value).upper() if attribute.choices else str(value)


def key_of(resource: Resource, values: Mapping[str, object]) -> Key:
    """Return the key of an object."""
    return tuple(str(values.get(name, "")) for name in resource.key)


def table(resource: Resource, items: list[dict[str, Scalar]]) -> dict[Key, Values]:
    """Return objects by their keys, sorted."""
    return dict(sorted((key_of(resource, item), item) for item in items))


def added_values(values: Values) -> dict[str, Scalar]:
    """Return what an addition says: what is as it would be anyway is left out, where saying it may be refused."""
    silent: set[tuple[str, object]] = {("state", "ENABLED"), ("td", 0), ("downstateflush", "ENABLED")}
    if values.get("persistencetype") == "NONE":
        silent.add(("timeout", values.get("timeout")))
    if values.get("usip") == "NO":
        silent.add(("useproxyport", values.get("useproxyport")))
    return {name: value for name, value in values.items() if (name, value) not in silent}
