# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A controller that lacks libraries, or is too old: one line that says all of it, before anything is contacted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.versions import version_problem
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.libraries import needed_libraries
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = "import sys; sys.modules.update(dict.fromkeys({names!r}))\n"
# Ansible reads its own release before any plugin does.
OLD_CORE = "import ansible.release; ansible.release.__version__ = '2.15.13'\n"
KERBEROS = [{"address": "10.1.0.2", "zones": ["example.com"], "kerberos_principal": "dns@EXAMPLE.COM"}]

pytestmark = pytest.mark.no_cover


def run(playbook: str, folder: Path, start: str, **hostvars: object) -> tuple[int, str]:
    """Run a playbook over one Standard Edition server, in interpreters that start with some lines of their own."""
    (folder / "sitecustomize.py").write_text(start, encoding="utf-8")
    small = yaml.safe_load((ROOT / "examples" / "small" / "hosts.yml").read_text(encoding="utf-8"))
    small["all"]["vars"] |= hostvars
    inventory = folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump(small), encoding="utf-8")
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, "--check", playbook]
    options = ["-e", f"lync_plan_dir={folder / 'plan'}", "-e", "ansible_connection=winrm"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "1000"}
    done = subprocess.run([*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def messages(output: str) -> list[str]:
    """Return the messages of the first task that failed."""
    return re.findall(r'fatal: .*"msg": "(.*?)"}', output)[:1]


def test_all_missing_libraries_are_named_at_once_with_the_line_of_the_interpreter_that_runs(tmp_path: Path) -> None:
    start = WITHOUT.format(names=("dns", "netaddr", "winrm", "regipy"))
    status, output = run("playbooks/site.yml", tmp_path, start, lync_dns_servers=KERBEROS[:1])
    told = (
        "the Python libraries dnspython (lync_dns_servers), netaddr (every plan), pywinrm (ansible_connection: winrm) "
        f"are missing on the controller; install with: {sys.executable} -m pip install dnspython netaddr pywinrm"
    )
    assert (status, messages(output)) == (2, [told])
    assert "Verdict: invalid (Python libraries are missing)" in output
    assert "Traceback" not in output


def test_what_contacts_nobody_asks_for_no_library_of_a_connection(tmp_path: Path) -> None:
    status, output = run("playbooks/plan.yml", tmp_path, WITHOUT.format(names=("dns", "winrm", "regipy", "requests")))
    assert (status, messages(output)) == (0, [])


def test_an_old_core_is_one_line(tmp_path: Path) -> None:
    status, output = run("playbooks/plan.yml", tmp_path, OLD_CORE)
    told = (
        "ansible-core 2.15.13 is too old for msuc.lync; allowed: 2.16 and newer; fix: "
        f"{sys.executable} -m pip install 'ansible-core>=2.16'"
    )
    assert (status, messages(output)) == (2, [told])


@pytest.mark.parametrize(
    ("core", "python", "expected"),
    [
        ("2.16.0", (3, 11, 0), ""),
        ("2.21.0rc1", (3, 13, 1), ""),
        ("2.9.27", (3, 11, 0), "ansible-core 2.9.27 is too old"),
        ("2.17.1", (3, 10, 13), f"Python ({sys.executable}) 3.10.13 is too old for msuc.lync; allowed: 3.11 and newer"),
    ],
)
def test_version_problem(core: str, python: tuple[int, ...], expected: str) -> None:
    found = version_problem(core, python)
    assert found.startswith(expected) and bool(found) == bool(expected)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, set()),
        ({"ansible_connection": "ansible.builtin.winrm"}, {"pywinrm"}),
        ({"ansible_connection": "psrp"}, {"pypsrp"}),
        ({"lync_balancer_driver": "kemp"}, {"requests"}),
        ({"lync_balancer_driver": "haproxy"}, set()),
        ({"lync_balancer_options": {"schema": "as3-schema.json"}}, {"jsonschema_rs"}),
        ({"lync_dns_servers": []}, set()),
        ({"lync_dns_servers": KERBEROS}, {"dnspython", "gssapi"}),
    ],
)
def test_only_what_the_inventory_needs(variables: Mapping[str, object], expected: set[str]) -> None:
    host = InventoryHost("se01", ("all",), variables)
    always = set(needed_libraries([], probes=False))
    assert set(needed_libraries([host], probes=False)) - always == expected
    assert set(needed_libraries([host], probes=True)) - always == expected | {"cryptography", "dnspython"}
