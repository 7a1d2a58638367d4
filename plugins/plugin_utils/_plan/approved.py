# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan that was approved: read as it was written, or refused with the place where it is another.

    read_approved(Path("plan"), expected="9f86d0...") == Approved(plan, files, "9f86d0...")
    list(connection_problems(plan, {"fe01": "10.1.0.11"}))

An approved plan goes in place of the one computed from the inventory: a device unlike it is drift, and an inventory
unlike it is a pending change, which is listed and never made. What stands in a directory can be edited; its digests
tell an accident, and whoever gives the run the digest that was approved lets nothing of it be another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .._base.errors import InvalidInputError, Problem
from .._base.untyped import mapping, texts
from . import files as plan_files
from .diff import difference
from .documents import COLLECTION, VERSION
from .model import Plan

_AGAIN = "make the plan again, and have it approved"


@dataclass(frozen=True)
class Approved:
    """An approved plan, the texts of its files by path, their digest, and what the inventory changes of it by now, a
    line each.
    """

    plan: Plan
    files: Mapping[str, str]
    digest: str
    pending: tuple[str, ...] = ()


def compare_with_approved(directory: Path, computed: Plan) -> Approved:
    """Return the approved plan of a directory beside the computed one, whatever version made it; raises
    InvalidInputError when it is none.
    """
    plan = plan_files.read_plan(directory)
    files = plan_files.rendered(plan)
    digest = plan_files.plan_digest(plan_files.digests_of(files), plan.known_addresses)
    return Approved(plan, files, digest, difference(plan, computed).lines)


def read_approved(directory: Path, expected: str = "") -> Approved:
    """Return the plan of a directory, byte for byte the one that this version wrote there.

    expected: the digest that was approved, empty for any. Raises InvalidInputError with every place that is another.
    """
    index = plan_files.read_index(directory)
    problems = [*_index_problems(directory, index, expected), *_file_problems(directory, index)]
    if problems:
        raise InvalidInputError(problems)
    plan = plan_files.read_plan(directory)
    return Approved(plan, plan_files.rendered(plan), str(index["digest"]))


def _index_problems(directory: Path, index: Mapping[str, object], expected: str) -> Iterator[Problem]:
    place = f"plan {directory / plan_files.INDEX}"
    if index.get("collection") != COLLECTION or index.get("version") != VERSION:
        made = f"{index.get('collection')} {index.get('version')}"
        fix = f"{_AGAIN}, or run it with the version that made it"
        yield Problem(place, f"was made by {made}, and this is {COLLECTION} {VERSION}", fix=fix)
    elif index.get(plan_files.SEAL) != plan_files.sealed(index) or index.get("digest") != _digest_by(index):
        yield Problem(place, "was changed after it was written", fix=_AGAIN)
    if expected and index.get("digest") != expected:
        message = f"the plan has the digest {index.get('digest')}, approved is {expected}"
        yield Problem(place, message, fix="name the directory of the approved plan, or have this one approved")


def _digest_by(index: Mapping[str, object]) -> str:
    """Return the digest of the plan by all else that its index says."""
    digests = {str(path): str(digest) for path, digest in mapping(index.get("digests")).items()}
    return plan_files.plan_digest(digests, texts(index.get("known_addresses")))


def _file_problems(directory: Path, index: Mapping[str, object]) -> Iterator[Problem]:
    """Yield the documents that are not those of the index: changed, missing, or beside it."""
    wanted = {str(path): str(digest) for path, digest in mapping(index.get("digests")).items()}
    for path, digest in wanted.items():
        place = directory / path
        try:
            text = place.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            yield Problem(f"plan {place}", f"cannot be read: {error}", fix=_AGAIN)
            continue
        if plan_files.text_digest(text) != digest:
            yield Problem(f"plan {place}", "was changed after it was written", fix=_AGAIN)
    for place in sorted(directory.glob("*/*.json")):
        path = place.relative_to(directory).as_posix()
        if plan_files.is_document(path) and path not in wanted:
            yield Problem(f"plan {place}", "is not of this plan", fix=f"remove the file, or {_AGAIN}")


def connection_problems(plan: Plan, connections: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the hosts that Ansible would reach elsewhere than when the plan was made.

    connections: where it reaches the hosts of this run, by name: ansible_host, else the name itself.
    """
    for name, now in sorted(connections.items()):
        then = plan.hosts[name].connection_host if name in plan.hosts else ""
        if then and now != then:
            message = f"Ansible reaches it at {now}, and the plan was made for {then}"
            yield Problem(f"host {name}, ansible_host", message, fix=f"put it back, or {_AGAIN}")


def hosts_beside(plan: Plan, names: Iterable[str]) -> list[str]:
    """Return the hosts that a plan has nothing about, sorted."""
    return sorted(name for name in names if name not in plan.hosts)
