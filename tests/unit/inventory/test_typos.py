# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A law: what users type, with one slip of a key, is refused, named in a warning, or makes the same plan.

Every key and every value of Contoso and of the small example gets a slip, and of Fabrikam each kind that these lack,
since a slip costs a plan. Where any text of its kind is as good as the right one, FREE says
why; there the plan has to show what was typed, so that the difference to a baseline does.
"""

from __future__ import annotations

import copy
import functools
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan

from ..compiler.examples import NAMES, ROOT, example

Path = tuple[Any, ...]
_SEED, _SLIPS = 20261130, 1
SLIPPED_WHOLE = ("contoso", "small")
_NEIGHBOURS = dict(zip("abcdefghijklmnopqrstuvwxyz0123456789", "svfdrghjokl;kbipwtrycexgtz9213456780", strict=True))

# What nobody but the user knows, by the name of a variable or of a key of a pool, and why any other is as good.
_ADDRESS = "an address: it is in the plan, and a host is asked for its own before it is written"
_NAME = "a name of DNS that nothing else refers to"
FREE: Mapping[str, str] = {
    **dict.fromkeys(("ansible_host", "lync_address", "lync_internal_address", "lync_external_addresses"), _ADDRESS),
    **dict.fromkeys(("lync_external_nat_address", "lync_external_nat_addresses"), _ADDRESS),
    **dict.fromkeys(("lync_external_address", "lync_pstn_address", "lync_balancer_addresses"), _ADDRESS),
    **dict.fromkeys(("vip", "web_vip", "external_web_vip", "external_vips"), _ADDRESS),
    **dict.fromkeys(("lync_client_networks", "lync_phone_networks", "lync_management_networks"), "a network"),
    **dict.fromkeys(("lync_sip_domains", "lync_simple_urls", "web_fqdn", "external_web_fqdn"), _NAME),
    **dict.fromkeys(("external_fqdns", "lync_time_server", "lync_fqdn"), _NAME),
    "lync_extra_firewall_rules": "a rule of the user's own",
    **dict.fromkeys(("lync_media_ports", "lync_media_port_overrides"), "a range that the servers are set to"),
    "lync_sip_port": "a port that the gateway listens on",
    "port": "a port that the SQL Server listens on",
}


def is_free(path: Path) -> bool:
    """Return whether any text is as good at a place: the name of a host, or such a value; never the name of a key."""
    return path[-3] == "hosts" if path[-1] == "key" else any(part in FREE for part in path)


def documents(name: str) -> dict[str, Any]:
    """Return the files of an example as one document: groups with hosts, and the variables of all."""
    folder = ROOT / "examples" / name
    found: dict[str, Any] = yaml.safe_load((folder / "hosts.yml").read_text(encoding="utf-8"))
    more = folder / "group_vars" / "all.yml"
    if more.is_file():
        found["all"]["vars"] = {**found["all"].get("vars", {}), **yaml.safe_load(more.read_text(encoding="utf-8"))}
    return found


def inventory_of(document: Mapping[str, Any]) -> dict[str, InventoryHost]:
    """Return the hosts of such a document, as Ansible has them."""
    groups: dict[str, set[str]] = {}
    variables: dict[str, dict[str, object]] = {}

    def add(
        name: str, group: Mapping[str, Any] | None, above: tuple[str, ...], inherited: Mapping[str, object]
    ) -> None:
        group = group or {}
        shared = {**inherited, **(group.get("vars") or {})}
        for host, own in (group.get("hosts") or {}).items():
            groups.setdefault(str(host), set()).update((*above, name))
            variables[str(host)] = {**shared, **variables.get(str(host), {}), **(own or {})}
        for child, content in (group.get("children") or {}).items():
            add(str(child), content, (*above, name), shared)

    for name, group in document.items():
        add(str(name), group, (), {})
    return {host: InventoryHost(host, tuple(sorted(groups[host] - {"all"})), own) for host, own in variables.items()}


def places(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield (path, text) of each key and each plain value that somebody typed; the path of a key ends in "key"."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in ("all", "vars", "hosts", "children"):
                yield (*path, key, "key"), str(key)
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))
    elif isinstance(value, (str, int)):
        yield (*path, "value"), str(value)


def kind_of(path: Path) -> Path:
    """Return what a place is of, whatever host, pool or place in a list: the path from its variable on, if any."""
    start = next((at for at, part in enumerate(path) if str(part).startswith("lync_")), len(path))
    return tuple("*" if isinstance(part, int) or "." in part else part for part in path[start:])


def slip_places(name: str) -> list[tuple[Path, str]]:
    """Return the places of an example that get a slip."""
    found = list(places(documents(name)))
    if name in SLIPPED_WHOLE:
        return found
    seen = {kind_of(path) for other in SLIPPED_WHOLE for path, _text in places(documents(other))} | {()}
    return list({kind_of(path): (path, text) for path, text in found if kind_of(path) not in seen}.values())


def slipped(text: str, chance: random.Random) -> str:
    """Return a text with one slip: a key too few, twice, beside the right one, or two in the wrong order."""
    at = chance.randrange(len(text))
    beside = _NEIGHBOURS.get(text[at].lower(), "x")
    swapped = text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]
    kinds = (text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:], text[:at] + beside + text[at + 1 :], swapped)
    return chance.choice([kind for kind in kinds if kind and kind != text])


def with_slip(document: Mapping[str, Any], path: Path, text: str) -> dict[str, Any]:
    """Return the document with another text at a place."""
    found = copy.deepcopy(dict(document))
    *way, last, kind = path
    inside: Any = found
    for step in way:
        inside = inside[step]
    if kind == "value":
        inside[last] = yaml.safe_load(text) if not isinstance(inside[last], str) and text.isdecimal() else text
    else:
        content = {text if key == last else key: value for key, value in inside.items()}
        inside.clear()
        inside.update(content)
    return found


@functools.cache
def outcome_of(name: str) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Return warnings and plan files of an example as it is."""
    plan = compile_inventory(inventory_of(documents(name)))
    return plan.warnings, _files_of(plan)


def _files_of(plan: Plan) -> dict[str, str]:
    """Return the plan files without how hosts are reached: ansible_host is Ansible's, and a slip of it may be
    somebody's own variable.
    """
    hosts = {name: replace(host, connection_host="") for name, host in plan.hosts.items()}
    return plan_files.rendered(replace(plan, hosts=hosts))


def judge(name: str, document: Mapping[str, Any]) -> str:
    """Return what becomes of a document: refused, warned, same, or changed."""
    try:
        plan = compile_inventory(inventory_of(document))
    except InvalidInputError:
        return "refused"
    warnings, files = outcome_of(name)
    if set(plan.warnings) - set(warnings):
        return "warned"
    return "same" if _files_of(plan) == files else "changed"


@pytest.mark.parametrize("name", NAMES)
def test_the_documents_are_what_ansible_reads(name: str) -> None:
    ours, theirs = inventory_of(documents(name)), example(name)
    assert {host: set(found.groups) for host, found in ours.items()} == {
        host: set(found.groups) for host, found in theirs.items()
    }
    assert [dict(found.variables) for _host, found in sorted(ours.items())] == [
        dict(found.variables) for _host, found in sorted(theirs.items())
    ]


@pytest.mark.no_cover
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_slip_of_a_key_is_never_silent(name: str) -> None:
    chance, document = random.Random(_SEED), documents(name)
    silent = []
    # A slip that makes the name of another host is one that nobody can tell.
    others = set(inventory_of(document))
    for path, text in slip_places(name):
        for _number in range(_SLIPS):
            typed = slipped(text, chance)
            if typed in others:
                continue
            found = judge(name, with_slip(document, path, typed))
            if found == "changed" and not is_free(path):
                silent.append((path, typed))
    assert silent == []
