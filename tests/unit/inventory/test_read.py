# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which variables are read, and how often they are templated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_inventory


class HostVars(Mapping[str, Mapping[str, object]]):
    """Hostvars as Ansible has them: raw_get gives texts as written, [] gives them templated and counts."""

    def __init__(self, raw: Mapping[str, Mapping[str, object]], templated: Mapping[str, object]) -> None:
        self._raw, self._templated, self.asked = raw, templated, 0

    def raw_get(self, name: str) -> Mapping[str, object]:
        return self._raw[name]

    def __getitem__(self, name: str) -> Mapping[str, object]:
        self.asked += 1
        return {
            key: self._templated[str(value)] for key, value in self._raw[name].items() if str(value) in self._templated
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


def test_only_what_the_collection_knows_is_read() -> None:
    variables = {
        "group_names": ["frontend", "web"],
        "ansible_host": "10.1.0.11",
        "ansible_password": "secret",
        "lync_pool": "p",
        "app_port": 80,
    }
    assert read_inventory({"fe01": variables}) == {
        "fe01": InventoryHost("fe01", ("frontend", "web"), {"ansible_host": "10.1.0.11", "lync_pool": "p"}),
    }


def test_variables_that_cannot_be_read_by_others_do_not_matter() -> None:
    """A vaulted or undefined variable of somebody else is never templated."""
    hostvars = HostVars({"fe01": {"group_names": ["all"], "other_secret": "{{ undefined }}", "lync_pool": "p"}}, {})
    assert read_inventory(hostvars)["fe01"].variables == {"lync_pool": "p"}
    assert hostvars.asked == 0


def test_templates_are_resolved_wherever_they_stand() -> None:
    nested = {"vip": ["{{ x }}"]}
    variables = {"group_names": ["all"], "lync_site": "{{ x }}", "lync_pools": nested}
    hostvars = HostVars({"fe01": variables}, {"{{ x }}": "berlin", str(nested): {"vip": ["10.1.0.1"]}})
    assert read_inventory(hostvars)["fe01"].variables == {"lync_site": "berlin", "lync_pools": {"vip": ["10.1.0.1"]}}


def test_a_template_that_cannot_be_resolved_stays_as_text() -> None:
    hostvars = HostVars({"fe01": {"group_names": ["all"], "lync_site": "{{ nowhere }}"}}, {})
    assert read_inventory(hostvars)["fe01"].variables == {"lync_site": "{{ nowhere }}"}


@pytest.mark.parametrize("variables", [{}, {"group_names": []}, {"group_names": "frontend"}])
def test_a_host_without_groups_is_none_of_the_inventory(variables: dict[str, object]) -> None:
    """Older versions of Ansible list their implicit localhost."""
    assert read_inventory({"localhost": variables}) == {}


def test_a_value_that_holds_itself_is_read() -> None:
    """YAML can say so: x: &x [*x]."""
    endless: list[object] = []
    endless.append(endless)
    assert (
        read_inventory({"fe01": {"group_names": ["all"], "lync_pools": endless}})["fe01"].variables["lync_pools"]
        is endless
    )
