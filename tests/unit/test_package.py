# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user gets: the requirements, and the tarball."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import __all__ as imported
from packaging.requirements import Requirement

from tests.tools.documentation import blocks

ROOT = Path(__file__).resolve().parents[2]
FILES = ("requirements.txt", "requirements-test.txt", "requirements-kerberos.txt")
# Name of a library in the core -> its package, where they differ.
PACKAGES = {"dns": "dnspython", "x509": "cryptography", "yaml": "pyyaml", "jsonschema_rs": "jsonschema-rs"}
# By which Ansible reaches hosts.
OF_ANSIBLE = {"ansible-core", "pywinrm"}
TOP_LEVEL = {
    *("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "DESIGN.md", "README.md", "SECURITY.md"),
    *("FILES.json", "MANIFEST.json", "bindep.txt", "requirements.txt", "requirements-kerberos.txt"),
    *("changelogs", "docs", "examples", "meta", "playbooks", "plugins", "roles"),
}
WHOLE = ("docs", "examples", "meta", "playbooks", "plugins", "roles")
KILOBYTES_MAXIMUM = 2048
# What users of a checkout leave in it.
STRAYS = ("new/plan.json", "approved/index.json", "reports/drift.html", "plan/hosts.yml", "accept.yml", "docs/dump.wfw")


def requirements(name: str) -> dict[str, Requirement]:
    lines = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    found = [Requirement(line) for line in lines]
    return {requirement.name.lower().replace("_", "-"): requirement for requirement in found}


def test_requirements_are_ranges_of_what_is_imported() -> None:
    libraries = {PACKAGES.get(name, name) for name in imported if name[0].islower()} - {"require", "gssapi"}
    assert set(requirements("requirements.txt")) == libraries | OF_ANSIBLE
    assert set(requirements("requirements-kerberos.txt")) == {"gssapi", "krb5", "pykerberos"}
    signs = {str(one.specifier)[:2] for name in FILES for one in requirements(name).values()}
    assert signs == {">="}


def test_the_lock_file_pins_everything_and_stays_within_the_ranges() -> None:
    locked = requirements("requirements.lock")
    assert not [str(one) for one in locked.values() if not re.fullmatch(r"==[\w.]+", str(one.specifier))]
    wanted = [(name, one) for file in FILES for name, one in requirements(file).items()]
    assert not [str(one) for name, one in wanted if not one.specifier.contains(str(locked[name].specifier)[2:])]


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """Return a tarball that was built among strays, and the names in it."""
    copy, away = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("built")
    for name in tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    for name in STRAYS:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("10.20.30.40", encoding="utf-8")
    program = Path(sys.executable).with_name("ansible-galaxy")
    subprocess.run([program, "collection", "build", "--output-path", away, copy], check=True, capture_output=True)
    (built,) = away.iterdir()
    with tarfile.open(built) as archive:
        return built, {member.name for member in archive if member.isfile()}


def tracked() -> list[str]:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in found if (ROOT / name).is_file()]


def test_the_tarball_holds_what_is_on_the_list_and_is_small(tarball: tuple[Path, set[str]]) -> None:
    built, names = tarball
    assert {name.partition("/")[0] for name in names} == TOP_LEVEL
    assert built.stat().st_size < KILOBYTES_MAXIMUM * 1024


def test_the_tarball_holds_all_of_its_folders_and_nothing_that_users_left_there(
    tarball: tuple[Path, set[str]],
) -> None:
    wanted = {name for name in tracked() if name.partition("/")[0] in WHOLE}
    assert {name for name in tarball[1] if name.partition("/")[0] in WHOLE} == wanted
    assert not tarball[1] & set(STRAYS)


def test_each_role_says_in_its_readme_what_its_entry_points_do() -> None:
    for role in sorted((ROOT / "roles").iterdir()):
        specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
        rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", (role / "README.md").read_text(encoding="utf-8"), re.M))
        assert rows == {name: spec["short_description"].rstrip(".") for name, spec in specs.items()}, role.name


def test_each_role_shows_in_its_readme_an_example_that_ansible_doc_shows_too() -> None:
    """That the example holds is shown by tests/documentation."""
    for role in sorted((ROOT / "roles").iterdir()):
        specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
        examples = {spec["examples"] for spec in specs.values() if "examples" in spec}
        shown = [block.text for block in blocks(role.name, (role / "README.md").read_text(encoding="utf-8"))]
        assert shown and examples.issuperset(shown), role.name


def test_the_execution_environment_asks_for_what_the_collection_needs() -> None:
    asked = yaml.safe_load((ROOT / "meta" / "execution-environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert asked == {"python": "requirements.txt", "system": "bindep.txt"}
    image = yaml.safe_load((ROOT / "execution-environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert image["ansible_core"]["package_pip"] == str(requirements("requirements.txt")["ansible-core"])
    assert str(requirements("requirements-kerberos.txt")["gssapi"]) in image["python"]
