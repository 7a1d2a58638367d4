# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reverse proxy is to publish in a run, and what waits."""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.publication_scope import publishing_scope

from tests.unit.publications.samples import ONE, OTHER


def test_a_pool_waits_for_its_members_and_its_load_balancer_and_nothing_is_taken_away_meanwhile() -> None:
    items: Any = [plain(ONE), plain(OTHER)]
    assert publishing_scope(items, {}, {"lb01": [ONE.name]}, {}) == {
        "publications": items,
        "state": "replaced",
        "waiting": {},
    }
    waiting = {ONE.name: "fe01 not part of this run"}
    expected = {"publications": items[1:], "state": "merged", "waiting": waiting}
    assert (
        publishing_scope(items, {**waiting, "pool09": "fe09 not as planned"}, {"lb01": [ONE.name]}, {"lb01": False})
        == expected
    )
    failed = publishing_scope(items, {}, {"lb01": [ONE.name], "lb02": [OTHER.name]}, {"lb01": False, "lb02": True})
    assert (failed["state"], failed["waiting"]) == ("merged", {ONE.name: "lb01 is not as planned"})
