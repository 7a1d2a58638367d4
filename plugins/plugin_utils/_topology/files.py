# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of an import: an inventory that is written anew each time, and how it differs from the last one.

    DIR/hosts.yml, DIR/group_vars/all/topology.yml     written by each import, with the digest of the topology's file
    DIR.answers.yml                                    beside it: written once, then the site's own

Equal topology and answers make equal bytes.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from .._base.errors import InvalidInputError, Problem
from .._base.libraries import yaml
from .._base.untyped import mapping, printed, result_text
from .draft import Imported
from .source import BYTES_MAXIMUM, refusal

HOSTS, VARIABLES = "hosts.yml", "group_vars/all/topology.yml"
_MARK = "# Made by msuc.lync.import_topology"
_WIDTH = 150


def answers_path(directory: Path) -> Path:
    """Return where the answers of an inventory directory are: beside it, since Ansible would read them inside."""
    named = directory if directory.name not in ("", ".", "..") else directory.resolve()
    return named.with_name(f"{named.name}.answers.yml")


def digest_of(content: bytes) -> str:
    """Return the digest of a topology's file."""
    return hashlib.sha256(content).hexdigest()


def texts_of_import(found: Imported, source: str, digest: str) -> dict[str, str]:
    """Return the files of an import by their paths below the directory."""
    head = [
        f"{_MARK} of {printed(source)}; the next import writes it again.",
        "# Answers belong into the file beside this directory, variables of yours into files of their own.",
        f"# sha256 of the topology: {digest}",
    ]
    listed = ["# What the topology has and no variable says:", *(f"#   {printed(note)}" for note in found.notes)]
    notes = listed if found.notes else []
    return {
        HOSTS: "\n".join(["---", *head, _yaml(_hosts_document(found))]),
        VARIABLES: "\n".join(["---", *head, *notes, _yaml(dict(found.deployment))]),
    }


def _yaml(document: object) -> str:
    text: str = yaml.dump(
        document, Dumper=_plain_dumper(), sort_keys=False, default_flow_style=None, width=_WIDTH, allow_unicode=True
    )
    return text


def _plain_dumper() -> type:
    """Return a dumper that writes equal values each time: one that is used twice is no anchor."""

    class Plain(yaml.SafeDumper):
        """Writes without anchors."""

        def ignore_aliases(self, data: object) -> bool:
            """Return that nothing is written as an alias."""
            return True

    return Plain


def _hosts_document(found: Imported) -> dict[str, object]:
    """Return the inventory: a host with its variables in the first of its groups, by its name in the others."""
    written: set[str] = set()
    children: dict[str, object] = {}
    for role, names in found.groups.items():
        hosts: dict[str, object] = {}
        for name in names:
            variables = dict(found.hosts.get(name, {}))
            hosts[name] = variables if variables and name not in written else None
            written.add(name)
        children[role] = {"hosts": hosts}
    return {"all": {"children": children}}


def last_import(directory: Path) -> Mapping[str, object] | None:
    """Return the documents of the last import, None where there was none.

    Raises InvalidInputError where a file in its place is of somebody else.
    """
    documents = {}
    problems = []
    for name in (HOSTS, VARIABLES):
        path = directory / name
        text = _text_of(path)
        if text is not None and _MARK not in text[:400]:
            message = "the file was not made by an import, and would be lost"
            problems.append(Problem(str(path), message, fix="move it away, or name another lync_inventory_dir"))
        documents[name] = text
    if problems:
        raise InvalidInputError(problems)
    if not any(documents.values()):
        return None
    return {name: _parsed(text or "") for name, text in documents.items()}


def _text_of(path: Path) -> str | None:
    try:
        if not path.exists():
            return None
        if path.stat().st_size > BYTES_MAXIMUM:
            raise refusal(str(path), "the file is too large", f"up to {BYTES_MAXIMUM} bytes")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise refusal(str(path), f"the file cannot be read: {error.strerror}") from error


def _parsed(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}  # spoilt by hand: everything is new


def differences(before: Mapping[str, object], texts: Mapping[str, str]) -> list[str]:
    """Return what an import makes otherwise than the last one, a line each."""
    after = {name: _parsed(text) for name, text in texts.items()}
    old, new = _hosts_of(before.get(HOSTS)), _hosts_of(after.get(HOSTS))
    lines = [f"host {name} is new" for name in sorted(new.keys() - old.keys())]
    lines += [f"host {name} is gone" for name in sorted(old.keys() - new.keys())]
    for name in sorted(old.keys() & new.keys()):
        lines += _value_lines(f"host {name}", old[name], new[name])
    old_variables, new_variables = (dict(mapping(each.get(VARIABLES))) for each in (before, after))
    old_pools, new_pools = (mapping(each.pop("lync_pools", {})) for each in (old_variables, new_variables))
    lines += _value_lines("all hosts", old_variables, new_variables)
    lines += [f"pool {name} is new" for name in sorted(new_pools.keys() - old_pools.keys())]
    lines += [f"pool {name} is gone" for name in sorted(old_pools.keys() - new_pools.keys())]
    for name in sorted(old_pools.keys() & new_pools.keys()):
        lines += _value_lines(f"pool {name}", mapping(old_pools[name]), mapping(new_pools[name]))
    return lines


def _hosts_of(document: object) -> dict[str, dict[str, object]]:
    """Return the variables of each host of an inventory, its groups as one of them."""
    found: dict[str, dict[str, object]] = {}
    groups = mapping(mapping(mapping(document).get("all")).get("children"))
    for group, content in groups.items():
        for name, variables in mapping(mapping(content).get("hosts")).items():
            own = found.setdefault(str(name), {"groups": []})
            own |= mapping(variables)
            own["groups"] = [*_listed(own["groups"]), str(group)]
    return found


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _value_lines(place: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield f"{place}, {key}: {result_text(old.get(key))} -> {result_text(new.get(key))}"


def write_texts(directory: Path, texts: Mapping[str, str]) -> list[str]:
    """Write files whose content differs, each whole or not at all; returns their paths. Raises OSError."""
    changed = []
    for name, text in texts.items():
        path = directory / name
        if path.is_file() and path.read_bytes() == text.encode("utf-8"):
            continue
        write_whole(path, text)
        changed.append(str(path))
    return changed


def write_whole(path: Path, text: str) -> None:
    """Write a file by renaming another over it; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)
