# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every code block of README.md, docs/ and the pages of roles holds, every example can be planned.

And the prover refuses what does not hold.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools.documentation import (
    Block,
    BlockError,
    NotProvenError,
    Workspace,
    blocks,
    documents,
    pages_of_roles,
    prove,
)

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = [
    block
    for path in (*documents(), *pages_of_roles())
    for block in blocks(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
]
PICTURE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MOST_PICTURE_BYTES = 300_000
EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/hosts.yml"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("documentation"))


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_block(block: Block, workspace: Workspace) -> None:
    try:
        prove(block, workspace)
    except NotProvenError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: str, workspace: Workspace) -> None:
    workspace.playbook("-i", f"examples/{example}", "-e", f"lync_plan_dir=.build/{example}", "playbooks/plan.yml")
    assert list((workspace.root / ".build" / example / "hosts").glob("*.json"))


def links(path: Path) -> list[tuple[Path, str]]:
    """Return the files and headings that a page leads to."""
    found = LINK.findall(path.read_text(encoding="utf-8"))
    return [((path.parent / name).resolve() if name else path, anchor) for name, anchor in found]


def anchors(path: Path) -> set[str]:
    """Return the headings of a page as links name them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(path.read_text(encoding="utf-8"))
    }


def test_links_lead_somewhere_and_every_page_is_reached_from_the_first() -> None:
    every = [(path, target, anchor) for path in documents() for target, anchor in links(path)]
    broken = [
        target for _path, target, anchor in every if not target.exists() or (anchor and anchor not in anchors(target))
    ]
    assert not broken
    reached, new = set[Path](), {ROOT / "README.md"}
    while new:
        reached |= new
        new = {target for path, target, _anchor in every if path in new and target.suffix == ".md"} - reached
    assert not set(documents()) - reached


def test_pictures_are_here_and_small() -> None:
    pictures = [
        path.parent / name for path in documents() for name in PICTURE.findall(path.read_text(encoding="utf-8"))
    ]
    assert pictures and all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert all(picture.stat().st_size < MOST_PICTURE_BYTES for picture in pictures)


def test_blocks_are_found_with_place_language_and_comment() -> None:
    text = "# Title\n\n<!-- run -->\n\n```sh\nmake setup\n```\n\nText.\n\n```yaml\na: 1\n```\n\nText:\n\n    indented\n"
    assert blocks("README.md", text) == [
        Block("README.md", 5, "sh", "run", "make setup\n"),
        Block("README.md", 11, "yaml", "", "a: 1\n"),
        Block("README.md", 17, "", "", "indented\n"),
    ]


GOOD = {
    "make": Block("x", 1, "sh", "", "make setup\nmake demo  # under three minutes\n"),
    "playbook": Block(
        "x", 1, "sh", "", "cd lync\nansible-playbook -i my/inventory msuc.lync.plan \\\n  -e lync_plan_dir=new\n"
    ),
    "console": Block("x", 1, "console", "", "$ make help\nwhat it prints\n"),
    "run": Block("x", 1, "sh", "run", "test -f galaxy.yml\n"),
    "output": Block("x", 1, "", "output of: printf 'a\\nb \\nc\\nd\\n'", "a\n...\nd\n"),
    "tasks": Block("x", 1, "yaml", "", "- name: Compile\n  msuc.lync.plan:\n    dir: plan\n"),
    "variables": Block("x", 1, "yaml", "", "lync_management_networks: [10.9.0.0/24]\n"),
    "json": Block("x", 1, "json", "", "[1]"),
}


@pytest.mark.parametrize("block", GOOD.values(), ids=GOOD)
def test_accepts(block: Block, workspace: Workspace) -> None:
    prove(block, workspace)


BAD = {
    "unknown language": (
        Block("x", 1, "perl", "", ""),
        "a block of language 'perl'; allowed: console, ini, json, powershell, sh, yaml",
    ),
    "indented": (Block("x", 1, "", "", "make test\n"), "a block of language ''"),
    "make target": (Block("x", 1, "sh", "", "make tset\n"), "no such make target: tset; there are: .*test"),
    "playbook": (
        Block("x", 1, "sh", "", "ansible-playbook -i x msuc.lync.sites\n"),
        "no such playbook: msuc.lync.sites",
    ),
    "variable": (
        Block("x", 1, "sh", "", "ansible-playbook -e lync_plan_dri=x msuc.lync.plan\n"),
        "no such variable: lync_plan_dri",
    ),
    "plugin": (
        Block("x", 1, "sh", "", "ansible-doc -t lookup msuc.lync.catalog\n"),
        "no such plugin or role: msuc.lync.catalog",
    ),
    "command": (Block("x", 1, "sh", "", "curl x\n"), "nobody knows how to prove the command 'curl'"),
    "module": (
        Block("x", 1, "sh", "", "python -m tests.lab.serv --hosts x\n"),
        "no such module of the checkout: -m tests.lab.serv",
    ),
    "file of a module": (
        Block("x", 1, "sh", "", "python -m tests.simulators.serve --hosts hosts.jsn.json\n"),
        "no such file: hosts.jsn.json",
    ),
    "run": (Block("x", 1, "sh", "run", "echo before; false\n"), "exit status 1 of: (.|\n)*before"),
    "output": (Block("x", 1, "", "output of: echo a", "b\n"), "the command prints something else, first at: b\na\n"),
    "more output": (
        Block("x", 1, "", "output of: printf 'a\nb\nc\n'", "a\nb\n"),
        "the command prints something else, first at: its end\na\nb\nc\n",
    ),
    "no YAML": (Block("x", 1, "yaml", "", "a: [\n"), "not YAML"),
    "kind of YAML": (
        Block("x", 1, "yaml", "", "a: 1\n"),
        "YAML of no known kind; allowed: inventory, variables, playbook, tasks",
    ),
    "inventory": (
        Block("x", 1, "yaml", "", "all:\n  children:\n    frontend:\n      hosts:\n        fe01: {}\n"),
        "fe01",
    ),
    "no unit": (Block("x", 1, "ini", "", "a\n"), "not a unit"),
    "section": (Block("x", 1, "ini", "", "[Servce]\n"), "no such section: Servce"),
    "start": (
        Block("x", 1, "ini", "", "[Service]\nExecStart=ansible-playbook -i x msuc.lync.drfit\n"),
        "no such playbook: msuc.lync.drfit",
    ),
    "no JSON": (Block("x", 1, "json", "", "{"), "not JSON"),
    "plan file": (Block("x", 1, "json", "", '{"host": 1}'), "not a plan file"),
}


@pytest.mark.parametrize(("block", "message"), BAD.values(), ids=BAD)
def test_refuses(block: Block, message: str, workspace: Workspace) -> None:
    with pytest.raises(BlockError, match=message):
        prove(block, workspace)


def test_what_cannot_run_here_is_not_proven(workspace: Workspace) -> None:
    with pytest.raises(NotProvenError, match="no program of that name"):
        prove(Block("x", 1, "", "output of: echo no program of that name >&2; exit 77", ""), workspace)
