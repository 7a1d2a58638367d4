# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proves the code blocks of README.md, docs/ and the pages of roles: each is run, compiled or validated, and a block of
no known kind is an error.

What a block is follows from its language and content (the tables CHECKS and YAML_KINDS), or from a comment above it:

    <!-- run -->              a sh or console block is run as it stands, in a scratch copy of the checkout
    <!-- output of: CMD -->   CMD is run there and prints the block; a line `...` stands for any lines
    <!-- inventory with --OPTION -->   an inventory whose hosts need an option of tests.simulators.named_hosts

Without a comment, commands are looked at one by one (COMMANDS): Makefile targets, playbooks, variables and files they
name must exist.
"""

from __future__ import annotations

import base64
import configparser
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.variables import KNOWN_NAMES
from markdown_it import MarkdownIt

from .runs import BIN, ROOT

OUTPUT_OF = "output of:"
RUN = "run"
# The exit status of a command that cannot run on this machine; it says why.
NOT_HERE = 77
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".build", ".collections", ".ansible", ".lab", ".*_cache", ".hypothesis", "__pycache__"
)


class BlockError(Exception):
    """A code block does not hold what it promises."""


class NotProvenError(Exception):
    """A program that proves a block is not here; the message names it."""


@dataclass(frozen=True)
class Block:
    """A code block: where it stands, its language (empty when it has none), the comment above it, its text."""

    document: str
    line: int
    language: str
    comment: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


class Workspace:
    """A scratch copy of the checkout in which commands of the documentation run."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "lync"
        # The screens of tests.lab.jobs are made once for all processes of the tests.
        self._jobs = (folder.parents[1] if folder.parent.name.startswith("popen-") else folder.parent) / "jobs"
        shutil.copytree(ROOT, self.root, symlinks=True, ignore=_NOT_COPIED)
        collections = self.root / ".collections" / "ansible_collections" / "msuc"
        collections.mkdir(parents=True)
        (collections / "lync").symlink_to(ROOT)
        (self.root / ".build").mkdir()
        self._lend_environment()

    def _lend_environment(self) -> None:
        """Give the copy a .venv of links that its Makefile takes for set up, and that it could clear without
        harm to the real one.
        """
        (self.root / ".venv").mkdir()
        for entry in Path(sys.prefix).iterdir():
            (self.root / ".venv" / entry.name).symlink_to(entry)
        self.run("make --touch --silent setup setup-test")

    def run(self, script: str) -> str:
        """Run a script of bash lines and return what it prints; raises BlockError with both outputs when it fails."""
        environment = {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "NO_COLOR": "1",
            "LYNC_JOBS": str(self._jobs),
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == NOT_HERE:
            raise NotProvenError(done.stderr.strip())
        if done.returncode:
            raise BlockError(f"exit status {done.returncode} of: {script}\n{done.stdout}{done.stderr}")
        return done.stdout

    def playbook(self, *arguments: str) -> str:
        """Run ansible-playbook."""
        return self.run(shlex.join(["ansible-playbook", *arguments]))

    def file(self, name: str, text: str) -> str:
        """Write a file of the workspace and return its path there."""
        path = self.root / ".build" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)


def documents() -> list[Path]:
    """Return the files whose blocks are proven."""
    return [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.is_file()]


def pages_of_roles() -> list[Path]:
    """Return the pages of roles, whose blocks are proven too."""
    return sorted((ROOT / "roles").glob("*/README.md"))


def blocks(document: str, text: str) -> list[Block]:
    """Return the code blocks of a Markdown text, indented ones too."""
    found, comment = [], ""
    for token in MarkdownIt().parse(text):
        if token.type in ("fence", "code_block"):
            found.append(Block(document, (token.map or [0])[0] + 1, token.info.split(" ")[0], comment, token.content))
        remark = re.fullmatch(r"<!--\s*(.*?)\s*-->", token.content.strip(), re.DOTALL)
        comment = remark[1] if token.type == "html_block" and remark else ""
    return found


def prove(block: Block, workspace: Workspace) -> None:
    """Run, compile or validate a block; raises BlockError that says what is wrong with it."""
    if block.comment.startswith(OUTPUT_OF):
        _match(block.text, workspace.run(block.comment.removeprefix(OUTPUT_OF).strip()))
        return
    check = CHECKS.get(block.language)
    if check is None:
        raise BlockError(
            f"a block of language {block.language!r}; allowed: {', '.join(sorted(CHECKS))}, or a comment <!-- "
            f"{OUTPUT_OF} COMMAND --> above it"
        )
    check(block, workspace)


def _match(wanted: str, printed: str) -> None:
    """Compare whole lines, blanks at their ends aside; `...` is any number of lines."""
    lines = wanted.strip("\n").splitlines()
    patterns = [r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()) + r"\n" for line in lines]
    text = "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())
    if re.fullmatch("".join(patterns), text):
        return
    misses = (line for number, line in enumerate(lines, 1) if not re.match("".join(patterns[:number]), text))
    raise BlockError(f"the command prints something else, first at: {next(misses, 'its end')}\n{text}")


def _shell(block: Block, workspace: Workspace) -> None:
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    if block.comment == RUN:
        workspace.run("\n".join(lines))
        return
    for line in lines:
        words = shlex.split(line, comments=True)
        if words:
            _command(words)


def _command(words: Sequence[str]) -> None:
    name = Path(words[0]).name
    check = COMMANDS.get(name)
    if check is None:
        raise BlockError(
            f"nobody knows how to prove the command {name!r}; allowed: {', '.join(sorted(COMMANDS))}, or <!-- {RUN} "
            "--> above the block"
        )
    check(words[1:])


def _make(words: Sequence[str]) -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    _all_in("make target", [word for word in words if "=" not in word], targets)


def _playbook_command(words: Sequence[str]) -> None:
    names = [path.stem for path in (ROOT / "playbooks").glob("*.yml")]
    allowed = [form for name in names for form in (f"msuc.lync.{name}", f"playbooks/{name}.yml")]
    ours = [word for word in words if word.startswith(("msuc.lync.", "playbooks/"))]
    _all_in("playbook", ours, allowed)
    if not ours:
        raise BlockError(f"no playbook of the collection in: {' '.join(words)}")
    given = [
        word.partition("=")[0]
        for option, word in itertools.pairwise(words)
        if option in ("-e", "--extra-vars") and "=" in word
    ]
    _all_in("variable", given, KNOWN_NAMES)


def _documentation_command(words: Sequence[str]) -> None:
    sources = [path.stem for kind in ("modules", "lookup", "filter") for path in (ROOT / "plugins" / kind).iterdir()]
    roles = [path.name for path in (ROOT / "roles").iterdir()]
    _all_in(
        "plugin or role",
        [word for word in words if word.startswith("msuc.lync.")],
        [f"msuc.lync.{name}" for name in (*sources, *roles)],
    )


def _files_exist(words: Sequence[str]) -> None:
    _all_in("file", [word for word in words if word.endswith((".txt", ".yml"))], [path.name for path in ROOT.iterdir()])


def _script(words: Sequence[str]) -> None:
    missing = [word for word in words if word.endswith(".ps1") and not (ROOT / word).is_file()]
    if missing:
        raise BlockError(f"no such script: {', '.join(missing)}")


def _module(words: Sequence[str]) -> None:
    """Look at `python -m MODULE`: it is one of the checkout, and so are the files below its folders that it reads."""
    if len(words) < 2 or words[0] != "-m" or not (ROOT / f"{words[1].replace('.', '/')}.py").is_file():
        raise BlockError(f"no such module of the checkout: {' '.join(words[:2])}")
    missing = [
        word for word in words if word.endswith(".json") and not word.startswith(".") and not (ROOT / word).is_file()
    ]
    if missing:
        raise BlockError(f"no such file: {', '.join(missing)}")


def _powershell(block: Block, workspace: Workspace) -> None:
    """Let the checker of PowerShell 5.1 read a block: its syntax, and the commands and parameters that it names."""
    checker = os.environ.get("LYNC_PWSH_CHECK")
    if not checker:
        raise NotProvenError("LYNC_PWSH_CHECK names no program that checks PowerShell for Windows PowerShell 5.1")
    path = workspace.file("block.ps1", block.text)
    command = [checker, "--min-version", "5.1", "--strict", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BlockError(f"PowerShell: {done.stdout}{done.stderr}")


def _nothing(words: Sequence[str]) -> None:
    """Accept a command that has nothing of ours in it."""


def _all_in(kind: str, words: Iterable[str], allowed: Iterable[str]) -> None:
    known = set(allowed)
    strangers = sorted(set(words) - known)
    if strangers:
        raise BlockError(f"no such {kind}: {', '.join(strangers)}; there are: {', '.join(sorted(known))}")


def _yaml(block: Block, workspace: Workspace) -> None:
    try:
        document: object = yaml.safe_load(block.text)
    except yaml.YAMLError as error:
        raise BlockError(f"not YAML: {error}") from error
    for kind, is_it, check in YAML_KINDS:
        if is_it(document):
            check(workspace, workspace.file(f"{kind}.yml", block.text))
            return
    raise BlockError(f"YAML of no known kind; allowed: {', '.join(kind for kind, _is_it, _check in YAML_KINDS)}")


def _is_inventory(document: object) -> bool:
    return isinstance(document, dict) and "all" in document


def _is_variables(document: object) -> bool:
    return isinstance(document, dict) and bool(document) and all(str(key).startswith("lync_") for key in document)


def _is_playbook(document: object) -> bool:
    return (
        isinstance(document, list)
        and bool(document)
        and all(isinstance(play, dict) and ("hosts" in play or _imports(play)) for play in document)
    )


def _imports(play: dict[str, object]) -> bool:
    return "ansible.builtin.import_playbook" in play


def _is_tasks(document: object) -> bool:
    return (
        isinstance(document, list)
        and bool(document)
        and all(isinstance(task, dict) and any("." in str(key) for key in task) for task in document)
    )


def _compile_inventory(workspace: Workspace, path: str) -> None:
    workspace.playbook("-i", path, "-e", f"lync_plan_dir={path}.plan", "playbooks/plan.yml")


def _compile_variables(workspace: Workspace, path: str) -> None:
    """Compile an example with variables of a page; what they take from a vault has a value here, as it has there."""
    names = set(re.findall(r"\bvault_\w+", Path(path).read_text(encoding="utf-8")))
    secret = base64.b64encode(b"no secret at all").decode()
    vault = workspace.file("vault.yml", yaml.safe_dump(dict.fromkeys(sorted(names), secret)))
    given = [part for value in (f"@{vault}", f"@{path}", f"lync_plan_dir={path}.plan") for part in ("-e", value)]
    workspace.playbook("-i", "examples/contoso", *given, "playbooks/plan.yml")


def _check_playbook(workspace: Workspace, path: str) -> None:
    workspace.playbook("--syntax-check", "-i", "examples/small", path)


def _check_tasks(workspace: Workspace, path: str) -> None:
    play = [
        {
            "name": "Tasks of the documentation",
            "hosts": "all",
            "tasks": yaml.safe_load(Path(path).read_text(encoding="utf-8")),
        }
    ]
    _check_playbook(workspace, workspace.file("tasks-playbook.yml", yaml.safe_dump(play)))


def _unit(block: Block, _workspace: Workspace) -> None:
    """Look at a unit of systemd: its sections are known, and what it starts is a command of ours that exists."""
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    try:
        unit.read_string(block.text)
    except configparser.Error as error:
        raise BlockError(f"not a unit: {error}") from error
    _all_in("section", unit.sections(), ("Unit", "Service", "Timer", "Install"))
    for section in unit.sections():
        if "ExecStart" in unit[section]:
            _command(shlex.split(unit[section]["ExecStart"]))


def _json(block: Block, _workspace: Workspace) -> None:
    try:
        document: object = json.loads(block.text)
    except json.JSONDecodeError as error:
        raise BlockError(f"not JSON: {error}") from error
    schema = json.loads((ROOT / "plugins/plugin_utils/_plan/data/lync_plan.schema.json").read_text(encoding="utf-8"))
    if isinstance(document, dict) and {"host", "pool"} & document.keys():
        problems = [
            f"{error.json_path}: {error.message}"
            for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(document)
        ]
        if problems:
            raise BlockError("not a plan file:\n" + "\n".join(problems))


CHECKS: dict[str, Callable[[Block, Workspace], None]] = {
    "console": _shell,
    "ini": _unit,
    "json": _json,
    "powershell": _powershell,
    "sh": _shell,
    "yaml": _yaml,
}
COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {
    "ansible": _nothing,
    "ansible-doc": _documentation_command,
    "ansible-galaxy": _nothing,
    "ansible-playbook": _playbook_command,
    "cd": _nothing,
    "export": _nothing,
    "git": _nothing,
    "kinit": _nothing,
    "make": _make,
    "pip": _files_exist,
    "powershell": _script,
    "python": _module,
    "read": _nothing,
    "source": _nothing,
}
YAML_KINDS: tuple[tuple[str, Callable[[object], bool], Callable[[Workspace, str], None]], ...] = (
    ("inventory", _is_inventory, _compile_inventory),
    ("variables", _is_variables, _compile_variables),
    ("playbook", _is_playbook, _check_playbook),
    ("tasks", _is_tasks, _check_tasks),
)
