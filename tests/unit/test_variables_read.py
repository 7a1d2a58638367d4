# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables that playbooks, roles and plugins read are in an argument specification, and the other way round."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
WORD = re.compile(r"\blync_[a-z0-9_]*[a-z0-9]\b")
NO_VARIABLES = {"lync_rollback": "the group of the inventory that a rollback is limited to"}


def yaml_files() -> dict[str, str]:
    """Return playbooks and roles without their argument specifications and comments, as path: text."""
    paths = [path for folder in ("playbooks", "roles") for path in (ROOT / folder).rglob("*.yml")]
    kept = sorted(path for path in paths if path.name != "argument_specs.yml")
    return {str(path.relative_to(ROOT)): "".join(lines(path)) for path in kept}


def lines(path: Path) -> list[str]:
    every = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [line for line in every if not line.lstrip().startswith("#")]


def read_by_plugins() -> dict[str, str]:
    """Return the variables that Python names whole, which it reads by their names, with a file of each."""
    paths = sorted((ROOT / "plugins").rglob("*.py"))
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    return {name: path.name for path, text in texts.items() for name in named(text)}


def named(source: str) -> set[str]:
    """Return the texts of a source that are the name of a variable, and nothing else."""
    constants = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    return {value for value in constants if isinstance(value, str) and WORD.fullmatch(value)} - set(NO_VARIABLES)


def documented() -> Mapping[Path, set[str]]:
    """Return the options of all entry points of each role, by its folder."""
    paths = sorted((ROOT / "roles").glob("*/meta/argument_specs.yml"))
    specs = {path.parents[1]: yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"] for path in paths}
    return {role: {name for entry in points.values() for name in entry["options"]} for role, points in specs.items()}


def test_every_variable_that_is_read_is_documented() -> None:
    known = set().union(*documented().values())
    read = {name: path for path, text in yaml_files().items() for name in WORD.findall(text)} | read_by_plugins()
    assert len(read) > 50
    assert {name: path for name, path in read.items() if name not in known} == {}


def test_every_variable_that_is_documented_is_read() -> None:
    """Those of a run and of the inventory by any file, the others by the tasks of their own role."""
    everywhere = {name for text in yaml_files().values() for name in WORD.findall(text)} | set(read_by_plugins())
    pairs = [(role, name) for role, names in documented().items() for name in sorted(names)]
    assert [f"{role.name}: {name}" for role, name in pairs if name not in everywhere | own(role)] == []


def own(role: Path) -> set[str]:
    """Return the variables that begin with the name of the role and that its tasks read."""
    tasks = "".join(path.read_text(encoding="utf-8") for path in (role / "tasks").glob("*.yml"))
    return set(re.findall(rf"\b{role.name}_\w+", tasks))


def test_the_comparison_sees_names_and_no_sentences() -> None:
    assert named("read('lync_new')\nfail('lync_old is no variable')") == {"lync_new"}
