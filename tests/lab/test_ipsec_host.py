# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""msuc.lync.windows_ipsec_remote over the wire: simulated, and by PowerShell if LYNC_PWSH names it."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.simulators import ipsec_store
from tests.simulators.executor import Executor, PythonExecutor
from tests.simulators.powershell import PowerShellExecutor

PWSH = os.environ.get("LYNC_PWSH", "")
MEDIA = {
    "DisplayName": "Lync media [UDP]",
    "Group": "msuc.lync",
    "Protocol": "UDP",
    "LocalAddress": ["10.1.0.11"],
    "RemotePort": "49152-57500",
}
ADD = {"kind": "add", "id": "msuc.lync media [1]", "name": MEDIA["DisplayName"], "arguments": MEDIA}
STRING = (
    "v2.26|Action=DoNotSecure|Active=TRUE|Protocol=17|EP2Port2_10=49152-57500|EP1_4=10.1.0.11|"
    "Name=Lync media [UDP]|EmbedCtxt=msuc.lync|Desc=|"
)
REQUIRE = {"DisplayName": "Isolation", "InboundSecurity": "Require", "OutboundSecurity": "Request"}


def executors() -> list[Any]:
    skip = [
        pytest.mark.no_cover,
        pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7"),
    ]
    return [pytest.param(PythonExecutor(), id="python"), pytest.param(PWSH, marks=skip, id="powershell")]


def play(*tasks: dict[str, Any]) -> str:
    steps = [
        {"name": f"Step {number}", "msuc.lync.windows_ipsec_remote": task, "ignore_errors": True}
        for number, task in enumerate(tasks)
    ]
    return json.dumps([{"hosts": "all", "gather_facts": False, "tasks": steps}])


@pytest.mark.parametrize("executor", executors())
def test_a_rule_is_made_by_its_id_changed_and_removed_exactly(lab: Lab, executor: Executor | str) -> None:
    lab.executor = PowerShellExecutor(executor) if isinstance(executor, str) else executor
    lab.start({"fe01": {"addresses": ["10.1.0.11"], "seed": [{"Name": "Contoso"}]}})
    store = lab.stores["fe01"]
    foreign = ipsec_store.exempted({"{1}": REQUIRE, "msuc.lync media 1": {"DisplayName": "Near"}})
    ipsec_store.change(store, rules=foreign)
    change = {
        **ADD,
        "kind": "change",
        "arguments": {"Enabled": "False", "RemoteAddress": ["10.2.0.0/16", "LocalSubnet"]},
    }
    played = lab.play(
        play(
            {"operation": "gather"},
            {"operation": "apply", "engine": "cim", "operations": [ADD]},
            {"operation": "apply", "engine": "cim", "operations": [ADD], "snapshot": False},
            {"operation": "apply", "engine": "cim", "operations": [change], "confirm_minutes": 5},
            {"operation": "confirm"},
            {"operation": "apply", "operations": [{**ADD, "kind": "remove"}, {**ADD, "kind": "remove", "id": "gone"}]},
            {"operation": "apply", "operations": [{**ADD, "kind": "remove"}]},
        )
    )
    gathered, made, twice, changed, confirmed, conflict, removed = (record["result"] for record in played.of("fe01"))
    assert (gathered["changed"], gathered["rules"], gathered["counters"]) == (
        False,
        foreign,
        {"enumerations": 1, "writes": 0},
    ), played.output
    assert (gathered["engines"], gathered["exempt"], gathered["legacy"]["assigned"], gathered["addresses"]) == (
        ["cim", "netsh"],
        9,
        "",
        ["10.1.0.11"],
    )
    assert (made["rules"], made["done"]) == ({**foreign, ADD["id"]: STRING}, 1), played.output
    assert (made["changed"], made["counters"]) == (True, {"enumerations": 2, "writes": 1})
    assert made["snapshot"].endswith(".wfw")
    assert (twice["msg"], twice["done"]) == (
        "Cannot create a file when that file already exists. (Windows System Error 183)",
        0,
    )
    new = STRING.replace("TRUE", "FALSE").replace(
        "|Name", "|EP2_4=10.2.0.0/255.255.0.0|EP2_4=LocalSubnet|EP2_6=LocalSubnet|Name"
    )
    assert sorted(changed["rules"][ADD["id"]].split("|")) == sorted(new.split("|"))
    assert (changed["armed"], confirmed["changed"], store.read()["task"]) == (True, True, None)
    assert (
        conflict["msg"]
        == "rule 'Lync media [UDP]' is not on the host as it was gathered: something else has changed it meanwhile"
    )
    assert (removed["rules"], ipsec_store.shown(store)) == (foreign, foreign)
    counts = store.counts()
    assert (counts["executions"], counts["enumerations"], counts["writes"]) == (7, 11, 3)


@pytest.mark.parametrize("executor", executors())
def test_a_broken_connection_leaves_what_was_written_and_a_change_that_nobody_confirms_goes(
    lab: Lab, executor: Executor | str
) -> None:
    lab.executor = PowerShellExecutor(executor) if isinstance(executor, str) else executor
    lab.start({"fe01": {"addresses": ["10.1.0.11"], "seed": [{"Name": "Contoso"}]}})
    store = lab.stores["fe01"]
    old = ipsec_store.exempted({"{1}": REQUIRE, "{2}": {"DisplayName": "Old"}})
    ipsec_store.change(store, rules=old)
    both = [ADD, {"kind": "remove", "id": "{2}", "name": "Old"}]
    store.set_faults(drop_after_write=1)
    played = lab.play(play({"operation": "apply", "engine": "cim", "operations": both, "snapshot": False}))
    assert (played.result("fe01")["status"], store.counts()["writes"]) == ("failed", 1), played.output
    assert ipsec_store.shown(store) == {**old, ADD["id"]: STRING}
    # What is left of it is no obstacle: the rest is done, and taken back as a whole because nobody confirms.
    store.set_faults()
    script = 'advfirewall consec delete rule name="Old"\n'
    script += 'advfirewall consec add rule name="New" endpoint1=any endpoint2=any action=noauthentication\n'
    operations = [both[1], {"kind": "add", "id": "new", "name": "New"}]
    played = lab.play(
        play(
            {"operation": "apply", "engine": "netsh", "script": script, "operations": operations, "confirm_minutes": 5}
        )
    )
    result = played.result("fe01")
    assert (result["done"], result["counters"], result["armed"]) == (2, {"enumerations": 2, "writes": 2}, True), (
        played.output
    )
    names = sorted(text.partition("Name=")[2].partition("|")[0] for text in ipsec_store.shown(store).values())
    assert names == ["Isolation", "Lync media [UDP]", "New"]
    store.advance(minutes=5)
    assert ipsec_store.shown(store) == {**old, ADD["id"]: STRING}
    assert store.read()["task"]["has_run"]


WANT = [
    {
        "name": "Lync exempt media (UDP)",
        "protocol": "udp",
        "localip": ["10.1.0.11"],
        "remoteip": ["10.0.0.0/8", "2001:db8::/48"],
        "localport": ["49152-57500"],
    },
    {
        "name": "Lync exempt media (TCP)",
        "protocol": "tcp",
        "localip": ["10.1.0.11"],
        "description": "I5, I6",
        "profiles": ["domain", "private"],
    },
]
GPO = "contoso.com\\Lync"


@pytest.mark.parametrize("executor", executors())
def test_exemptions_are_made_by_each_engine_among_many_rules_of_others_and_then_nothing_is_left_to_do(
    lab: Lab, executor: Executor | str
) -> None:
    lab.executor = PowerShellExecutor(executor) if isinstance(executor, str) else executor
    lab.start({name: {"addresses": ["10.1.0.11"], "seed": [{"Name": "Contoso"}]} for name in ("new", "old")})
    others = {
        f"{{{number}}}": {"DisplayName": f"Other {number % 50}", "RemoteAddress": f"10.9.0.{number}"}
        for number in range(200)
    }
    foreign = ipsec_store.exempted({**others, "{r}": {**REQUIRE, "RemoteAddress": "10.77.0.0/16"}})
    ipsec_store.change(lab.stores["new"], rules=foreign, stores={GPO: dict(foreign)})
    ipsec_store.change(lab.stores["old"], rules=dict(foreign), module=False, version="2.10")
    task = {"name": "Exempt", "msuc.lync.windows_ipsec_exemptions": {"exemptions": WANT}}
    group = {"name": "Group Policy", "msuc.lync.windows_ipsec_exemptions": {"exemptions": WANT, "policy_store": GPO}}
    plays = [
        {"hosts": "all", "gather_facts": False, "tasks": [task, task]},
        {"hosts": "new", "gather_facts": False, "tasks": [group, group]},
    ]
    played = lab.play(json.dumps(plays))
    found = {name: [record["result"] for record in played.of(name)] for name in ("new", "old")}
    stats = {
        name: [
            tuple(result["stats"][key] for key in ("round_trips", "enumerations", "writes")) for result in found[name]
        ]
        for name in found
    }
    assert stats == {"new": [(2, 3, 2), (1, 1, 0), (2, 3, 1), (1, 1, 0)], "old": [(2, 3, 2), (1, 1, 0)]}, played.output
    assert [result["engine"] for result in (*found["new"], *found["old"])] == ["cim"] * 4 + ["netsh"] * 2
    media = "Profile=Domain|Profile=Private|Protocol=6|EP1_4=10.1.0.11|Name=Lync exempt media (TCP)|Desc=I5, I6|"
    for rules in (ipsec_store.shown(lab.stores["new"]), lab.stores["new"].read()["ipsec"]["stores"][GPO]):
        assert {rule_id: rules[rule_id] for rule_id in foreign} == foreign
        made = [text for rule_id, text in rules.items() if rule_id not in foreign]
        assert f"v2.26|Action=DoNotSecure|Active=TRUE|{media}EmbedCtxt=msuc.lync|" in made
        assert len(rules) == len(foreign) + 2
    old = {rule_id: text for rule_id, text in ipsec_store.shown(lab.stores["old"]).items() if rule_id not in foreign}
    assert len(old) == 2
    assert f"v2.10|Action=DoNotSecure|Active=TRUE|{media}" in old.values()
