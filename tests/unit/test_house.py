# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules of the house that no linter knows: who may import whom, sizes, headers, what must be documented and
reached.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
CORE = PLUGINS / "plugin_utils"
ENTRY_KINDS = ("action", "filter", "lookup", "modules")
NAMESPACE = "ansible_collections.msuc.lync.plugins"
HEADER = (
    "# Copyright (c) 2026 msuc.lync contributors\n"
    "# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
)  # fmt: skip
ROOM_OF_ANSIBLE = "plugin_utils/_ansible"
# What may be imported besides the standard library and the own package, per folder of plugins/.
ALLOWED_IMPORTS = {
    "action": ("ansible", f"{NAMESPACE}.plugin_utils"),
    "doc_fragments": (),
    "filter": ("ansible", f"{NAMESPACE}.plugin_utils"),
    "lookup": ("ansible", f"{NAMESPACE}.plugin_utils"),
    "modules": ("ansible.module_utils", f"{NAMESPACE}.module_utils"),
    "module_utils": ("ansible.module_utils", f"{NAMESPACE}.module_utils"),
    "plugin_utils": (),
    ROOM_OF_ANSIBLE: ("ansible",),
}
# Floors of the core: a room imports rooms of lower floors only, so no two rooms need each other. DESIGN.md says what
# lives in each.
FLOORS = (
    ("_base",),
    ("_catalogue", "_firewall", "_load_balancers"),
    ("_inventory", "_publications"),
    ("_dns", "_plan", "_topology"),
    ("_compiler", "_rollout"),
    ("_drift",),
    ("_probes",),
    ("_report",),
    ("_ansible",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
LINES_OF_FILE_MAXIMUM = 500
LINES_OF_FUNCTION_MAXIMUM = 40
LINES_OF_FUNCTION_MEDIAN_MAXIMUM = 12

Function = ast.FunctionDef | ast.AsyncFunctionDef


def assert_none(found: Iterable[object]) -> None:
    """Fail with every finding, one a line."""
    lines = [str(each) for each in found]
    assert not lines, "\n".join(["", *lines])


def python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def place(path: Path, line: int = 0) -> str:
    return f"{path.relative_to(ROOT)}:{line}" if line else str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and absolute name of each module that a file names in an import outside `if TYPE_CHECKING`."""
    package = [*NAMESPACE.split("."), *path.parent.relative_to(PLUGINS).parts]
    tree = parsed(path)
    hidden = {
        id(node)
        for branch in ast.walk(tree)
        if _is_for_types(branch)
        for part in branch.body
        for node in ast.walk(part)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and id(node) not in hidden:
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and id(node) not in hidden:
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def is_below(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def functions() -> Iterator[tuple[Path, Function]]:
    for path in python_files(PLUGINS):
        yield from ((path, node) for node in ast.walk(parsed(path)) if isinstance(node, Function))


def length(function: Function) -> int:
    """Return the lines of a function without those of its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    return lines - ((first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function) else 0)


@pytest.mark.parametrize("kind", sorted(ALLOWED_IMPORTS))
def test_imports_stay_in_their_rooms(kind: str) -> None:
    allowed = (*sys.stdlib_module_names, f"{NAMESPACE}.{kind.partition('/')[0]}", *ALLOWED_IMPORTS[kind])
    rooms = {ROOM_OF_ANSIBLE} - {kind}
    paths = [path for path in python_files(PLUGINS / kind) if path.parent.relative_to(PLUGINS).as_posix() not in rooms]
    assert_none(
        f"{place(path, line)} imports {name}"
        for path in paths
        for line, name in imports(path)
        if not is_below(name, allowed)
    )


def room_of(name: str) -> str:
    """Return the room that an absolute name of the core leads to, empty for any other name."""
    inner = name.removeprefix(f"{NAMESPACE}.plugin_utils.")
    return inner.partition(".")[0] if inner != name else ""


def test_the_core_is_made_of_its_rooms() -> None:
    assert {path.name for path in CORE.iterdir() if path.name != "__pycache__"} == FLOOR_OF.keys()


def test_rooms_import_lower_floors_only() -> None:
    found = ((path, line, name) for path in python_files(CORE) for line, name in imports(path) if room_of(name))
    crossing = ((path, line, path.relative_to(CORE).parts[0], room_of(name)) for path, line, name in found)
    upward = [
        (path, line, here, there)
        for path, line, here, there in crossing
        if here != there and FLOOR_OF[there] >= FLOOR_OF[here]
    ]
    assert_none(
        f"{place(path, line)}: {here} imports {there}, which is no lower floor" for path, line, here, there in upward
    )


def test_the_design_names_every_room() -> None:
    design = (ROOT / "DESIGN.md").read_text(encoding="utf-8")
    assert_none(room for room in FLOOR_OF if f"| `{room}` |" not in design)


def test_action_plugins_import_no_other() -> None:
    found = ((path, line, name) for path in python_files(PLUGINS / "action") for line, name in imports(path))
    assert_none(
        f"{place(path, line)} imports {name}" for path, line, name in found if is_below(name, (f"{NAMESPACE}.action",))
    )


def test_plugins_know_no_other_folder() -> None:
    folders = {path.name for path in PLUGINS.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert folders <= set(ALLOWED_IMPORTS)


def test_every_module_of_the_core_is_reached_from_a_plugin() -> None:
    modules = {
        f"{NAMESPACE}.{'.'.join(path.relative_to(PLUGINS).with_suffix('').parts)}": path for path in python_files(CORE)
    }
    todo = [name for kind in ENTRY_KINDS for path in python_files(PLUGINS / kind) for _line, name in imports(path)]
    reached: set[str] = set()
    while todo:
        name = todo.pop()
        # `from .x import y` may name the module x.y or the value y of the module x.
        for module in {name, name.rpartition(".")[0]} & modules.keys() - reached:
            reached.add(module)
            todo += [imported for _line, imported in imports(modules[module])]
    assert_none(sorted(modules.keys() - reached))


def test_functions_are_short() -> None:
    lengths = {f"{place(path, function.lineno)} {function.name}": length(function) for path, function in functions()}
    assert_none(f"{name}: {lines} lines" for name, lines in lengths.items() if lines > LINES_OF_FUNCTION_MAXIMUM)
    assert statistics.median(lengths.values()) <= LINES_OF_FUNCTION_MEDIAN_MAXIMUM


def without_examples(text: str) -> str:
    """Return a file without the examples of a module, of which there is one for each of its states."""
    return re.sub(r'^EXAMPLES = r"""$.*?^"""$', "", text, flags=re.MULTILINE | re.DOTALL)


def test_files_are_short() -> None:
    lengths = {
        place(path): len(without_examples(path.read_text(encoding="utf-8")).splitlines())
        for path in PLUGINS.rglob("*")
        if path.suffix in (".py", ".ps1", ".psm1")
    }
    assert_none(f"{name}: {lines} lines" for name, lines in lengths.items() if lines > LINES_OF_FILE_MAXIMUM)


def test_public_functions_and_classes_are_documented() -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    silent = [
        f"{place(path, node.lineno)} {node.name}"
        for path in python_files(PLUGINS)
        for node in ast.walk(parsed(path))
        if isinstance(node, kinds) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert_none(silent)


def test_modules_of_the_core_say_what_they_are() -> None:
    assert_none(place(path) for path in python_files(CORE) if not ast.get_docstring(parsed(path)))


def test_every_function_is_typed() -> None:
    bare = [
        f"{place(path, function.lineno)} {function.name}"
        for path, function in functions()
        if function.returns is None or any(argument.annotation is None for argument in _arguments(function))
    ]
    assert_none(bare)


def _arguments(function: Function) -> list[ast.arg]:
    every = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    return [argument for argument in every if argument.arg not in ("self", "cls")]


@pytest.mark.parametrize("folder", ["plugins", "tests", "molecule"])
def test_sources_carry_the_licence(folder: str) -> None:
    sources = [
        path
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".ps1", ".psm1") and "output" not in path.parts
    ]
    assert_none(place(path) for path in sources if HEADER not in path.read_text(encoding="utf-8-sig")[:400])


def test_nothing_is_left_from_python_2() -> None:
    words = re.compile(r"__metaclass__|from __future__ import (?!annotations)|\bimport six\b")
    assert_none(place(path) for path in python_files(PLUGINS) if words.search(path.read_text(encoding="utf-8")))


def collections_path() -> Path:
    """Return where Ansible finds this tree: it may be installed, or linked from .collections."""
    return ROOT.parents[2] if ROOT.parents[1].name == "ansible_collections" else ROOT / ".collections"


def ansible_doc(kind: str, *arguments: str) -> dict[str, Any]:
    """Return what ansible-doc knows, by name without the collection.

    Its own words are the failure when it knows not.
    """
    command = [str(Path(sys.executable).parent / "ansible-doc"), "--json", "--type", kind, *arguments]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections_path())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name.removeprefix("msuc.lync."): found for name, found in json.loads(done.stdout).items()}


def filter_names() -> set[str]:
    """Return the names that the filter plugins hand out."""
    modules = [importlib.import_module(f"{NAMESPACE}.filter.{path.stem}") for path in python_files(PLUGINS / "filter")]
    return {name for module in modules for name in module.FilterModule().filters()}


def expected_plugins(kind: str) -> set[str]:
    if kind == "filter":
        return filter_names()
    if kind == "lookup":
        return {path.stem for path in python_files(PLUGINS / "lookup")}
    return {path.stem for path in (PLUGINS / "modules").iterdir() if path.suffix in (".py", ".ps1")}


@pytest.mark.parametrize("kind", ["module", "lookup", "filter"])
def test_ansible_doc_lists_and_shows_every_plugin(kind: str) -> None:
    expected = expected_plugins(kind)
    assert expected
    assert set(ansible_doc(kind, "--list", "msuc.lync")) == expected
    # The list is made without reading the documentation closely; showing it is another matter.
    shown = ansible_doc(kind, *(f"msuc.lync.{name}" for name in sorted(expected)))
    assert_none(name for name in expected if not shown[name]["doc"]["short_description"] or not shown[name]["examples"])


# What people may call in playbooks of their own; everything else says in its first line that it is not for them.
PUBLIC = {
    "module": {
        *("audit", "compare_topology", "import_topology", "plan", "probe", "selftest", "windows_firewall_rollback"),
        *("windows_firewall_rules", "windows_ipsec_exemptions", "nftables_rules", "nftables_udp_services"),
        *("haproxy_services", "nginx_stream_services", "publications", "f5_as3", "netscaler_services", "kemp_services"),
        "dns_records",
    },
    "lookup": {"catalogue", "plan"},
}


@pytest.mark.parametrize("kind", PUBLIC)
def test_what_is_internal_says_so_first(kind: str) -> None:
    names = expected_plugins(kind)
    assert PUBLIC[kind] <= names
    shown = ansible_doc(kind, *(f"msuc.lync.{name}" for name in sorted(names)))
    for name in sorted(names):
        # The list of ansible-doc shows the one, its page begins with the other.
        texts = (shown[name]["doc"]["short_description"], shown[name]["doc"]["description"][0])
        is_internal = [text.startswith("Internal, ") for text in texts]
        assert is_internal == [name not in PUBLIC[kind]] * 2, name


def test_every_action_plugin_is_documented_as_a_module() -> None:
    actions = {path.stem for path in python_files(PLUGINS / "action")}
    assert_none(sorted(actions - {path.stem for path in python_files(PLUGINS / "modules")}))


def test_versions_agree() -> None:
    version: str = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    source = parsed(CORE / "_plan/documents.py")
    constants = [node.value for node in ast.walk(source) if isinstance(node, ast.Constant)]
    assert version in constants
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("## v", "## ")


def test_the_readme_tells_of_every_playbook() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [path.stem for path in sorted((ROOT / "playbooks").glob("*.yml"))]
    assert_none(name for name in names if f"msuc.lync.{name}" not in readme and f"playbooks/{name}.yml" not in readme)


def test_no_play_leaves_its_strategy_to_the_configuration_of_the_user() -> None:
    """Waves, and tasks that run once, need hosts to go side by side."""
    paths = sorted((ROOT / "playbooks").glob("*.yml"))
    plays = [(path, play) for path in paths for play in yaml.safe_load(path.read_text(encoding="utf-8"))]
    own = [(path, play) for path, play in plays if "hosts" in play]
    assert_none(f"{path.name}: {play['name']}" for path, play in own if play.get("strategy") != "linear")


def test_every_play_of_roles_goes_on_after_a_failure() -> None:
    """Our playbooks report at their end; the last look at hosts that leave fails where it fails."""
    names = ("site", "drift", "verify")
    texts = {name: (ROOT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8") for name in names}
    plays = [(name, play) for name in names for play in yaml.safe_load(texts[name])]
    of_roles = [(name, play) for name, play in plays if "import_role" in str(play) or "roles" in play]
    assert of_roles
    assert_none(f"{name}: {play['name']}" for name, play in of_roles if not play["vars"]["lync_run_reports"])


def test_every_role_has_argument_specifications() -> None:
    roles = [path for path in (ROOT / "roles").iterdir() if path.is_dir()]
    assert_none(role.name for role in roles if not (role / "meta" / "argument_specs.yml").is_file())


def inner(value: object) -> Iterator[dict[str, Any]]:
    """Yield the mappings in a document, the document first."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inner(part)
