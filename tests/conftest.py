# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make `ansible_collections.msuc.lync` importable from the checkout; `make setup` makes the link it goes by.

And what holds for all tests.
"""

from __future__ import annotations

import os
import pathlib
import sys
import threading
from collections.abc import Generator

import pytest
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from hypothesis import settings

ROOT = pathlib.Path(__file__).resolve().parents[1]
TREE = ROOT / ".collections"

# ansible-test installs a finder of its own and runs from a copy that has no such link.
if TREE.is_dir() and not AnsibleCollectionConfig.collection_finder:
    _AnsibleCollectionFinder(paths=[str(TREE)])._install()

# So that tests import their helpers as tests.lab and tests.tools, whoever starts pytest and from where.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# A property holds however busy the machine is.
# The same examples in every run, so that a red test is red for everybody.
settings.register_profile("ci", parent=settings(), deadline=None, derandomize=True)
settings.register_profile("dev", parent=settings(), deadline=None, derandomize=True, max_examples=10)
PROFILE = os.environ.get("LYNC_PROFILE", "ci")
settings.load_profile(PROFILE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slow ones, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if PROFILE == "dev":
        for item in items:
            _shorten(getattr(item, "obj", None))


def _shorten(test: object) -> None:
    """Let a property be tried with the profile's few examples, whatever number of its own it has."""
    own = getattr(test, "_hypothesis_internal_use_settings", None)
    if own is not None:
        test._hypothesis_internal_use_settings = settings(
            own, max_examples=min(own.max_examples, settings.default.max_examples)
        )  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run an unmeasured test without any tracing: in processes of xdist pytest-cov measures twice, and stops one of
    the two.

    Nor are hypothesis' hundreds of examples measured, which takes twice their time; what they run has examples of
    its own.
    """
    if not item.get_closest_marker("no_cover") and not getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        return (yield)
    traces = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    try:
        return (yield)
    finally:
        sys.settrace(traces[0])
        threading.settrace(traces[1])  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _programs_unmeasured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let programs that an unmeasured test starts run without measuring too."""
    if request.node.get_closest_marker("no_cover"):
        for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
            monkeypatch.delenv(name, raising=False)
