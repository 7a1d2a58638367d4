# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of a site to what a topology cannot know: the file of questions, and how answers join an import.

    all: {lync_client_networks: [10.10.0.0/16]}
    hosts: {fe01.contoso.com: 10.1.0.11, edge01.contoso.com: {lync_external_nat_addresses: {...}}}
    pools: {pool01.contoso.com: {load_balancing: dns, web_vip: 10.1.0.100, balancer: lb01}}
    more_hosts: {load_balancers: {lb01: {ansible_host: 10.1.0.5, lync_balancer_driver: haproxy}}}

A host of more_hosts is one that no topology has. A key without a value is a question that is still open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .._base.errors import InvalidInputError, Problem, correction, name_correction, names_text, one_of, shown
from .._base.libraries import yaml
from .._base.untyped import mapping
from .._catalogue.model import ROLES
from .._inventory.pool_fields import POOL_FIELDS
from .._inventory.variables import DEPLOYMENT_VARIABLES, HOST_VARIABLES, POOLS
from .draft import Imported, Question
from .source import BYTES_MAXIMUM, refusal

SECTIONS = ("all", "hosts", "pools", "more_hosts")
_FEATURES = "lync_features"
_OF_HOSTS = frozenset(variable.name for variable in HOST_VARIABLES)
_OF_ALL = _OF_HOSTS | {variable.name for variable in DEPLOYMENT_VARIABLES} - {POOLS.name}
_OF_POOLS = frozenset(one.name for one in POOL_FIELDS) - {"role"}
_FOREIGN = ("ansible_",)

Variables = Mapping[str, object]


@dataclass(frozen=True)
class Answers:
    """What a site answered; hosts and more_hosts by name, those of more_hosts within their role."""

    all: Variables = field(default_factory=dict)
    hosts: Mapping[str, object] = field(default_factory=dict)
    pools: Mapping[str, Variables] = field(default_factory=dict)
    more_hosts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def read_answers(path: Path, found: Imported) -> Answers:
    """Return the answers of a file; raises InvalidInputError with everything in it that nothing would read."""
    document = _load(path)
    problems = list(_problems(document, str(path), found))
    if problems:
        raise InvalidInputError(problems)
    sections = {name: mapping(document.get(name)) for name in SECTIONS}
    return Answers(
        all=_answered(sections["all"]),
        hosts=_answered(sections["hosts"]),
        pools={name: _answered(mapping(value)) for name, value in sections["pools"].items()},
        more_hosts={role: _answered(mapping(hosts)) for role, hosts in sections["more_hosts"].items()},
    )


def _answered(values: Variables) -> dict[str, object]:
    """Return what has a value, parts of variables too; a question without one is open."""
    given = {str(name): value for name, value in values.items() if value is not None}
    return {name: _answered(value) if isinstance(value, dict) else value for name, value in given.items()}


def _load(path: Path) -> Variables:
    try:
        if path.stat().st_size > BYTES_MAXIMUM:
            raise refusal(str(path), "the file is too large", f"up to {BYTES_MAXIMUM} bytes")
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        fix = "leave lync_topology_answers out: the first import writes the questions"
        raise refusal(str(path), f"the answers cannot be read: {error}", fix=fix) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # a date that is none is a ValueError
        raise refusal(str(path), f"the answers are no YAML: {' '.join(str(error).split())}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise refusal(str(path), f"{shown(document)} is not a mapping", f"keys {', '.join(SECTIONS)}")
    return document


def _problems(document: Variables, place: str, found: Imported) -> Iterator[Problem]:
    for name, value in document.items():
        if name not in SECTIONS:
            message, fix = f"{shown(name)} is no part of the answers", correction(str(name), SECTIONS)
            yield Problem(place, message, one_of(SECTIONS), fix)
        elif value is not None and not isinstance(value, dict):
            yield Problem(f"{place}, {name}", f"{shown(value)} is not a mapping", "names and values")
    yield from _variable_problems(f"{place}, all", mapping(document.get("all")), _OF_ALL)
    for host, given in mapping(document.get("hosts")).items():
        yield from _host_problems(f"{place}, hosts", str(host), given, found)
    for pool, given in mapping(document.get("pools")).items():
        yield from _pool_problems(f"{place}, pools", str(pool), given, found)
    for role, hosts in mapping(document.get("more_hosts")).items():
        if role not in ROLES:
            message, fix = f"{shown(role)} is not a role", correction(str(role), ROLES)
            yield Problem(f"{place}, more_hosts", message, one_of(ROLES), fix)
        for host, given in mapping(hosts).items():
            yield from _value_problems(f"{place}, more_hosts.{role}.{host}", given)


def _host_problems(place: str, host: str, given: object, found: Imported) -> Iterator[Problem]:
    if host not in found.hosts:
        fix = name_correction(host, found.hosts, "a host that the topology lacks belongs to more_hosts, below its role")
        yield Problem(place, f"the topology has no host {shown(host)}", names_text(found.hosts), fix)
    yield from _value_problems(f"{place}.{host}", given)


def _pool_problems(place: str, pool: str, given: object, found: Imported) -> Iterator[Problem]:
    if pool not in found.pools:
        fix = name_correction(pool, found.pools, "remove it")
        yield Problem(place, f"the topology has no pool {shown(pool)}", names_text(found.pools), fix)
    if given is not None and not isinstance(given, dict):
        yield Problem(f"{place}.{pool}", f"{shown(given)} is not a mapping", one_of(_OF_POOLS))
    for key in mapping(given):
        if key not in _OF_POOLS:
            fix = correction(str(key), _OF_POOLS, "remove it")
            yield Problem(f"{place}.{pool}", f"{shown(key)} is no key of a pool", one_of(_OF_POOLS), fix)


def _value_problems(place: str, given: object) -> Iterator[Problem]:
    """Yield what is wrong with the answer of a host: an address, a list of them, or variables."""
    if isinstance(given, dict):
        yield from _variable_problems(place, given, _OF_HOSTS)
    elif not all(one is None or isinstance(one, str) for one in (given if isinstance(given, list) else [given])):
        yield Problem(place, f"{shown(given)} is no address", "an address, a list of them, or a mapping of variables")


def _variable_problems(place: str, given: Variables, known: frozenset[str]) -> Iterator[Problem]:
    for name in given:
        if name not in known and not str(name).startswith(_FOREIGN):
            fix = "write it below pools" if name == POOLS.name else correction(str(name), known, "remove it")
            yield Problem(place, f"there is no variable {shown(name)} here", fix=fix)


def with_answers(found: Imported, answers: Answers) -> Imported:
    """Return an import with the answers in it; the questions that they answer are gone."""
    notes = list(found.notes)
    hosts = {name: dict(variables) for name, variables in found.hosts.items()}
    groups = {role: list(names) for role, names in found.groups.items()}
    for name, value in answers.hosts.items():
        is_edge = name in found.groups.get("edge", ())
        given = _host_variables(value, "lync_internal_address" if is_edge else "lync_address")
        notes += _replaced(f"host {name}", hosts[name], given)
        hosts[name] = _merged(hosts[name], given)
    for role, more in answers.more_hosts.items():
        for name, value in more.items():
            hosts[name] = _merged(hosts.get(name, {}), _host_variables(value, "ansible_host"))
            groups.setdefault(role, []).append(name)
    deployment = dict(found.deployment)
    more_features = answers.all.get(_FEATURES)
    notes += _replaced("all hosts", deployment, {key: value for key, value in answers.all.items() if key != _FEATURES})
    deployment |= {key: value for key, value in answers.all.items() if key != _FEATURES}
    _add_features(more_features, deployment, hosts)
    pools = {name: dict(pool) for name, pool in found.pools.items()}
    for name, keys in answers.pools.items():
        notes += _replaced(f"pool {name}", pools[name], keys)
        pools[name] = _merged(pools[name], keys)
    deployment["lync_pools"] = pools
    made = replace(
        found,
        hosts={name: dict(sorted(variables.items())) for name, variables in hosts.items()},
        groups={role: tuple(dict.fromkeys(names)) for role, names in sorted(groups.items())},
        deployment=deployment,
        notes=tuple(dict.fromkeys(notes)),
    )
    return replace(made, questions=tuple(question for question in found.questions if is_open(question, made)))


def _host_variables(value: object, address: str) -> dict[str, object]:
    return _answered(value) if isinstance(value, dict) else {address: value}


def _merged(known: Variables, given: Variables) -> dict[str, object]:
    """Return one mapping over another, mappings within them likewise."""
    merged = dict(known)
    for key, value in given.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _replaced(place: str, known: Variables, given: Variables) -> Iterator[str]:
    """Yield what an answer says otherwise than the topology."""
    for key, value in given.items():
        old = known.get(key)
        if key in known and old != value and not isinstance(value, dict):
            yield f"{place}, {key}: the answer {shown(value)} goes before {shown(old)} of the topology"


def _add_features(more: object, deployment: dict[str, object], hosts: Mapping[str, dict[str, object]]) -> None:
    """Add features to those of the topology, of all hosts and of those that have their own."""
    added = [str(one) for one in more] if isinstance(more, list) else [str(more)] if more else []
    for variables in (deployment, *(one for one in hosts.values() if _FEATURES in one)):
        own = variables.get(_FEATURES)
        variables[_FEATURES] = sorted({*(map(str, own) if isinstance(own, list) else ()), *added})


def is_open(question: Question, found: Imported) -> bool:
    """Return whether nothing answers a question: the first of its keys decides, and each part of a variable."""
    if question.section == "more_hosts":
        return question.name not in found.groups
    by_name = {"hosts": found.hosts, "pools": found.pools}
    own = mapping(by_name[question.section].get(question.name)) if question.section in by_name else found.deployment
    parts = [key for key in question.keys if "." in key] or question.keys[:1]
    return any(_value(own, key) is None for key in parts) or question.keys == (_FEATURES,)


def _value(values: Variables, key: str) -> object:
    """Return the value of a key such as sql.port, None where there is none."""
    value: object = values
    for part in key.split("."):
        value = mapping(value).get(part)
    return value


def questions_text(found: Imported, source: str) -> str:
    """Return the file of questions, in which every line that needs an answer stands without one."""
    lines = [
        f"# What {source} does not say. The import wrote this file once and never writes it again: it is yours.",
        "# Write the answers behind the colons, and import again. Lines behind # are for those who need them.",
        "# Every variable is explained by: ansible-doc -t role msuc.lync.plan",
    ]
    for section in SECTIONS:
        lines += _section_lines(section, [one for one in found.questions if one.section == section])
    return "\n".join([*lines, ""])


def _section_lines(section: str, questions: list[Question]) -> Iterator[str]:
    if not questions:
        return
    names = dict.fromkeys(one.name for one in questions)
    needed = any(one.is_needed for one in questions)
    yield from ("", f"{section}:" if needed else f"# {section}:")
    last = ""
    for name in names:
        own = sorted((one for one in questions if one.name == name), key=lambda one: not one.is_needed)
        for one in own:
            if one.text != last:
                yield f"  # {one.text}"
            last = one.text
            yield f"  {'' if one.is_needed and one is own[0] else '# '}{_key_text(one)}"


def _key_text(question: Question) -> str:
    if question.section == "all":
        return f"{question.keys[0]}:"
    if question.section == "more_hosts":
        return f"{question.name}: {{}}"
    if question.keys in (("lync_address",), ("lync_internal_address",)):
        return f"{question.name}:"
    keys = dict.fromkeys(key.partition(".")[0] for key in question.keys)
    inside = {key: ", ".join(f"{part}: " for part in _parts(question, key)).strip() for key in keys}
    texts = (f"{key}: {{{parts}}}" if parts else f"{key}: " for key, parts in inside.items())
    return f"{question.name}: {{{', '.join(texts).strip()}}}"


def _parts(question: Question, key: str) -> list[str]:
    """Return the parts of a variable that a question asks for, where it asks for several."""
    parts = [one.partition(".")[2] for one in question.keys if one.startswith(f"{key}.")]
    return parts if len(parts) > 1 else []
