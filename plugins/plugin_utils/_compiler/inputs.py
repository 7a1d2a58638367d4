# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan was made of, as digests: two plans of one inventory that differ do so because of the collection alone.

    inputs_of(inventory).catalogue == inputs_of(other).catalogue
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping

from .._catalogue.load import default_path
from .._inventory import variables as v
from .._inventory.model import InventoryHost
from .._plan.documents import VERSION
from .._plan.model import Inputs

_SHARED = frozenset(each.name for each in v.DEPLOYMENT_VARIABLES if not each.is_secret)
_OWN = frozenset(each.name for each in v.HOST_VARIABLES if not each.is_secret) | {"ansible_host"}


def inputs_of(inventory: Mapping[str, InventoryHost], leaving: Collection[str] = ()) -> Inputs:
    """Return the digests of what a plan is made of; no secret counts, and no option of a run but who leaves."""
    found = hashlib.sha256()
    for text in _texts(inventory, leaving):
        found.update(f"{text}\n".encode())
    return Inputs(VERSION, _shipped_catalogue(), found.hexdigest())


def _texts(inventory: Mapping[str, InventoryHost], leaving: Collection[str]) -> Iterator[str]:
    """Yield the inventory as lines that no order of mappings changes; what all hosts share once."""
    variables = [host.variables for _name, host in sorted(inventory.items())]
    shared = {key: each[key] for each in variables for key in _SHARED & each.keys()}
    yield _text([sorted(leaving), shared])
    for name, host in sorted(inventory.items()):
        yield _text([name, sorted(host.groups), {key: host.variables[key] for key in _OWN & host.variables.keys()}])


def _text(value: object) -> str:
    return json.dumps(_ordered(value), ensure_ascii=True)


def _ordered(value: object) -> object:
    """Return a value of lists and texts alone, mappings by the texts of their keys."""
    if isinstance(value, Mapping):
        return sorted([str(key), _text(each)] for key, each in value.items())
    return [_ordered(each) for each in value] if isinstance(value, (list, tuple)) else str(value)


@functools.cache
def _shipped_catalogue() -> str:
    return hashlib.sha256(default_path().read_bytes()).hexdigest()
