# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans that were approved: byte for byte what was written, or refused with the place."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.approved import connection_problems, read_approved
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan, Plan
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plan.test_files import FILES, PLAN

KNOWN = ("10.1.0.11",)


def written(directory: Path) -> Path:
    plan_files.write(directory, FILES, KNOWN)
    return directory


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    approved = read_approved(written(tmp_path))
    assert (approved.plan.hosts, approved.plan.pools, approved.files) == (PLAN.hosts, PLAN.pools, FILES)
    assert approved.digest == plan_files.plan_digest(plan_files.digests_of(FILES), KNOWN)
    assert read_approved(tmp_path, approved.digest) == approved


@given(st.data())
def test_a_plan_that_differs_in_one_byte_is_refused_with_the_file(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = written(Path(name))
        path = directory / data.draw(st.sampled_from([*FILES, plan_files.INDEX]))
        content = bytearray(path.read_bytes())
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[position]))
        path.write_bytes(content)
        if path.name == plan_files.INDEX and _says_the_same(path):
            return
        with pytest.raises(InvalidInputError) as refused:
            read_approved(directory)
    places = [problem.place for problem in refused.value.problems]
    assert any(str(directory) in place for place in places)


def _says_the_same(index: Path) -> bool:
    """Return whether an index that differs in white space alone is left."""
    try:
        found = json.loads(index.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(found, dict) and found.get(plan_files.SEAL) == plan_files.sealed(found)


@pytest.mark.parametrize("now, is_refused", [("10.1.0.11", False), ("10.1.0.99", True), ("fe01", True)])
def test_a_host_must_be_reached_where_it_was(now: str, is_refused: bool) -> None:
    host = HostPlan("fe01", (), "2010", None, "windows", True, "active", (), connection_host="10.1.0.11")
    assert bool(list(connection_problems(Plan({"fe01": host}), {"fe01": now, "fe09": "10.1.0.9"}))) == is_refused
