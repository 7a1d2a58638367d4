# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No credential of the inventory reaches a file of a run: not its plan, not its state, not its options, not what it
prints.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CANARY = "canary-7f3d1c"
KEY = base64.b64encode(CANARY.encode()).decode()
PLAYBOOK = """
- ansible.builtin.import_playbook: {root}/playbooks/compile.yml

- hosts: all
  gather_facts: false
  tasks:
    - name: Keep the state of the run
      ansible.builtin.shell: cp -r {folder}/tmp/*/msuc.lync {folder}/state
      delegate_to: localhost
      connection: local
      run_once: true
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What a run printed, and the folder with its state and its plan."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "play.yml").write_text(PLAYBOOK.format(root=ROOT, folder=folder))
    secrets = {
        "lync_balancer_provider": {
            "host": "lb02-mgmt",
            "user": f"user-{CANARY}",
            "password": f"password-{CANARY}",
            "token": CANARY,
        },
        "lync_dns_mark_key": f"mark-{CANARY}",
        "lync_dns_servers": [
            {"address": "10.1.0.93", "zones": ["contoso.com"], "key_name": "lync", "key_secret": KEY},
            {
                "address": "10.1.0.7",
                "zones": ["fabrikam.com"],
                "kerberos_server": "dc01.fabrikam.com",
                "kerberos_principal": "svc@FABRIKAM.COM",
                "kerberos_password": f"ticket-{CANARY}",
            },
        ],
    }
    (folder / "secrets.json").write_text(json.dumps(secrets))
    arguments = [
        "-i",
        "examples/contoso",
        "-e",
        f"@{folder / 'secrets.json'}",
        "-e",
        f"lync_plan_dir={folder / 'plan'}",
        "-vvv",
    ]
    command = [Path(sys.executable).parent / "ansible-playbook", *arguments, folder / "play.yml"]
    # Nobody is contacted, so it is enough that the library is there, which not every machine can compile.
    (folder / "libraries").mkdir()
    (folder / "libraries" / "gssapi.py").touch()
    environment = {**os.environ, "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"), "PYTHONPATH": str(folder / "libraries")}
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    assert played.returncode == 0, played.stdout + played.stderr
    return played.stdout + played.stderr, folder


def test_no_file_of_a_run_holds_a_secret(run: tuple[str, Path]) -> None:
    files = [path for name in ("state", "plan") for path in (run[1] / name).rglob("*") if path.is_file()]
    assert {"options.json", "index.json", "lb02.json"} <= {path.name for path in files}
    holding = [path for path in files if CANARY in (text := path.read_text(encoding="utf-8")) or KEY in text]
    assert holding == []


def test_nothing_that_a_run_prints_holds_a_secret(run: tuple[str, Path]) -> None:
    assert CANARY not in run[0] and KEY not in run[0]
