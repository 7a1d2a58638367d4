# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml and drift.yml over the three kinds of appliances at once, each simulated over HTTPS.

Each with a pool of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ..simulators.f5_simulator import BigIpSimulator
from ..simulators.kemp import LoadMaster
from ..simulators.netscaler import NetScaler
from .lab import READY, ROOT, Lab, Played
from .summaries import outcomes, summary

NAMES = ("f5", "adc", "lm")


class Appliances:
    """A BIG-IP, a NetScaler and a LoadMaster, each in front of a pool of two."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.bigip = BigIpSimulator()
        stack.callback(self.bigip.stop)
        self.adc, self.lm = stack.enter_context(NetScaler()), stack.enter_context(LoadMaster())
        self.lab = Lab(directory)
        self.lab.inventory.write_text('{"all": {}}', encoding="utf-8")
        self.hosts = directory / "hosts.json"
        self.hosts.write_text(json.dumps(self._inventory()), encoding="utf-8")

    def _inventory(self) -> dict[str, Any]:
        bigip = self.bigip
        f5 = {
            "host": bigip.address,
            "port": bigip.port,
            "user": bigip.user,
            "password": bigip.password,
            "ca": bigip.ca,
        }
        schema = os.environ.get("LYNC_AS3_SCHEMA")
        balancers = {
            "f5": ("f5_as3", f5, {"tenant": "Lync_lab", **({"schema": schema} if schema else {})}),
            "adc": ("netscaler", self.adc.provider(), {"prefix": "lab_"}),
            "lm": ("kemp", self.lm.provider(), {}),
        }
        hosts = {
            name: {
                "ansible_host": f"192.0.2.{number}",
                "lync_balancer_driver": driver,
                "lync_balancer_addresses": [f"192.0.2.{number}1", f"192.0.2.{number}2"],
                "lync_balancer_provider": provider,
                "lync_balancer_options": options,
            }
            for number, (name, (driver, provider, options)) in enumerate(balancers.items(), start=1)
        }
        members = {
            f"fe-{name}-{number}": {
                "ansible_host": f"10.{place}.0.{number}",
                "lync_pool": f"{name}.contoso.com",
                "lync_managed": False,
            }
            for place, name in enumerate(NAMES, start=1)
            for number in (1, 2)
        }
        pools = {
            f"{name}.contoso.com": {
                "role": "frontend",
                "load_balancing": "hlb",
                "balancer": name,
                "vip": f"10.{place}.0.100",
            }
            for place, name in enumerate(NAMES, 1)
        }
        common = {
            "lync_version": "2015",
            "lync_client_networks": ["10.10.0.0/16"],
            "lync_pools": pools,
            "lync_row_overrides": [{"select": "id != 'fe-sip-tls'", "set": {"enabled": False}}],
        }
        return {
            "all": {"vars": common, "children": {"frontend": {"hosts": members}, "load_balancers": {"hosts": hosts}}}
        }

    def play(self, name: str, *arguments: str) -> Played:
        """Run a playbook over load balancers only."""
        return self.lab.play(
            ROOT / "playbooks" / f"{name}.yml", "-i", str(self.hosts), "--tags", "load_balancer", *READY, *arguments
        )

    def look(self) -> tuple[object, object, object]:
        """Return what the appliances have, by an independent look."""
        return json.dumps(self.bigip.objects, sort_keys=True), self.adc.config(), self.lm.services()


@pytest.fixture
def appliances(tmp_path: Path) -> Iterator[Appliances]:
    with ExitStack() as stack:
        yield Appliances(tmp_path, stack)


def statuses(played: Played) -> dict[str, str]:
    return {name: found[0] for name, found in outcomes(played, "load_balancer").items()}


@pytest.mark.no_cover
def test_site_and_drift_over_three_kinds_of_appliances(appliances: Appliances) -> None:
    empty = appliances.look()
    checked = appliances.play("site", "--check")
    assert checked.status == 0 and statuses(checked) == dict.fromkeys(NAMES, "changed"), checked.output
    assert appliances.look() == empty
    made = appliances.play("site")
    assert made.status == 0 and statuses(made) == dict.fromkeys(NAMES, "changed"), made.output
    assert all(part["read_again"] for part in summary(made)["parts"])
    assert {path.split("/")[1] for path in appliances.bigip.objects} == {"Lync_lab"}
    planned = appliances.look()
    assert planned != empty
    again = appliances.play("site")
    assert again.status == 0 and statuses(again) == dict.fromkeys(NAMES, "unchanged"), again.output

    appliances.adc.appliance.update(
        "servicegroup", {"servicegroupname": "lab_adc.contoso.com-fe-sip-tls-5061", "clttimeout": 60, "svrtimeout": 60}
    )
    appliances.lm.do("modvs", vs="10.3.0.100", port="5061", prot="tcp", Idletime="660")
    pool = next(made for path, made in appliances.bigip.objects.items() if made["command"] == "ltm pool")
    next(iter(pool["properties"]["members"].values())).update(session="user-disabled", state="user-down")
    drifted = appliances.look()
    found = appliances.play("drift")
    assert found.status == 2, found.output
    assert "adc: adc.contoso.com-fe-sip-tls-5061: changed: idle_seconds is 60, should be 1800" in found.output
    assert "lm: lm.contoso.com-fe-sip-tls-5061: changed: idle_seconds is 660, should be 1800" in found.output
    assert "f5: f5.contoso.com-fe-sip-tls-5061: disabled: members: " in found.output
    assert appliances.look() == drifted
    mended = appliances.play("drift", "-e", "lync_remediate=true")
    assert mended.status == 0 and appliances.look() == planned, mended.output
    for secret in (appliances.bigip.password, "not-a-secret"):
        assert secret not in found.output + mended.output


@pytest.mark.no_cover
def test_verify_asks_appliances_for_what_the_plan_relies_on(appliances: Appliances) -> None:
    """The switch of the LoadMaster is off, then on; a NetScaler has nothing that would be asked for."""
    for value, standing in (("no", "contradicted"), ("yes", "confirmed")):
        appliances.lm.switches["droponfail"] = value
        played = appliances.lab.play(ROOT / "playbooks" / "verify.yml", "-i", str(appliances.hosts))
        report = next(record["result"]["report"] for record in played.results if "report" in record["result"])
        (found,) = (each for each in report["assumptions"] if "droponfail" in each["text"])
        why = f"lm: droponfail is {'on' if value == 'yes' else 'off'}"
        assert (found["place"], found["standing"], found["why"]) == ("lm.contoso.com", standing, why), played.output
        assert ("assumption of lm.contoso.com: " in played.output) is (standing == "contradicted")
        asked = {record["host"] for record in played.results if "assumptions" in record["result"]}
        assert asked == {"f5", "lm"}
