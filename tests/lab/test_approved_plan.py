# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was approved is what is applied: site.yml, drift.yml and retire.yml by a plan of a directory."""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest

from tests.lab.lab import ROOT, Played
from tests.lab.site_lab import SiteLab, printed
from tests.lab.test_site import GROUPS, deployment, ok, saved, state_of

CLIENTS, MORE_CLIENTS = ["10.10.0.0/16"], ["10.10.0.0/16", "10.3.0.0/16"]
SUMMARY = "Print what was done"
CHANGE_SCHEMA = json.loads(
    (ROOT / "plugins/plugin_utils/_report/data/lync_change.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteLab]:
    directory = tmp_path_factory.mktemp("approved")
    with SiteLab(saved(directory, inventory(CLIENTS)), directory / "lab") as lab:
        yield lab


@pytest.fixture(scope="module")
def approved(site: SiteLab, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the directory of the plan of the first inventory."""
    directory = tmp_path_factory.mktemp("plans") / "plan"
    played = ok(site.playbook("plan", "-e", f"lync_plan_dir={directory}"))
    assert f"Plan digest: {digest_of(directory)}" in played.output
    return directory


def inventory(clients: list[str], **more: object) -> dict[str, Any]:
    return deployment(GROUPS, **{"lync_client_networks": clients, **more})


def digest_of(directory: pathlib.Path) -> str:
    return str(json.loads((directory / "index.json").read_text(encoding="utf-8"))["digest"])


def by_plan(site: SiteLab, playbook: str, directory: pathlib.Path, *more: str, **variables: object) -> Played:
    given = {"lync_plan": str(directory), **variables}
    return site.playbook(playbook, "-e", json.dumps(given), *more)


@pytest.fixture
def changed(site: SiteLab) -> Iterator[None]:
    """Let clients of one more network in, in the inventory alone."""
    path = pathlib.Path(site.source)
    before = path.read_text(encoding="utf-8")
    saved(path.parent, inventory(MORE_CLIENTS))
    yield
    path.write_text(before, encoding="utf-8")


def test_check_result_and_acceptance_have_the_digest_of_the_plan(
    site: SiteLab, approved: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    digest = digest_of(approved)
    options: Mapping[str, object] = {"lync_plan_digest": digest, "lync_report_dir": str(tmp_path)}
    checked = ok(by_plan(site, "site", approved, "--check", **options))
    assert f"digest {digest[:12]}, approved" in printed(checked, SUMMARY)
    ok(by_plan(site, "site", approved, **options))
    for name in ("site-before.json", "site-after.json"):
        plan = json.loads((tmp_path / name).read_text(encoding="utf-8"))["plan"]
        assert (plan["digest"], plan["approved"]) == (digest, True)
    change = json.loads((tmp_path / "change.json").read_text(encoding="utf-8"))
    jsonschema.validate(change, CHANGE_SCHEMA)
    assert (change["plan"]["digest"], change["word"]) == (digest, "SAFE")
    assert {device["device"] for device in change["devices"]} == set(site.lab.stores)
    assert f"Plan `{digest}`, approved" in (tmp_path / "change.md").read_text(encoding="utf-8")
    (run,) = (tmp_path / "runs").iterdir()
    begun = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert (begun["plan"], begun["is_approved"], begun["verdict"], begun["changed"]) == (digest, True, "done", 6)
    assert begun["account"] and "msuc.lync.site" in begun["command"].replace("playbooks/site.yml", "msuc.lync.site")
    lines = [json.loads(line) for line in (run / "changes.jsonl").read_text(encoding="utf-8").splitlines()]
    added = {(line["device"], line["name"]) for line in lines if line["kind"] == "add"}
    assert added >= {(host, rule["Name"]) for host in site.lab.stores for rule in site.rules(host)}
    before = state_of(site)
    again = ok(by_plan(site, "site", approved))
    assert "0 of 6 devices changed" in printed(again, SUMMARY) and state_of(site) == before
    ok(by_plan(site, "drift", approved))
    # What the inventory gives is the same plan.
    assert "0 of 6 devices changed" in printed(ok(site.playbook("site")), SUMMARY)


@pytest.mark.usefixtures("changed")
@pytest.mark.no_cover
def test_what_the_inventory_says_by_now_is_pending_and_not_made(site: SiteLab, approved: pathlib.Path) -> None:
    ok(by_plan(site, "site", approved))
    before = state_of(site)
    shown = printed(ok(by_plan(site, "site", approved)), SUMMARY)
    assert "fe11: 10.3.0.0/16 newly admitted to TCP 5061" in shown
    assert "Pending, since the inventory says it by now" in shown
    assert state_of(site) == before
    assert "pending: fe11: 10.3.0.0/16 newly" in by_plan(site, "drift", approved).output


@pytest.mark.no_cover
def test_an_inventory_with_errors_is_pending_too(site: SiteLab, approved: pathlib.Path) -> None:
    path = pathlib.Path(site.source)
    before = path.read_text(encoding="utf-8")
    try:
        saved(path.parent, inventory(CLIENTS, lync_version="2011"))
        shown = printed(ok(by_plan(site, "site", approved)), SUMMARY)
        assert "the inventory has" in shown and "cannot be told" in shown
    finally:
        path.write_text(before, encoding="utf-8")


def _edit(path: pathlib.Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _edit_rule(plan: pathlib.Path) -> None:
    _edit(plan / "hosts" / "fe11.json", "10.10.0.0/16", "10.0.0.0/8")


def _edit_addresses(plan: pathlib.Path) -> None:
    _edit(plan / "index.json", '"known_addresses": [', '"known_addresses": ["192.0.2.1",')


def _edit_version(plan: pathlib.Path) -> None:
    _edit(plan / "index.json", '"version": "', '"version": "9.')


def _remove_host(plan: pathlib.Path) -> None:
    (plan / "hosts" / "fe11.json").unlink()


def _add_host(plan: pathlib.Path) -> None:
    shutil.copy(plan / "hosts" / "fe11.json", plan / "hosts" / "fe99.json")


OTHER = "0" * 64
REFUSED = {
    "a rule": (_edit_rule, {}, "hosts/fe11.json: was changed after it was written"),
    "an address that the plan knows": (_edit_addresses, {}, "index.json: was changed after it was written"),
    "another version": (_edit_version, {}, "index.json: was made by msuc.lync 9."),
    "a host that is gone": (_remove_host, {}, "hosts/fe11.json: cannot be read"),
    "a host beside it": (_add_host, {}, "hosts/fe99.json: is not of this plan"),
    "another digest": (None, {"lync_plan_digest": OTHER}, f"approved is {OTHER}"),
    "no digest": (None, {"lync_plan_digest": "9f86d0"}, "is not the digest of a plan"),
    "no plan": (shutil.rmtree, {}, "holds no plan"),
    "another host": (None, {"ansible_host": "10.9.9.9"}, "Ansible reaches it at 10.9.9.9, and the plan was made for"),
    "two plans": (None, {"lync_approved_plan": "."}, "a run goes by one plan"),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("case", REFUSED)
def test_a_plan_that_is_another_is_refused_with_its_place(
    site: SiteLab, approved: pathlib.Path, tmp_path: pathlib.Path, case: str
) -> None:
    damage, variables, message = REFUSED[case]
    plan = tmp_path / "plan"
    shutil.copytree(approved, plan)
    if damage:
        damage(plan)
    before = site.counts("requests")
    played = by_plan(site, "drift", plan, "--limit", "fe11", **variables)
    assert played.status == 2 and message in played.output
    assert site.counts("requests") == before


@pytest.mark.no_cover
def test_a_playbook_that_makes_a_plan_goes_by_none(site: SiteLab, approved: pathlib.Path) -> None:
    played = by_plan(site, "plan", approved)
    assert played.status == 2 and "this playbook makes a plan, and goes by none" in played.output
