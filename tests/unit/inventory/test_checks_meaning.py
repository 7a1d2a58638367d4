# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Input that means less than it seems; the texts of its errors and warnings are in test_errors and test_fields."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import Version
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.meaning import FEATURE_VERSIONS, MEANINGS
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import Topology
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.variables import HOST_VARIABLES

from .sample import GROUPS, Path, changed


def topology(changes: Mapping[Path, object]) -> Topology:
    """Return the topology of the sample with these changes."""
    return read_topology(changed(changes))


def test_a_host_that_leaves_keeps_its_variables() -> None:
    """Out of its group, it is known by them until it is retired."""
    changes = {("rp01", GROUPS): ("retired_servers",), ("rp01", "lync_reverse_proxy_driver"): "nginx"}
    assert read_topology(changed(changes), leaving=["rp01"]).hosts
    assert topology({**changes, ("rp01", "lync_member_state"): "retired"}).hosts
    with pytest.raises(InvalidInputError, match="lync_reverse_proxy_driver"):
        topology(changes)


def test_what_all_hosts_have_is_no_sign_of_a_role() -> None:
    assert topology({("all", "lync_balancer_driver"): "haproxy", ("all", "lync_apply"): "handout"}).hosts


def test_a_value_that_is_shared_with_a_role_is_no_sign_of_one() -> None:
    """A group above a role and others hands its value to all of them, as one object."""
    driver = "".join(("hap", "roxy"))
    assert topology({("lb01", "lync_balancer_driver"): driver, ("other", "lync_balancer_driver"): driver}).hosts


@pytest.mark.parametrize("group", ["pstn_gateway", "reverse_proxys", "Edges", "front-end", "load balancer"])
def test_groups_of_ones_own_may_be_nearly_a_role(group: str) -> None:
    changes: dict[Path, object] = {("other", GROUPS): (group,)}
    with pytest.raises(InvalidInputError, match="did you mean"):
        topology(changes)
    assert topology({**changes, ("all", "lync_local_groups"): [group]}).hosts


@pytest.mark.parametrize("group", ["gateways", "sql", "web", "windows", "edge_routers"])
def test_other_groups_are_of_others(group: str) -> None:
    assert topology({("other", GROUPS): (group,)}).hosts


def test_versions_of_features_are_those_of_the_catalogue() -> None:
    found: dict[str, set[str]] = {}
    catalogue = parse(read_document(default_path()))
    for row in (*catalogue.ports, *catalogue.ipsec):
        for feature in row.features:
            found.setdefault(feature, set()).update(version.value for version in row.versions)
    every = {version.value for version in Version}
    lacking = {feature: versions for feature, versions in found.items() if versions != every}
    assert lacking == {feature: {each.value for each in versions} for feature, versions in FEATURE_VERSIONS.items()}


@pytest.mark.parametrize("version", [version.value for version in Version])
@pytest.mark.parametrize("feature", FEATURE_VERSIONS)
def test_a_feature_is_taken_exactly_in_its_versions(feature: str, version: str) -> None:
    changes: dict[Path, object] = {("all", "lync_version"): version, ("all", "lync_features"): [feature]}
    if Version(version) in FEATURE_VERSIONS[feature]:
        assert topology(changes).hosts
    else:
        with pytest.raises(InvalidInputError, match=f"version {version} has no {feature}"):
            topology(changes)


def test_a_feature_of_one_version_of_two_is_one() -> None:
    """Set for all, it means something on the servers that have it."""
    assert topology({("all", "lync_features"): ["xmpp"], ("med01", "lync_version"): "2013"}).hosts


def test_meanings_are_of_variables() -> None:
    assert set(MEANINGS) <= {variable.name for variable in HOST_VARIABLES}
