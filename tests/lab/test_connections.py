# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/first-servers.md: its commands as they are typed, and what its table says of hosts that do not answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lab.first_servers import PAGE, inventories, run
from tests.simulators import named_hosts
from tests.tools import wheel_collections
from tests.tools.documentation import blocks

REASON = named_hosts.missing() or ("" if wheel_collections.present() else wheel_collections.ABSENT)
pytestmark = [pytest.mark.skipif(bool(REASON), reason=REASON), pytest.mark.no_cover, pytest.mark.slow]
# What a person types where a password is asked for; the environment has it already.
TYPED = 'set -e; read() { :; }; kinit() { command kinit "$@" <<<"$LYNC_EDGE_PASSWORD" >/dev/null; }\n'
PING = "ansible -i inventory {hosts} -m ansible.windows.win_ping {more} 2>&1 || true\n"
# Row of the page's table -> the host and what makes it so.
CASES = {
    "Name or service not known": ("edge01.fabrikam.com", "-e ansible_host=edge09.fabrikam.com"),
    "not found in Kerberos database": ("fe01.fabrikam.com", "-e ansible_host=fe09.fabrikam.com"),
    "Connection refused": ("fe01.fabrikam.com", "-e ansible_port=5987"),
    "unable to get local issuer certificate": ("fe01.fabrikam.com", "-e ansible_winrm_ca_trust_path=strange.pem"),
    "Hostname mismatch": ("edge01.fabrikam.com", "-e ansible_host=lb01-other.fabrikam.com"),
    "the specified credentials were rejected by the server": ("edge01.fabrikam.com", "-e ansible_password=wrong"),
    "in cache collection": ("fe01.fabrikam.com", ""),
}


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    typed = [block.text for block in blocks(PAGE.name, text) if block.language == "sh"][1:]
    done = run(tmp_path, inventories()[0], TYPED + "\n".join(typed))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"ping": "pong"') == 3, done.stdout
    assert re.findall(r"^(SAFE|NEEDS WINDOW|REFUSED|DONE|NOT DONE)$", done.stdout, re.MULTILINE) == [
        "NEEDS WINDOW",
        "DONE",
        "DONE",
    ]
    last = "Drift: 0 deviations on 0 of 3 devices."
    assert last in text and last in done.stdout, done.stdout


def test_a_host_that_does_not_answer_says_what_the_table_has(tmp_path: Path) -> None:
    strange = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out strange.pem -subj /CN=x 2>/dev/null\n"
    names = "echo 192.168.2.21 lb01-other.fabrikam.com >>/etc/hosts\n"
    steps = [PING.format(hosts=host, more=more) for host, more in CASES.values()]
    steps[-1] = f"KRB5CCNAME=FILE:/nonexistent {steps[-1]}"
    done = run(tmp_path, inventories()[0], strange + names + "echo =====\n".join(steps))
    answers = done.stdout.split("=====\n")
    page = PAGE.read_text(encoding="utf-8")
    assert {line: answer for line, answer in zip(CASES, answers, strict=True) if line not in answer} == {}
    assert [line for line in CASES if line not in page] == []


@pytest.mark.parametrize(("options", "answers"), [(("--tls12",), True), ((), False)], ids=["tls-1.2", "tls-1.3"])
def test_a_certificate_of_a_client_is_taken_by_tls_1_2_alone(
    tmp_path: Path, options: tuple[str, ...], answers: bool
) -> None:
    done = run(tmp_path, inventories()[1], PING.format(hosts="edge", more=""), *options)
    assert ('"ping": "pong"' in done.stdout) is answers, done.stdout + done.stderr
    assert ("rejected by the server" in done.stdout) is not answers, done.stdout
