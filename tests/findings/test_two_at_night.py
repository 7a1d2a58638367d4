# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""At two in the morning: a gateway vanished from the inventory unseen, and a Front End Server is added in haste."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from .lab import ZONE, Deployment, Played, given, lines_about
from .options import extra, tags

FRONT_ENDS = {"fe11": "10.1.0.11", "fe12": "10.1.0.12", "fe13": "10.1.0.13"}
MEDIATION = {"med01": "10.1.0.41", "med02": "10.1.0.43"}
GATEWAYS = {"gw01": "10.8.0.201", "gw02": "10.8.0.203"}
POOL, MEDIATION_POOL = f"pool01.{ZONE}", f"med01.{ZONE}"
GONE = GATEWAYS["gw02"]
FIREWALL = tags("firewall")


def inventory(front_ends: tuple[str, ...], gateways: tuple[str, ...]) -> dict[str, Any]:
    """Return a pool of Front End Servers, one of Mediation Servers, and gateways."""

    def hosts(addresses: Mapping[str, str], names: tuple[str, ...], **variables: object) -> dict[str, Any]:
        return {"hosts": {name: {"ansible_host": addresses[name], **variables} for name in names}}

    return {
        "all": {
            "vars": {
                "lync_version": "2015",
                "lync_client_networks": ["10.10.0.0/16"],
                "lync_pools": {
                    POOL: {
                        "role": "frontend",
                        "load_balancing": "dns",
                        "web_vip": "10.1.0.100",
                        "web_fqdn": f"web.{ZONE}",
                        "balancer": "lb01",
                    },
                    MEDIATION_POOL: {"role": "mediation", "load_balancing": "dns"},
                },
            },
            "children": {
                "frontend": hosts(FRONT_ENDS, front_ends, lync_pool=POOL),
                "mediation": hosts(MEDIATION, tuple(MEDIATION), lync_pool=MEDIATION_POOL),
                "pstn_gateways": hosts(GATEWAYS, gateways),
                "load_balancers": {"hosts": {"lb01": {"ansible_host": "10.1.0.5", "lync_managed": False}}},
            },
        }
    }


@dataclass
class Night:
    """Runs by what they are about, and which hosts admitted what after them."""

    runs: dict[str, Played] = field(default_factory=dict)
    gateway: dict[str, list[str]] = field(default_factory=dict)
    neighbours: str = ""
    new_rules: int = 0
    accept: list[dict[str, str]] = field(default_factory=list)


def hosts_that_admit(site: Deployment, address: str) -> list[str]:
    return [
        name for name in site.stores if any(address in str(rule["RemoteAddresses"]) for rule in site.own_rules(name))
    ]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder, seen = tmp_path_factory.mktemp("night"), Night()
    everybody = inventory(tuple(FRONT_ENDS), tuple(GATEWAYS))
    with Deployment(folder / "site", everybody, windows=[*FRONT_ENDS, *MEDIATION]) as site:
        site.save(inventory(("fe11", "fe12"), tuple(GATEWAYS)))
        made = site.play("site", *FIREWALL)
        given(made.status == 0 and hosts_that_admit(site, GONE) == list(MEDIATION), made.output)
        site.save(inventory(tuple(FRONT_ENDS), ("gw01",)))
        seen.runs["site"] = site.play("site", *FIREWALL)
        seen.gateway["site"] = hosts_that_admit(site, GONE)
        seen.neighbours, seen.new_rules = site.admitted("fe11", "fe-focus"), len(site.own_rules("fe13"))
        reports = folder / "reports"
        seen.runs["check"] = site.play("site", "--check", *FIREWALL, *extra(report_dir=str(reports)))
        given((reports / "accept.yml").is_file(), seen.runs["check"].output)
        document = yaml.safe_load((reports / "accept.yml").read_text(encoding="utf-8"))
        seen.accept = document["lync_accept"]["items"]
        whole = {**document["lync_accept"]}
        for name, items in (("half", [one for one in seen.accept if one["device"] != "med02"]), ("whole", seen.accept)):
            part = folder / f"{name}.yml"
            part.write_text(yaml.safe_dump({"lync_accept": {**whole, "items": items}}), encoding="utf-8")
            seen.runs[name] = site.play("site", *FIREWALL, "-e", f"@{part}")
            seen.gateway[name] = hosts_that_admit(site, GONE)
        site.save(inventory(("fe11", "fe12"), ("gw01",)))
        seen.runs["another plan"] = site.play("site", *FIREWALL, "-e", f"@{reports / 'accept.yml'}")
    return seen


def test_the_new_server_is_in_service_and_the_gateway_still_works(night: Night) -> None:
    assert FRONT_ENDS["fe13"] in night.neighbours and night.new_rules > 10
    assert night.gateway["site"] == list(MEDIATION)


def test_the_run_is_not_done_and_says_so_in_one_clear_line(night: Night) -> None:
    played = night.runs["site"]
    assert played.status == 2 and lines_about(played, "Verdict: held"), played.output
    (line,) = lines_about(played, GONE)
    assert "med01, med02" in line and "nothing of the inventory has it" in line and "lync_gone" in line


def test_what_is_held_is_a_line_of_accept_for_each_device(night: Night) -> None:
    assert night.runs["check"].status == 2, night.runs["check"].output
    assert [(one["device"], one["kind"], one["object"]) for one in night.accept] == [
        (name, "vanished", GONE) for name in MEDIATION
    ]


def test_what_is_left_of_accept_is_lifted_and_nothing_else(night: Night) -> None:
    assert night.gateway["half"] == ["med02"] and night.runs["half"].status == 2, night.runs["half"].output
    assert night.gateway["whole"] == [] and night.runs["whole"].status == 0, night.runs["whole"].output


def test_acceptances_of_another_plan_stop_before_contact(night: Night) -> None:
    played = night.runs["another plan"]
    assert played.status == 2 and lines_about(played, "Verdict: invalid"), played.output
    assert "it was made for the plan" in played.output
