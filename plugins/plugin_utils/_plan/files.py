# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan files: one JSON file per host and pool, and an index; same plan, same bytes.

    DIR/index.json            {"collection": "msuc.lync", "version": "0.1.0", "catalogue": "...", "inventory": "...",
                               "known_addresses": ["10.1.0.0/24", ...], "files": ["hosts/fe01.json", ...],
                               "digests": {"hosts/fe01.json": "...", ...}, "digest": "...", "seal": "..."}
    DIR/hosts/HOST.json       plugins/plugin_utils/_plan/data/lync_plan.schema.json#/$defs/host
    DIR/pools/POOL.json       plugins/plugin_utils/_plan/data/lync_plan.schema.json#/$defs/pool
    DIR/affected_hosts.txt    with a baseline: names of the devices that the change touches, for --limit @FILE
    DIR/perimeter.csv, DIR/certificates.csv    for those who run the perimeter's firewalls and the certificates

Digests are SHA-256 in hexadecimal: of each document, of the plan (what tells one plan from another), and as a seal of
the index itself, so that a plan that was approved can be told from one that was edited (approved.py).

    read_plan(DIR) == the Plan that was written there, its warnings excepted

Files that an earlier run made here and this one does not are removed; a file of somebody else is never touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast
from urllib.parse import quote

from .._base.addresses import AddressSet, PortSet
from .._base.errors import InvalidInputError, Problem
from .._base.untyped import plan_schema_faults
from .documents import COLLECTION, VERSION, Document, DocumentError, load, plain
from .model import UNKNOWN_INPUTS, HostPlan, Inputs, Plan, PoolPlan

INDEX = "index.json"
SEAL = "seal"
AFFECTED = "affected_hosts.txt"
PERIMETER, CERTIFICATES = "perimeter.csv", "certificates.csv"
_KINDS = {"hosts": "host", "pools": "pool"}
_READERS: Mapping[str, Callable[[list[str]], object]] = {
    "localip": AddressSet.parse,
    "remoteip": AddressSet.parse,
    "localport": PortSet.parse,
    "remoteport": PortSet.parse,
}


def rendered(plan: Plan) -> dict[str, str]:
    """Return the text of every plan file by its path below the directory, the index excepted."""
    files = {host_path(name): text_of(plain(host)) for name, host in plan.hosts.items()}
    return files | {pool_path(name): text_of(plain(pool)) for name, pool in plan.pools.items()}


def parsed(files: Mapping[str, str]) -> dict[str, Document]:
    """Return the documents of rendered plan files by path."""
    return {path: json.loads(text) for path, text in files.items()}


def digests_of(files: Mapping[str, str]) -> dict[str, str]:
    """Return the digest of each document of a plan by path; papers beside them are no part of it."""
    return {path: text_digest(text) for path, text in sorted(files.items()) if is_document(path)}


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def plan_digest(digests: Mapping[str, str], known_addresses: Sequence[str] = ()) -> str:
    """Return what tells one plan from another: the digest over those of its documents and the addresses that it knows.
    """
    return text_digest(text_of([dict(digests), list(known_addresses)]))


def sealed(index: Mapping[str, object]) -> str:
    """Return the digest of all else that an index says."""
    return text_digest(text_of({key: value for key, value in index.items() if key != SEAL}))


def host_path(name: str) -> str:
    """Return the path of a host's plan file below the directory."""
    return f"hosts/{quote(name, safe='')}.json"


def pool_path(name: str) -> str:
    """Return the path of a pool's plan file below the directory."""
    return f"pools/{quote(name, safe='')}.json"


def write(
    directory: Path,
    files: Mapping[str, str],
    known_addresses: Sequence[str] = (),
    inputs: Inputs = UNKNOWN_INPUTS,
    names: Mapping[str, str] | None = None,
) -> list[str]:
    """Write files and index below a directory, remove what an earlier index lists and this run lacks; return changed
    paths.

    known_addresses, inputs, names: of the plan, for the index.

    Unchanged files are left alone. Raises InvalidInputError when the directory holds something that is not a plan.
    """
    stale = set(_earlier_files(directory)) - set(files)
    digests = digests_of(files)
    index = {
        "collection": COLLECTION,
        "version": VERSION,
        "catalogue": inputs.catalogue,
        "inventory": inputs.inventory,
        "known_addresses": list(known_addresses),
        "names": dict(names or {}),
        "files": sorted(files),
        "digests": digests,
        "digest": plan_digest(digests, known_addresses),
    }
    texts = {**files, INDEX: text_of({**index, SEAL: sealed(index)})}
    changed = [path for path, text in sorted(texts.items()) if _write_changed(directory / path, text)]
    for path in sorted(stale):
        (directory / path).unlink(missing_ok=True)
    return changed + sorted(stale)


def read_index(directory: Path) -> Document:
    """Return the index of a plan directory; raises InvalidInputError when it holds no plan."""
    if not (directory / INDEX).is_file():
        fix = "name a directory that playbooks/plan.yml wrote"
        raise InvalidInputError([_plan_problem(directory, "holds no plan: there is no index.json", fix)])
    return read_json(directory / INDEX)


def read(directory: Path) -> dict[str, Document]:
    """Return the documents of a plan directory by path; raises InvalidInputError when it is not a readable plan."""
    read_index(directory)
    paths = [path for path in _earlier_files(directory) if path.endswith(".json")]
    documents = {path: read_json(directory / path) for path in paths}
    problems = [
        problem
        for path, document in documents.items()
        for problem in _check_document(directory / path, path, document)
    ]
    if problems:
        raise InvalidInputError(problems)
    return documents


def read_plan(directory: Path) -> Plan:
    """Return the plan of a directory, which may be anybody's; raises InvalidInputError when it is not a readable plan.
    """
    plan = _build_plan(read(directory), lambda path: directory / path)
    known = read_known_addresses(directory)
    return replace(plan, known_addresses=known, inputs=_read_inputs(directory), names=_read_names(directory))


def load_plan(directory: Path) -> Plan:
    """Return the plan that this run wrote to a directory itself, without holding it to the schema again; nothing is an
    empty plan.
    """
    paths = [path for path in _earlier_files(directory) if path.endswith(".json")]
    plan = _build_plan({path: read_json(directory / path) for path in paths}, lambda path: directory / path)
    return replace(plan, known_addresses=read_known_addresses(directory), names=_read_names(directory))


def count_files(directory: Path) -> dict[str, int]:
    """Return the numbers of "hosts" and of "pools" that the index of a plan directory lists."""
    paths = _earlier_files(directory)
    return {folder: sum(path.startswith(f"{folder}/") for path in paths) for folder in _KINDS}


def read_known_addresses(directory: Path) -> tuple[str, ...]:
    """Return the addresses that the inventory of a plan names; raises InvalidInputError when the index has none."""
    index = directory / INDEX
    if not index.is_file():
        return ()
    found = read_json(index).get("known_addresses")
    try:
        return AddressSet.parse(map(str, cast("list[str]", found))).to_text()
    except (ValueError, TypeError) as error:
        fix = "make the plan again with playbooks/plan.yml"
        raise InvalidInputError([_plan_problem(index, "does not tell the addresses of its inventory", fix)]) from error


def _read_inputs(directory: Path) -> Inputs:
    """Return what a plan was made of, empty texts where its index does not tell."""
    found = read_json(directory / INDEX)
    return Inputs(*(str(found.get(name) or "") for name in ("version", "catalogue", "inventory")))


def _read_names(directory: Path) -> dict[str, str]:
    """Return what people call the addresses of a plan; nothing in one that an earlier version made."""
    index = directory / INDEX
    found = read_json(index).get("names") if index.is_file() else None
    return {str(text): str(name) for text, name in found.items()} if isinstance(found, dict) else {}


def load_host(document: Document) -> HostPlan:
    """Return the plan of a host from its document; raises DocumentError."""
    return load(HostPlan, document)


def load_pool(document: Document) -> PoolPlan:
    """Return the plan of a pool from its document; raises DocumentError."""
    return load(PoolPlan, document)


def _build_plan(documents: Mapping[str, Document], place: Callable[[str], Path]) -> Plan:
    hosts: list[HostPlan] = []
    pools: list[PoolPlan] = []
    problems: list[Problem] = []
    for path, document in documents.items():
        try:
            if path.startswith("hosts/"):
                hosts.append(load_host(document))
            else:
                pools.append(load_pool(document))
        except DocumentError as error:
            problems.append(_plan_problem(place(path), str(error), "make the plan again with playbooks/plan.yml"))
    if problems:
        raise InvalidInputError(problems)
    by_host, by_pool = {host.host: host for host in hosts}, {pool.pool: pool for pool in pools}
    return Plan(dict(sorted(by_host.items())), dict(sorted(by_pool.items())))


def _check_document(place: Path, path: str, document: Document) -> list[Problem]:
    texts = plan_schema_faults(_KINDS[path.partition("/")[0]], document) or _value_faults(document)
    return [_plan_problem(place, text, "make the plan again with playbooks/plan.yml") for text in texts]


def _value_faults(document: Document) -> list[str]:
    """Return which addresses and ports of a document that keeps the schema are none all the same: 10.1.0.999, 9-1."""
    found: list[str] = []
    for section in ("firewall_rules", "ipsec_exemptions", "media_flows"):
        for index, item in enumerate(cast("list[Mapping[str, list[str]]]", document.get(section, []))):
            for key, read in _READERS.items():
                try:
                    read(item[key])
                except ValueError as error:
                    found.append(f"$.{section}[{index}].{key}: {error}")
    return found


def _earlier_files(directory: Path) -> list[str]:
    index = directory / INDEX
    if not index.exists():
        return []
    listed = read_json(index).get("files")
    if not isinstance(listed, list) or not all(isinstance(path, str) and _is_plan_path(path) for path in listed):
        raise InvalidInputError([_plan_problem(index, "is not the index of a plan", "choose another lync_plan_dir")])
    return [str(path) for path in listed]


def _is_plan_path(path: str) -> bool:
    """Return whether a path of an index is one that this module makes, so that no index leads to a foreign file."""
    return is_document(path) or path in (AFFECTED, PERIMETER, CERTIFICATES)


def is_document(path: str) -> bool:
    """Return whether a path below a plan directory is that of a host or pool."""
    folder, _slash, name = path.partition("/")
    return folder in _KINDS and "/" not in name and name.endswith(".json")


def read_json(path: Path) -> Document:
    """Return the JSON object of a file; raises InvalidInputError when it is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            [_plan_problem(path, f"cannot be read: {error}", "make the plan again with playbooks/plan.yml")]
        ) from error
    if not isinstance(document, dict):
        raise InvalidInputError(
            [_plan_problem(path, "is not a JSON object", "make the plan again with playbooks/plan.yml")]
        )
    return document


def _plan_problem(path: Path, message: str, fix: str) -> Problem:
    return Problem(f"plan {path}", message, fix=fix)


def text_of(document: object) -> str:
    """Return a document as the text of its file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _write_changed(path: Path, text: str) -> bool:
    """Write a file if its content differs, by rename, so that a reader never sees half of it."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".plan-")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(name, 0o644)
    os.replace(name, path)
    return True


def affected_text(devices: Iterable[str]) -> str:
    """Return the text of the file that --limit @FILE reads: a name a line, sorted."""
    return "".join(f"{name}\n" for name in sorted(set(devices)))
