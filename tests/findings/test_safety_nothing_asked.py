# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing asked is not clean, a refusal is no success, a report that cannot be written is told (8, 19, A5)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from .lab import Deployment, Played, fill, given, lines_about, own_lines, says_fine, small_disk
from .options import extra, tags

SERVER = "se01.contoso.com"
FEW = {"select": "id != 'fe-sip-tls'", "set": {"enabled": False}}
COMMON = {"lync_version": "2015", "lync_client_networks": ["10.10.0.0/16"], "lync_row_overrides": [FEW]}
NOBODY: Mapping[str, Any] = {"all": {"vars": COMMON, "hosts": {"db01": {"ansible_host": "10.1.0.99"}}}}
CLEAN = "0 deviations"


def inventory(**variables: object) -> dict[str, Any]:
    """Return one Standard Edition server."""
    hosts = {SERVER: {"ansible_host": "10.1.0.11"}}
    return {"all": {"vars": {**COMMON, **variables}, "children": {"standard_edition": {"hosts": hosts}}}}


# --- no host, no tag, no server --------------------------------------------------------------------


@pytest.mark.parametrize("playbook", ["site", "drift", "verify", "audit"])
def test_8_an_inventory_without_a_host_of_ours_is_unknown(tmp_path: Path, playbook: str) -> None:
    (tmp_path / "dumps").mkdir()
    with Deployment(tmp_path, NOBODY) as site:
        played = site.play(playbook, *extra(audit_dir=str(tmp_path / "dumps")))
    assert played.status == 2 and not says_fine(played), played.output


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Return one simulated server."""
    with Deployment(tmp_path_factory.mktemp("one"), inventory(), windows=[SERVER]) as site:
        yield site


@pytest.mark.parametrize("playbook", ["site", "drift"])
def test_8_and_a5_a_tag_that_matches_nothing_is_unknown(one: Deployment, playbook: str) -> None:
    played = one.play(playbook, "--tags", "firewal")
    assert not one.own_rules(SERVER)
    assert played.status == 2 and not says_fine(played) and not lines_about(played, CLEAN), played.output


@pytest.mark.parametrize("playbook", ["site", "drift"])
def test_8_dns_without_a_server_is_unknown(one: Deployment, playbook: str) -> None:
    played = one.play(playbook, *tags("dns"), *extra(dns_servers=[]))
    assert played.status == 2 and not says_fine(played) and not lines_about(played, CLEAN), played.output


# --- a refusal -------------------------------------------------------------------------------------


def test_8_check_fails_where_the_run_would_be_refused(one: Deployment) -> None:
    store = one.stores[SERVER]
    before = store.read()
    # Only a rule of ours that goes admits the controller.
    admits = {**before["rules"][0], "Grouping": "msuc.lync", "Name": "Old", "Protocol": 6, "LocalPorts": "5985"}
    admits |= {
        "RemoteAddresses": "*",
        "LocalAddresses": "*",
        "Enabled": True,
        "Direction": 1,
        "Action": 1,
        "id": "{1}",
    }
    store.change(rules=[{**admits, "Profiles": 2147483647, "ApplicationName": None, "ServiceName": None}])
    played = one.play("site", "--check", *tags("firewall"))
    store.write(before)
    given("would be shut" in played.output, played.output)
    assert played.status == 2 and not says_fine(played), own_lines(played)


# --- reports on a full disk ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, dict[str, bytes], dict[str, bytes]]:
    """Return a run whose reports found no room, and the reports before and after it."""
    folder = tmp_path_factory.mktemp("reports")
    with (
        small_disk(folder / "disk", 256) as disk,
        Deployment(folder / "site", inventory(), windows=[SERVER]) as site,
    ):
        made = site.play("site", *tags("firewall"), *extra(report_dir=str(disk)))
        before = {path.name: path.read_bytes() for path in disk.glob("*.json")}
        given(made.status == 0 and len(before) > 1, made.output)
        fill(disk)
        # A long reference, so that this report takes more room than the one that it replaces.
        site.save(inventory(lync_client_networks=["10.20.0.0/16"]))
        played = site.play("site", *tags("firewall"), *extra(report_dir=str(disk), change_reference="CHG0042 " * 2000))
        given("10.20.0.0" in site.admitted(SERVER, "fe-sip-tls"), played.output)
        return played, before, {name: (disk / name).read_bytes() for name in before}


def test_19_a_report_that_cannot_be_written_changes_the_verdict(full_disk: tuple[Played, Any, Any]) -> None:
    assert full_disk[0].status == 2 and not says_fine(full_disk[0]), own_lines(full_disk[0])


def test_19_a_report_is_whole_or_is_as_it_was(full_disk: tuple[Played, dict[str, bytes], dict[str, bytes]]) -> None:
    _played, before, after = full_disk
    for name, content in after.items():
        assert content == before[name] or _is_whole(content), f"{name}: {len(content)} bytes"


def _is_whole(content: bytes) -> bool:
    try:
        return bool(json.loads(content))
    except ValueError:
        return False
