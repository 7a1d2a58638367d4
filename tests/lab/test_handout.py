# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scripts for hosts that are not to be written: what is in them, and that they do what the module does."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.com import from_com
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.scripts import hand_out

from tests.lab.lab import ROOT, Lab
from tests.lab.site_lab import SiteLab
from tests.lab.summaries import outcomes
from tests.lab.test_windows_firewall_rules import MEDIA, SIP, playbook, start_with_old_rules
from tests.simulators import powershell, tamper

PWSH = os.environ.get("LYNC_PWSH", "")
CHECK = os.environ.get("LYNC_PWSH_CHECK", "")
FAKE_GPO = pathlib.Path(__file__).resolve().parents[1] / "simulators" / "fake_gpo.ps1"
NEEDS_POWERSHELL = pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7")
WANT: list[dict[str, Any]] = [
    SIP,
    {**MEDIA, "description": 'it\'s \u2019quoted\u2019 `$(x) "y"'},
    {
        "name": "ping",
        "protocol": "icmpv4",
        "icmp_type_code": ["8:0"],
        "remoteip": ["10.0.0.0/8", "10.20.0.1"],
        "program": "C:\\Program Files\\a.exe",
    },
    {
        "name": "out",
        "direction": "out",
        "protocol": "tcp",
        "remoteport": "443",
        "enabled": False,
        "action": "block",
        "interfacetypes": "lan",
    },
    {"name": "everything", "profiles": "domain", "security": "authenc", "service": "*", "remoteip": "localsubnet"},
]
TWIN = {"Name": "ping", "Grouping": "msuc.lync", "Protocol": 1, "LocalPorts": "*", "Enabled": True}


def handed_out(directory: pathlib.Path) -> list[pathlib.Path]:
    result = hand_out({"rules": WANT, "state": "replaced", "handout_dir": str(directory)}, "fe01")
    paths = result["handed_out"]
    assert isinstance(paths, list)
    return [pathlib.Path(path) for path in paths]


def held(lab: Lab, host: str) -> list[dict[str, object]]:
    """Return the owned rules of a host as options."""
    rules = [from_com(rule) for rule in tamper.show(lab.stores[host], "msuc.lync")]
    return sorted((rule.to_options() for rule in rules), key=lambda options: str(options["name"]))


def run_script(script: pathlib.Path, lab: Lab, *arguments: str) -> str:
    """Run a script with the fakes before it, as somebody on the host would."""
    store = lab.stores["fe01"]
    scratch = lab.directory / "scratch"
    scratch.mkdir(exist_ok=True)
    files = powershell.FakeFiles(store, scratch)
    wrapper = lab.directory / "wrapper.ps1"
    fakes = "\n".join(path.read_text(encoding="utf-8") for path in (powershell._COM, powershell._IPSEC))
    wrapper.write_text(f"{fakes}\n& '{script}' @args\n", encoding="utf-8-sig")
    environment = {**os.environ, **files.environment()}
    done = subprocess.run(
        [PWSH, "-NoProfile", "-File", str(wrapper), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    files.take_back()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


@NEEDS_POWERSHELL
def test_the_script_gives_what_the_module_gives_and_then_finds_nothing_to_do(lab: Lab, tmp_path: pathlib.Path) -> None:
    start_with_old_rules(lab)
    local = handed_out(tmp_path / "out")[0]
    for store in lab.stores.values():
        twins = [{**store.read()["rules"][-1], **TWIN, "id": f"{{{number}}}"} for number in (70, 71)]
        store.change(rules=[*store.read()["rules"], *twins])
    before = lab.stores["fe01"].read()["rules"]

    assert "4 to remove" in run_script(local, lab, "-WhatIf")
    assert lab.stores["fe01"].read()["rules"] == before
    printed = run_script(local, lab)
    assert "5 rules to add, 4 to remove, 0 as wanted" in printed
    assert 'to go back: netsh advfirewall import "' in printed and len(lab.stores["fe01"].read()["files"]) == 1
    played = lab.play(playbook(rules=WANT), "--limit", "fe02")
    assert played.status == 0, played.result("fe02")["msg"]
    found = [held(lab, host) for host in ("fe01", "fe02")]
    for one, other in zip(*found, strict=True):
        assert one == other
    foreign = [
        [rule for rule in tamper.show(lab.stores[host]) if rule.get("Grouping") != "msuc.lync"]
        for host in ("fe01", "fe02")
    ]
    assert foreign[0] == foreign[1]
    assert "0 rules to add, 0 to remove, 5 as wanted" in run_script(local, lab)
    # What the module made on the other host is as the script wants it too: the simulator gives back masks and ranges.
    lab.stores["fe01"].change(rules=lab.stores["fe02"].read()["rules"])
    assert "0 rules to add, 0 to remove, 5 as wanted" in run_script(local, lab)


def run_policy_script(
    script: pathlib.Path, gpo: pathlib.Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the script for a Group Policy object over the fakes; gpo is the file that is the object."""
    wrapper = gpo.with_name("wrapper.ps1")
    wrapper.write_text(f". '{FAKE_GPO}'\n& '{script}' -PolicyStore 'contoso.com\\fe01' @args\n", encoding="utf-8-sig")
    command = [PWSH, "-NoProfile", "-File", str(wrapper), *arguments]
    return subprocess.run(
        command, env={**os.environ, "LAB_GPO": str(gpo), **environment}, capture_output=True, text=True, check=False
    )


@NEEDS_POWERSHELL
def test_the_script_for_group_policy_replaces_the_group_at_once_or_not_at_all(tmp_path: pathlib.Path) -> None:
    script, gpo = handed_out(tmp_path)[1], tmp_path / "gpo.json"
    foreign = {"Name": "{1}", "DisplayName": "ping", "Group": "Contoso"}
    gpo.write_text(json.dumps([foreign, {"Name": "{2}", "DisplayName": "Old", "Group": "msuc.lync"}]), encoding="utf-8")
    before = gpo.read_bytes()

    looked = run_policy_script(script, gpo, "-WhatIf")
    assert (looked.returncode, looked.stderr, gpo.read_bytes()) == (0, "", before), looked.stdout
    assert "5 rules of fe01 take the place of 1 in contoso.com\\fe01" in looked.stdout
    stopped = run_policy_script(script, gpo, LAB_GPO_REFUSES="everything")
    assert (stopped.returncode, gpo.read_bytes()) == (1, before) and "The parameter is incorrect." in stopped.stderr

    for present in (1, 5):
        done = run_policy_script(script, gpo)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert f"take the place of {present} in" in done.stdout
        rules = json.loads(gpo.read_text(encoding="utf-8"))
        assert rules[0] == foreign
        assert sorted(rule["DisplayName"] for rule in rules[1:]) == sorted(str(rule["name"]) for rule in WANT)
    made = {rule["DisplayName"]: rule for rule in rules[1:]}
    assert {rule["Group"] for rule in rules[1:]} == {"msuc.lync"}
    ping, out, everything = (made[name] for name in ("ping", "out", "everything"))
    assert (ping["Protocol"].lower(), ping["IcmpType"], ping["RemoteAddress"]) == ("icmpv4", ["8:0"], ["10.0.0.0/8"])
    assert ping["Program"] == "C:\\Program Files\\a.exe"
    assert (out["Direction"], out["Action"], out["Enabled"], out["RemotePort"], out["InterfaceType"]) == (
        "Outbound",
        "Block",
        "False",
        ["443"],
        ["Wired"],
    )
    assert (everything["Profile"], everything["Service"], everything["RemoteAddress"]) == (
        ["Domain"],
        "Any",
        ["LocalSubnet"],
    )
    assert (everything["Authentication"], everything["Encryption"]) == ("Required", "Required")


OF_CMDLETS: list[dict[str, Any]] = [
    {"name": "epmap", "protocol": "tcp", "localport": ["RPC-EPMap", "RPC", "IPHTTPS", "135"]},
    {"name": "disc", "protocol": "udp", "localport": ["Ply2Disc", "Teredo"]},
    {"name": "out", "protocol": "tcp", "direction": "out", "remoteport": "IPHTTPS"},
    {"name": "who", "remoteip": ["RmtIntranet", "Ply2Renders", "LocalSubnet", "DefaultGateway", "10.0.0.0/8"]},
    {"name": "ping", "protocol": "icmpv4", "icmp_type_code": ["8:*", "3:4"]},
    {"name": "card", "interfaces": ["LAN [1]", "a*b?`c", "Ethernet"]},
]


@NEEDS_POWERSHELL
def test_the_script_for_group_policy_speaks_as_the_cmdlets_do(tmp_path: pathlib.Path) -> None:
    result = hand_out({"rules": OF_CMDLETS, "state": "replaced", "handout_dir": str(tmp_path)}, "fe01")
    gpo = tmp_path / "gpo.json"
    gpo.write_text("[]", encoding="utf-8")
    done = run_policy_script(pathlib.Path(result["handed_out"][1]), gpo)  # type: ignore[index]
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    made = {rule["DisplayName"]: rule for rule in json.loads(gpo.read_text(encoding="utf-8"))}
    assert sorted(made["epmap"]["LocalPort"]) == ["135", "IPHTTPSIn", "RPC", "RPCEPMap"]
    assert sorted(made["disc"]["LocalPort"]) == ["PlayToDiscovery", "Teredo"]
    assert made["out"]["RemotePort"] == ["IPHTTPSOut"]
    words = ["10.0.0.0/8", "DefaultGateway", "IntranetRemoteAccess", "LocalSubnet", "PlayToDevice"]
    assert sorted(made["who"]["RemoteAddress"]) == words
    assert sorted(made["ping"]["IcmpType"]) == ["3:4", "8"]
    assert sorted(made["card"]["InterfaceAlias"]) == ["Ethernet", "LAN `[1`]", "a`*b`?``c"]


@NEEDS_POWERSHELL
def test_the_script_works_where_windows_knows_no_secure_flags(
    lab: Lab, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # INetFwRule3 came with Windows Server 2012; Lync Server 2010 runs on 2008 R2.
    monkeypatch.setenv("LAB_MISSING", "SecureFlags")
    lab.start({"fe01": {"addresses": ["10.1.0.11"]}})
    rules = [rule for rule in WANT if "security" not in rule]
    result = hand_out({"rules": rules, "state": "replaced", "handout_dir": str(tmp_path / "out")}, "fe01")
    script = pathlib.Path(result["handed_out"][0])  # type: ignore[index]
    assert "4 rules to add, 0 to remove, 0 as wanted" in run_script(script, lab)
    assert "0 rules to add, 0 to remove, 4 as wanted" in run_script(script, lab)


@pytest.mark.skipif(not CHECK, reason="LYNC_PWSH_CHECK does not name pwsh-check")
def test_the_scripts_are_clean_for_windows_powershell(tmp_path: pathlib.Path) -> None:
    done = subprocess.run(
        [CHECK, "--strict", *map(str, handed_out(tmp_path))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_texts_of_rules_are_quoted_and_the_files_begin_with_a_mark(tmp_path: pathlib.Path) -> None:
    local, policy = handed_out(tmp_path)
    assert (local.name, policy.name) == ("fe01.ps1", "fe01-gpo.ps1")
    text = local.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf#Requires -Version 2.0\r\n")
    assert "Description = 'it''s \u2019\u2019quoted\u2019\u2019 `$(x) \"y\"'" in text.decode("utf-8-sig")
    assert "RemoteAddresses = '10.1.0.0/255.255.255.0,2001:db8::/64'" in text.decode("utf-8-sig")
    rendered = policy.read_text(encoding="utf-8-sig")
    assert (
        "DisplayName = 'ping'; Group = 'msuc.lync'; Direction = 'Inbound'; Action = 'Allow'; Enabled = 'True'"
        in rendered
    )
    assert "Authentication = 'Required'; Encryption = 'Required'" in rendered
    assert "InterfaceType = @('Wired')" in rendered and "Service = 'Any'" in rendered


def test_marked_hosts_get_scripts_and_are_not_contacted(tmp_path: pathlib.Path) -> None:
    with SiteLab(ROOT / "examples/small", tmp_path) as site:
        host = sorted(site.lab.stores)[0]
        requests = site.counts("requests")
        arguments = ["-e", f"lync_plan_dir={tmp_path / 'plan'}", "-e", "lync_handout=true", "--limit", host]
        assert site.playbook("site", *arguments, "--check").status == 0
        assert not (tmp_path / "plan/handout").exists()
        played = site.playbook("site", *arguments)
        assert played.status == 0, played.output
        ipsec = [
            f"{host}-ipsec-gpo.ps1",
            f"{host}-ipsec-mirror-gpo.ps1",
            f"{host}-ipsec-static.txt",
            f"{host}-ipsec.txt",
        ]
        scripts = sorted((tmp_path / "plan/handout").iterdir())
        assert sorted(path.name for path in scripts) == sorted([f"{host}-gpo.ps1", f"{host}.ps1", *ipsec])
        if CHECK:
            checked = subprocess.run(
                [CHECK, "--strict", *(str(path) for path in scripts if path.suffix == ".ps1")],
                capture_output=True,
                text=True,
                check=False,
            )
            assert (checked.returncode, checked.stdout) == (0, "")
        again = site.playbook("site", *arguments)
        assert (
            again.status == 0 and played.result(host)["status"] and outcomes(again, "firewall")[host][0] == "handed out"
        )
        assert site.counts("requests") == requests


def test_a_script_cannot_bring_about_other_states(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.start({"fe01": {"addresses": ["10.1.0.11"]}})
    result = lab.play(playbook(rules=[SIP], state="merged", handout_dir=str(tmp_path / "x"))).result("fe01")
    assert (
        "handout_dir: a script cannot bring about state merged; allowed: replaced; fix: set state to replaced, or apply"
        in result["msg"]
    )
    assert lab.stores["fe01"].counts()["requests"] == 0
