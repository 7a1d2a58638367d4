# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What plan.yml, site.yml and drift.yml print of every example: it fits, has the names of the inventory, repeats
nothing, and tells no managed host of what the controller does.
"""

from __future__ import annotations

import pathlib
import re
import shlex
from collections.abc import Iterator, Mapping

import pytest

from tests.lab.lab import ROOT, Played
from tests.lab.site_lab import SiteLab, printed
from tests.lab.test_site import GROUPS, deployment, saved
from tests.simulators import tamper

# What it runs has its coverage from the tests of single plugins and hosts.
pytestmark = pytest.mark.no_cover

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/hosts.yml"))
MOST_COLUMNS = 100
# Ansible's own lines: banners, results, recap, and its errors with the place in a playbook.
OF_ANSIBLE = re.compile(
    r"(PLAY|TASK) .*\*\*\*$|(ok|changed|skipping|fatal|failed|included): |\S+ +: ok=\d|\.\.\.ignoring|\[ERROR\]"
)
ROWS = re.compile(r"\b[SI][0-9]{1,2}\b")
SPLIT = re.compile(r"\b10\.[0-9.]+/(3[01]|1[0-5])\b")


@pytest.fixture(scope="module", params=EXAMPLES)
def screens(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Played]]:
    """Return the runs of one example by name; before the last, a rule is changed by hand on every host that has one."""
    directory = tmp_path_factory.mktemp("screens")
    with SiteLab(f"examples/{request.param}", directory) as lab:
        found = {
            "plan": lab.playbook("plan", "-e", f"lync_plan_dir={directory}/plan"),
            "check": lab.playbook("site", "--check", "--diff"),
            "site": lab.playbook("site"),
        }
        for store in lab.lab.stores.values():
            names = [rule["Name"] for rule in store.read()["rules"] if rule["Grouping"] == "msuc.lync"]
            for name in names[:1]:
                tamper.change(store, name, {"enabled": False})
        found["drift"] = lab.playbook("drift")
        yield found


def own_lines(played: Played) -> list[str]:
    """Return the lines that are not Ansible's own."""
    return [line for line in played.screen.splitlines() if not OF_ANSIBLE.match(line)]


def is_one_word(line: str) -> bool:
    """Return whether a line is too long for one word alone, as a path of a test may be."""
    return max(map(len, line.split()), default=0) > MOST_COLUMNS - 10


def test_no_line_is_longer_than_100_columns(screens: Mapping[str, Played]) -> None:
    long = {
        f"{name}, {len(line)}: {line}"
        for name, played in screens.items()
        for line in own_lines(played)
        if len(line) > MOST_COLUMNS and not is_one_word(line)
    }
    assert not long and [played.status for played in screens.values()] == [0, 0, 0, 2]


def test_a_plan_has_a_block_for_equal_hosts_names_for_addresses_and_its_dns_records(
    screens: Mapping[str, Played],
) -> None:
    text = printed(screens["plan"], "Compile the inventory and write the plan files")
    assert not ROWS.search(text) and not SPLIT.search(text)
    assert "DNS record  " in text and "rule  " in text
    blocks = text.split("\n\n")
    bodies = [block.partition("\n")[2] for block in blocks if " rules, " in block]
    assert bodies and len(set(bodies)) == len(bodies)


def test_the_first_run_is_safe_though_nobody_verified_assumptions(screens: Mapping[str, Played]) -> None:
    text = printed(screens["check"], "Print what was done")
    assert "\nSAFE\n" in text and re.search(r"Assumptions of the plan: [1-9][0-9]* unverified, 0 contradicted", text)


def test_plays_say_which_wave_they_are(screens: Mapping[str, Played]) -> None:
    titles = re.findall(r"PLAY \[Open, wave (\d+) of (\d+), \d+ hosts?\]", screens["site"].output)
    assert titles and [int(number) for number, _of in titles] == list(range(1, int(titles[0][1]) + 1))


def test_the_work_of_the_controller_is_told_of_no_managed_host(screens: Mapping[str, Played]) -> None:
    tasks = ("Compile the inventory", "Print", "Bring DNS", "Compare DNS", "Look whether DNS")
    for played in screens.values():
        for part in re.split(r"\n(?=TASK \[)", played.output):
            if re.match(rf"TASK \[(msuc.lync.\w+ : )?({'|'.join(tasks)})", part):
                results = re.findall(r"^(?:ok|changed): \[(.*)\]", part, re.MULTILINE)
                assert results and all(name.endswith("localhost") for name in results), part


def test_hosts_with_the_same_deviation_share_its_line(screens: Mapping[str, Played]) -> None:
    lines = [line for line in own_lines(screens["drift"]) if ": disabled: " in line]
    assert lines and len({line.partition(": ")[2] for line in lines}) == len(lines)


def test_hosts_with_the_same_changes_share_their_diff(tmp_path: pathlib.Path) -> None:
    with SiteLab(saved(tmp_path, deployment(GROUPS)), tmp_path / "lab") as lab:
        output = lab.playbook("site", "--check", "--diff").output
    # Two pools of three: one diff each.
    assert output.count("+++ after: firewall rule Lync fe-sip-tls (TCP in)") == 2
    assert len(re.findall(r"^The same \d+ changes as on fe[12]1\.$", output, re.MULTILINE)) == 4


def test_an_unreachable_host_is_tried_once_in_a_run(tmp_path: pathlib.Path) -> None:
    with SiteLab(saved(tmp_path, deployment(GROUPS)), tmp_path / "lab") as lab:
        lab.lab.stores["fe11"].set_faults(unreachable=True)
        played = lab.playbook("site")
    assert played.output.count("fatal: [fe11]: UNREACHABLE!") == 1
    assert "fe11: unreachable: " in printed(played, "Print what was done") and played.status == 2


def test_commands_repeat_what_was_typed_and_no_secret(tmp_path: pathlib.Path) -> None:
    more, vault = tmp_path / "more.yml", tmp_path / "vault-password"
    more.write_text("lync_wave_size: 2\n", encoding="utf-8")
    vault.write_text("of the vault\n", encoding="utf-8")
    typed = [
        "--limit", "fe11,fe12", "--skip-tags", "load_balancer,linux_firewall,dns", "-e", f"@{more}",
        "-e", "lync_snapshot_keep=7", "-e", "ansible_winrm_extra=hunter2", "--vault-password-file", str(vault),
    ]  # fmt: skip
    with SiteLab(saved(tmp_path, deployment(GROUPS)), tmp_path / "lab") as lab:
        played = lab.playbook("site", *typed)
        text = printed(played, "Print what was done")
        assert "hunter2" not in text and "of the vault" not in text
        (command,) = (line for line in commands(text) if "--check" in line)
        assert command[1:] == [
            "-i", str(lab.lab.inventory), "-i", str(lab.source), "--vault-password-file", str(vault), "-e", f"@{more}",
            "-e", "lync_snapshot_keep=7", "playbooks/site.yml", "--limit", "fe11,fe12", "--skip-tags",
            "dns,linux_firewall,load_balancer", "--check",
        ]  # fmt: skip
        # It is typed as it stands.
        again = lab.lab.play(ROOT / command[-6], *command[1:-6], *command[-5:])
    assert again.status == 0 and "2 devices unchanged: fe11, fe12" in again.output


def commands(text: str) -> list[list[str]]:
    """Return the commands of a screen as words."""
    lines = text.replace(" \\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip().startswith("ansible-playbook ")]


@pytest.mark.parametrize("columns", [72, 160])
def test_a_terminal_has_its_own_width_and_the_colours_of_ansible(columns: int, tmp_path: pathlib.Path) -> None:
    with SiteLab("examples/contoso", tmp_path) as lab:
        plan = ("-i", "examples/contoso", "-e", f"lync_plan_dir={tmp_path}/plan")
        shown = lab.lab.on_terminal(ROOT / "playbooks" / "plan.yml", *plan, columns=columns)
    lines = [line for line in shown.splitlines() if line.startswith("  ")]
    assert columns - 30 < max(map(len, lines)) <= columns
    assert re.search(r"\x1b\[0;32mVerdict: done \(\d+ hosts, 6 pools\)\x1b\[0m", shown)
