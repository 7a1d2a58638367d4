# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nftables for real, in a network namespace: states, counters, guard, rollback, foreign tables, the playbook."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import Refused
from ansible_collections.msuc.lync.plugins.modules import nftables_remote
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.options import Task
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.reconcile import NftablesProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reconcile import Link

from ..simulators.netns import entered, namespace, needs_namespaces

pytestmark = needs_namespaces

ROOT = Path(__file__).resolve().parents[2]
ADDRESSES = ("10.1.0.5/24", "2001:db8:1::5/64")
NETWORKS = ["10.9.0.0/24"]
SSH: dict[str, Any] = {"name": "SSH", "protocol": "tcp", "localport": "22", "remoteip": "10.9.0.0/24"}
SIP: dict[str, Any] = {
    "name": "Lync fe-sip-tls (TCP in)", "protocol": "tcp", "localport": ["5061"],
    "localip": ["10.1.0.5", "2001:db8:1::5"], "remoteip": ["10.1.0.0/24", "10.9.0.0/16", "2001:db8::/32"],
}  # fmt: skip
BLOCK = {"name": "Nobody", "action": "block", "remoteip": "192.0.2.0/24"}
OUT = {"name": "No mail", "direction": "out", "action": "block", "protocol": "tcp", "remoteport": "25"}
RULES = [SSH, SIP, BLOCK, OUT]
FOREIGN = (
    "table ip elsewhere { chain input { type filter hook input priority 10; policy accept; tcp dport 1 drop; }; "
    "set s { type ipv4_addr; }; }"
)


class Bench:
    """The provider over the real module of the host, in this process and namespace."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "etc" / "msuc-lync.nft"
        self.ssh: list[str] = ["0.0.0.0 22", "10.1.0.5 22 10.9.0.7"]
        self.seconds = 0
        self.before_confirm: Callable[[], None] = lambda: None
        self.calls: list[str] = []

    def remote(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(arguments["operation"])
        options = {
            "content": "",
            "script": "",
            "fingerprint": "",
            **arguments,
            "directory": str(self.folder / "var"),
            "confirm_seconds": self.seconds,
        }
        names = ("gather", "apply", "confirm", "revert")
        work = {name: getattr(nftables_remote, name) for name in names}
        try:
            return work[arguments["operation"]](options) | {"ssh": self.ssh}
        except Refused as error:
            return {"failed": True, "msg": str(error)}

    def confirm(self, arguments: Mapping[str, Any], lost_text: str) -> dict[str, Any]:
        assert "minutes after the change, or at once by: nft -f " in lost_text
        self.before_confirm()
        return self.remote(arguments)

    def provider(self, rules: list[dict[str, Any]], state: str = "replaced", **more: Any) -> NftablesProvider:
        options = {"rules": rules, "state": state, "path": str(self.path), "management_networks": NETWORKS, **more}
        return NftablesProvider(Task.from_options(options), Link(self.remote, self.confirm, "10.1.0.5"))

    def planned(self, rules: list[dict[str, Any]], **more: Any) -> NftablesProvider:
        provider = self.provider(rules, **more)
        provider.gather()
        provider.plan()
        assert provider.has_changes and provider.check() == []
        return provider

    def bring(
        self, rules: list[dict[str, Any]], state: str = "replaced", check: bool = False, **more: Any
    ) -> dict[str, Any]:
        provider = self.provider(rules, state, **more)
        reconcile(provider, check_mode=check)
        return provider.result()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(nftables_remote, "_STARTS", (str(tmp_path / "nftables.conf"),))
    (tmp_path / "nftables.conf").write_text('include "etc/*.nft"\n', encoding="utf-8")
    with namespace("fw", *ADDRESSES) as name, entered(name):
        yield Bench(tmp_path)


def nft(*arguments: str) -> str:
    return subprocess.run(["nft", *arguments], capture_output=True, text=True, check=True).stdout


def lines(chain: str) -> list[str]:
    """Return the lines of a chain as nft tells them, with their counters."""
    text = nft("list", "chain", "inet", "msuc_lync", chain)
    return [line.strip() for line in text.splitlines() if "counter" in line]


def test_the_rhythm_of_states(bench: Bench) -> None:
    nft(FOREIGN)
    foreign = nft("list", "table", "ip", "elsewhere")
    would = bench.bring(RULES, check=True)
    assert (
        would["changed"]
        and would["summary"]["added"] == 4
        and would["warnings"] == []
        and "policy drop" in would["script"]
    )
    assert "msuc_lync" not in nft("list", "ruleset") and not bench.path.exists()
    done = bench.bring(RULES)
    assert done["changed"] and done["policy"] == {"before": "accept", "after": "drop"}
    text = nft("list", "table", "inet", "msuc_lync")
    assert "policy drop" in text and "related } accept" in text
    assert (
        any("2001:db8::/32" in line and "5061" in line for line in lines("allowed_in"))
        and len(lines("allowed_in")) == 3
    )
    bench.calls.clear()
    before = nft("list", "table", "inet", "msuc_lync")
    again = bench.bring(RULES)
    assert (again["changed"], again["changes"], bench.calls) == (False, [], ["gather"]) and nft(
        "list", "table", "inet", "msuc_lync"
    ) == before
    # Somebody narrows a rule by hand and adds one of his own: both are named, property by property, and mended.
    nft("flush", "chain", "inet", "msuc_lync", "blocked_out")
    nft("add", "rule", "inet", "msuc_lync", "allowed_in", "tcp", "dport", "8000", "ct", "count", "over", "9", "accept")
    drift = bench.bring(RULES, check=True)
    assert [(change["kind"], change["name"]) for change in drift["changes"]] == [
        ("add", "No mail"), ("remove", "a line of chain allowed_in that is not ours"),
    ]  # fmt: skip
    assert (
        bench.bring(RULES)["changed"]
        and not bench.bring(RULES)["changed"]
        and "8000" not in nft("list", "table", "inet", "msuc_lync")
    )
    # merged keeps, replaced removes, deleted removes what is named, then the table and its file.
    changed = bench.bring([{**SIP, "localport": ["5061", "5062"]}], "merged")
    assert [change["properties"] for change in changed["changes"][:1]] == [
        [{"property": "localport", "before": ["5061"], "after": ["5061-5062"]}]
    ]
    assert bench.bring(RULES[:3])["summary"]["removed"] == 1
    assert [
        change["name"]
        for change in bench.bring([{"name": "Nobody"}], "deleted")["changes"]
        if change["kind"] == "remove"
    ] == ["Nobody"]
    assert {rule["name"] for rule in bench.bring([], "gathered")["gathered"]} == {"SSH", "Lync fe-sip-tls (TCP in)"}
    assert bench.bring([], "deleted")["changed"] and not bench.path.exists()
    assert "msuc_lync" not in nft("list", "ruleset") and nft("list", "table", "ip", "elsewhere") == foreign
    assert not bench.bring([])["changed"]


def test_lines_that_stay_keep_their_counters_and_the_file_makes_the_same_table(bench: Bench) -> None:
    bench.bring(RULES)
    nft("add", "rule", "inet", "msuc_lync", "output", "accept")  # the frame is ours too
    broken = bench.bring(RULES, check=True)
    assert [change["name"] for change in broken["changes"]] == ["table inet msuc_lync"]
    bench.bring(RULES)
    for line in json.loads(nft("-j", "-a", "list", "chain", "inet", "msuc_lync", "allowed_in"))["nftables"]:
        if line.get("rule", {}).get("comment") == "SSH":
            handle = line["rule"]["handle"]
    counted = 'ip saddr 10.9.0.0/24 tcp dport 22 counter packets 41 bytes 4100 accept comment "SSH"'
    nft("replace", "rule", "inet", "msuc_lync", "allowed_in", "handle", str(handle), *counted.split(" "))
    assert not bench.bring(RULES)["changed"]
    bench.bring([*RULES, {"name": "Web", "protocol": "tcp", "localport": 443}])
    assert [line for line in lines("allowed_in") if "packets 41 bytes 4100" in line and "SSH" in line]
    # What the next start of the host reads is the same table.
    nft("delete", "table", "inet", "msuc_lync")
    nft("-f", str(bench.path))
    assert not bench.bring([*RULES, {"name": "Web", "protocol": "tcp", "localport": 443}])["changed"]
    bench.path.unlink()
    assert [
        change["name"]
        for change in bench.bring([*RULES, {"name": "Web", "protocol": "tcp", "localport": 443}])["changes"]
    ] == [f"file {bench.path}"]
    (bench.folder / "nftables.conf").write_text("", encoding="utf-8")
    assert "does not read" in bench.bring(RULES, check=True)["warnings"][0]


def test_nobody_is_shut_out(bench: Bench) -> None:
    for rules, lost in (
        (RULES[1:], "10.9.0.0/24"),
        ([{**SSH, "remoteip": "10.9.0.7"}], "10.9.0.0-10.9.0.6,"),
        ([{**SSH, "localport": "2222"}], "10.9.0.0/24"),
    ):
        with pytest.raises(DeviceError, match=f"ssh .TCP 22. on 10.1.0.5 would be shut for {lost}"):
            bench.bring(rules)
    assert "msuc_lync" not in nft("list", "ruleset")
    checked = bench.bring(RULES[1:], check=True)
    assert checked["warnings"][0].startswith("apply would refuse the changes: management: ssh") and checked["refused"][
        0
    ].startswith("management: ssh")
    assert bench.bring(RULES[1:], policy="accept")["changed"]
    bench.bring(RULES)
    with pytest.raises(DeviceError, match=r"would be shut for 10\.9\.0\.7"):
        bench.bring([*RULES, {"name": "Bad day", "action": "block", "remoteip": "10.9.0.7"}])
    bench.ssh = []
    assert bench.bring(RULES[1:])["changed"]
    with pytest.raises(DeviceError, match=r"not the host that the inventory describes.* lacks 10\.1\.0\.6"):
        bench.bring(RULES, expected_addresses=["10.1.0.5", "10.1.0.6"])


def test_open_first_then_close(bench: Bench) -> None:
    opened = bench.bring(RULES, phase="open")
    assert (
        opened["changed"]
        and opened["pending"]
        and "policy accept" in nft("list", "table", "inet", "msuc_lync")
        and not lines("blocked_in")
    )
    assert not bench.bring(RULES, phase="open")["changed"]
    closed = bench.bring(RULES, phase="close")
    assert closed["changed"] and not closed["pending"] and "policy drop" in nft("list", "table", "inet", "msuc_lync")
    moved = [SSH, {**SIP, "remoteip": ["10.2.0.0/24"]}, BLOCK, OUT]
    bench.bring(moved, phase="open")
    assert len([line for line in lines("allowed_in") if "Lync fe-sip-tls" in line]) == 3
    bench.bring(moved, phase="close")
    assert [line.split("counter")[0].strip() for line in lines("allowed_in") if "Lync" in line] == [
        "ip saddr 10.2.0.0/24 ip daddr 10.1.0.5 tcp dport 5061"
    ]
    assert not bench.bring(moved)["changed"]


def test_what_is_not_confirmed_is_taken_back(bench: Bench) -> None:
    bench.bring([SSH])
    before, content = nft("-s", "list", "table", "inet", "msuc_lync"), bench.path.read_text(encoding="utf-8")

    def is_late() -> None:
        assert "Lync fe-sip-tls" in nft("list", "ruleset") and bench.path.read_text(encoding="utf-8") == content
        time.sleep(2)
        assert nft("-s", "list", "table", "inet", "msuc_lync") == before

    bench.seconds, bench.before_confirm = 1, is_late
    late = bench.provider(RULES, confirm_minutes=1)
    with pytest.raises(DeviceError, match="taken back before it was confirmed"):
        reconcile(late, check_mode=False)
    assert late.result()["snapshot"]["armed"]  # type: ignore[index]
    bench.seconds, bench.before_confirm = 2, lambda: None
    kept = bench.bring(RULES, confirm_minutes=1)
    time.sleep(2.5)
    assert "Lync fe-sip-tls" in nft("list", "ruleset") and not bench.bring(RULES)["changed"]
    subprocess.run(shlex.split(str(kept["snapshot"]["rollback"])), check=True)
    assert nft("-s", "list", "table", "inet", "msuc_lync") == before


def _lose_connection(bench: Bench, rules: list[dict[str, Any]]) -> None:
    """Bring rules, and lose the connection before they are confirmed."""

    def is_lost() -> None:
        raise DeviceError("no connection")

    bench.seconds, bench.before_confirm = 50, is_lost
    with pytest.raises(DeviceError, match="no connection"):
        bench.bring(rules, confirm_minutes=1)
    bench.seconds, bench.before_confirm = 0, lambda: None


@pytest.mark.parametrize("pending", ["confirm", "revert"])
def test_while_a_change_waits_to_be_taken_back_nobody_writes_until_it_is_ended(bench: Bench, pending: str) -> None:
    bench.bring([SSH])
    was, kept = nft("-s", "list", "table", "inet", "msuc_lync"), bench.path.read_text(encoding="utf-8")
    _lose_connection(bench, RULES)
    waiting, saved = nft("-s", "list", "table", "inet", "msuc_lync"), bench.folder / "var" / "nftables-before.nft"
    before = saved.read_bytes()
    for rules in (RULES, [SSH]):
        with pytest.raises(DeviceError, match="is taken back in 1 min"):
            bench.bring(rules)
    fingerprint = bench.remote({"operation": "gather", "path": ""})["fingerprint"]
    refused = bench.remote({"operation": "apply", "path": "", "script": "flush ruleset", "fingerprint": fingerprint})
    assert "waits to be confirmed" in refused["msg"]
    assert (nft("-s", "list", "table", "inet", "msuc_lync"), saved.read_bytes()) == (waiting, before)
    assert bench.path.read_text(encoding="utf-8") == kept
    ended = bench.bring(RULES if pending == "confirm" else [SSH], pending=pending)
    assert ended["changed"] and ended["pending_revert"] == {} and ended["changes"] == []
    assert nft("-s", "list", "table", "inet", "msuc_lync") == (waiting if pending == "confirm" else was)
    assert ("5061" in bench.path.read_text(encoding="utf-8")) is (pending == "confirm")
    assert not bench.bring(RULES if pending == "confirm" else [SSH])["changed"]


def test_a_file_that_cannot_be_written_leaves_table_and_file_alike(bench: Bench) -> None:
    bench.bring([SSH])
    was = nft("-s", "list", "table", "inet", "msuc_lync")
    (bench.folder / "no-folder").symlink_to(bench.folder / "nowhere")
    path = str(bench.folder / "no-folder" / "lync.nft")
    with pytest.raises(DeviceError, match="cannot be written, and the table is as it was"):
        bench.bring(RULES, path=path)
    assert nft("-s", "list", "table", "inet", "msuc_lync") == was
    _lose_connection(bench, RULES)
    with pytest.raises(OSError):
        bench.remote({"operation": "confirm", "path": path, "content": "x"})
    assert bench.remote({"operation": "gather", "path": ""})["pending_revert"]["seconds"] > 0
    bench.bring([SSH], pending="revert")


def test_a_marker_that_outlived_its_timer_confirms_nothing_and_one_that_cannot_be_read_is_unknown(bench: Bench) -> None:
    bench.bring([SSH])
    marker = bench.folder / "var" / "nftables-armed.json"
    marker.write_text(json.dumps({"until": time.time() + 60, "pid": 2**22 + 1}), encoding="utf-8")
    assert not bench.bring([SSH])["changed"]
    answer = bench.remote({"operation": "confirm", "path": ""})
    assert "taken back before it was confirmed" in answer["msg"] and not marker.exists()
    for text in ("{", "[]", "{}", json.dumps({"until": 0, "unit": "no such unit"})):
        marker.write_text(text, encoding="utf-8")
        if "unit" not in text or not Path("/run/systemd/system").is_dir():
            with pytest.raises(DeviceError, match="is not known"):
                bench.bring([SSH])
    marker.unlink()


def test_a_table_that_changed_meanwhile_and_a_script_that_nft_refuses_change_nothing(bench: Bench) -> None:
    provider = bench.planned(RULES)
    nft("add table inet msuc_lync")
    with pytest.raises(DeviceError, match="changed by somebody else"):
        provider.apply()
    provider = bench.planned(RULES)
    provider.script = lambda: "add rule inet msuc_lync input nonsense"  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match="the changes were not made: nft: "):
        provider.apply()
    assert bench.bring([], "gathered")["gathered"] == []
    nft("table ip other { chain input { type filter hook input priority 0; policy drop; }; }")
    assert bench.bring(RULES)["warnings"] == [
        "chain ip other input drops what it does not know, whatever our table admits"
    ]


def test_a_playbook_over_a_real_connection(tmp_path: Path) -> None:
    """All of it once: action, module in a process of its own, check mode, diff."""
    rules = {"rules": [SSH, SIP], "path": str(tmp_path / "etc" / "lync.nft"), "management_networks": NETWORKS}
    tasks: list[dict[str, Any]] = [
        {"msuc.lync.nftables_rules": rules, "check_mode": True, "register": "would"},
        {"ansible.builtin.command": "nft list ruleset", "register": "look"},
        {"msuc.lync.nftables_rules": {**rules, "confirm_minutes": 1}, "register": "did"},
        {"msuc.lync.nftables_rules": rules, "register": "again"},
        {"ansible.builtin.assert": {"that": [
            "would is changed", "look.stdout == ''", "did is changed", "again is not changed",
            "did.stats.round_trips == 3", "again.stats.round_trips == 1", "not did.snapshot.armed",
        ]}},
        {"msuc.lync.nftables_rules": {"rules": [{**SIP, "service": "x", "remoteport": "RPC"}], "state": "overridden"},
         "ignore_errors": True, "register": "refused"},
        {"ansible.builtin.assert": {"that": [
            "refused.msg is search('service') and refused.msg is search('write replaced')",
        ]}},
    ]  # fmt: skip
    playbook = tmp_path / "play.yml"
    playbook.write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8"
    )
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    environment.pop("SSH_CONNECTION", None)
    local = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    command = [str(Path(sys.executable).parent / "ansible-playbook"), *local, "--diff", str(playbook)]
    with namespace("play", *ADDRESSES) as name:
        done = subprocess.run(
            ["ip", "netns", "exec", name, *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        left = subprocess.run(
            ["ip", "netns", "exec", name, "nft", "list", "ruleset"], capture_output=True, text=True, check=True
        ).stdout
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nftables rule SSH (new admission)" in done.stdout and 'comment "SSH"' in left
