# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How errors are told, short however many hosts and names there are; and what happens without a library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import netaddr
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base import libraries as dependencies
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import (
    InvalidInputError,
    Problem,
    correction,
    hosts_text,
    name_correction,
    names_text,
    nearest,
    one_of,
    shown,
    slips,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("host fe01", "x is wrong"), "host fe01: x is wrong"),
        (Problem("host fe01", "x is wrong", "a, b"), "host fe01: x is wrong; allowed: a, b"),
        (Problem("host fe01", "x is wrong", fix="do y"), "host fe01: x is wrong; fix: do y"),
        (Problem("host fe01", "x is wrong", "a, b", "do y"), "host fe01: x is wrong; allowed: a, b; fix: do y"),
    ],
)
def test_a_problem_in_words(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_all_problems_are_told_once_and_sorted() -> None:
    error = InvalidInputError([Problem("b", "y"), Problem("a", "x"), Problem("b", "y")])
    assert error.problems == (Problem("a", "x"), Problem("b", "y"))
    assert str(error) == error.report() == "2 errors in the input:\n  - a: x\n  - b: y"
    assert str(InvalidInputError([Problem("a", "x")])).startswith("1 error in the input:")
    told = error.report(untouched=True)
    assert told.startswith("2 errors in the input; nothing was contacted or written:\n  - a: x\n")


def test_values_are_shown_short() -> None:
    assert shown("x") == "'x'"
    assert shown("x" * 118) == repr("x" * 118)
    assert len(shown("x" * 500)) == 120
    assert shown("x" * 500).endswith("...")


def test_a_number_that_python_does_not_write_out_is_told_all_the_same() -> None:
    assert shown(10**5000) == "a int too large to show"


def test_words_are_sorted_and_the_nearest_found() -> None:
    assert one_of(("b", 10, "a")) == "10, a, b"
    assert nearest("frontends", ("frontend", "edge")) == "frontend"
    assert nearest("zzz", ("frontend", "edge")) == ""
    assert nearest("x", ()) == ""


WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(("defusedxml", "dns", "netaddr", "jmespath", "jsonschema", "yaml")))
sys.path.insert(0, sys.argv[1])
from plugins.plugin_utils._base import addresses, libraries as dependencies
from plugins.plugin_utils._compiler import compile, services
from plugins.plugin_utils._plan import files
from plugins.plugin_utils._dns import records, reconcile
from plugins.plugin_utils._topology import read, run
for use in (lambda: addresses.AddressSet.parse(["10.0.0.1"]), lambda: compile.compile_inventory({}),
           lambda: records.canonical("A", "10.0.0.1"), lambda: read.read_topology_bytes(b"<Topology/>", "t.xml")):
    try:
        use()
    except dependencies.MissingLibraryError as error:
        print(error)
"""


def test_without_libraries_everything_imports_and_the_first_use_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT, str(ROOT)], capture_output=True, text=True, check=True)
    told = f"the Python library {{0}} is missing on the controller; install with: {sys.executable} -m pip install {{0}}"
    assert done.stdout.splitlines()[0] == told.format("netaddr")
    assert done.stdout.splitlines()[1] in (told.format("pyyaml"), told.format("netaddr"), told.format("jsonschema"))
    assert done.stdout.splitlines()[2:] == [told.format("dnspython"), told.format("defusedxml")]


def test_libraries_that_are_there_are_themselves() -> None:
    assert dependencies.netaddr.IPNetwork is netaddr.IPNetwork
    with pytest.raises(AttributeError, match="no_such"):
        dependencies.netaddr.no_such  # noqa: B018


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "host h0"),
        (2, "hosts h0, h1"),
        (3, "hosts h0, h1, h2"),
        (4, "hosts h0, h1, h2 and 1 more"),
        (9, "hosts h0, h1, h2 and 6 more"),
    ],
)
def test_hosts_text(count: int, expected: str) -> None:
    assert hosts_text(f"h{number}" for number in range(count)) == expected


def test_hosts_text_counts_a_host_once() -> None:
    assert hosts_text(["a", "b", "a", "c"]) == "hosts a, b, c"


@pytest.mark.parametrize(
    ("count", "end"), [(20, "n18, n19"), (21, "n18, n19 and 1 more"), (99, "n18, n19 and 79 more")]
)
def test_names_text(count: int, end: str) -> None:
    found = names_text([f"n{number:02}" for number in range(count)])
    assert (found.startswith("n00, n01, "), found.endswith(end)) == (True, True)


@pytest.mark.parametrize(
    ("word", "expected"), [("federatoin", "write federation"), ("zzz", "otherwise"), ("2011", "otherwise")]
)
def test_correction(word: str, expected: str) -> None:
    assert correction(word, ["federation", "2010"], "otherwise") == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("pool1.contoso.com", "write pool01.contoso.com"), ("db01", "otherwise"), ("", "otherwise")]
)
def test_name_correction(name: str, expected: str) -> None:
    assert name_correction(name, ["pool01.contoso.com", "lb01"], "otherwise") == expected


@pytest.mark.parametrize(
    ("one", "other", "number"),
    [
        ("edge", "edge", 0), ("", "edge", 4), ("edge", "edges", 1), ("edge", "ege", 1), ("edge", "edgf", 1),
        ("edge", "egde", 1), ("de", "ed", 1), ("edge", "edeg", 1), ("edge", "gede", 2), ("abc", "ca", 3),
    ],
)  # fmt: skip
def test_the_fewest_slips_between_two_words(one: str, other: str, number: int) -> None:
    """Two letters that changed places are one slip; no letter slips twice."""
    assert {slips(*pair) for pair in ((one, other), (other, one))} == {number}
