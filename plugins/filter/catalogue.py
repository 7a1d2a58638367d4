# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter over the port catalogue: which rows let one class reach another."""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue import pairs, query


def port_query(
    catalogue: object, source: str, destination: str, version: str | int | None = None, whole: bool = False
) -> list[dict[str, object]] | dict[str, object]:
    """Return the rows of a catalogue document that let a source reach a destination; whole: or why there are none."""
    asked = None if version is None else str(version)
    try:
        if whole:
            return pairs.answer_pair(catalogue, source, destination, asked)
        return query.port_query(catalogue, source, destination, asked)
    except (InvalidInputError, MissingLibraryError) as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """The filter port_query."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by name."""
        return {"port_query": port_query}
