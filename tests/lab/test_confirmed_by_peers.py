# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""With lync_verify a closing that would come back by itself is confirmed by what peers still reach, and not without it.

A rule of ours that the plan lacks is what traffic needs: while it is there, something listens.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.lab.lab import Played
from tests.lab.site_lab import SiteLab
from tests.lab.summaries import outcomes, summary
from tests.lab.test_site import ok, saved
from tests.lab.test_verify import FE01, ROWS, inventory
from tests.simulators import tamper
from tests.simulators.probe_servers import Servers, certificate

OLD = "Lync old"
RULE = {"group": "msuc.lync", "Protocol": 6, "localport": "5061", "remoteip": "127.31.0.77"}


def deployment() -> dict[str, Any]:
    """Return the Front Ends and the Edge Server, and one row."""
    found = copy.deepcopy(inventory())
    groups, variables = found["all"]["children"], found["all"]["vars"]
    del groups["reverse_proxy"]
    others = " && ".join(f"id!='{row}'" for row in ROWS[:1])
    variables["lync_row_overrides"] = [{"select": others, "set": {"enabled": False}}]
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteLab]:
    directory = tmp_path_factory.mktemp("peers")
    with SiteLab(saved(directory, deployment()), directory / "lab") as made:
        ok(made.playbook("site", "--tags", "firewall"))
        yield made


@pytest.fixture
def old_rule(site: SiteLab) -> Iterator[Servers]:
    """Give fe01 a rule that the plan lacks."""
    tamper.add(site.lab.stores["fe01"], OLD, RULE)
    with Servers() as servers:
        yield servers
    store = site.lab.stores["fe01"]
    store.advance(5)
    if has_old_rule(site):
        tamper.remove(store, OLD)


def has_old_rule(site: SiteLab) -> bool:
    return OLD in {rule["Name"] for rule in site.rules("fe01")}


def close(site: SiteLab, *more: str) -> Played:
    options = ("lync_verify=true", "lync_confirm_minutes=5", "lync_probe_seconds=1")
    settings = [part for text in options for part in ("-e", text)]
    return site.playbook("site", "--tags", "firewall", *settings, *more)


def listen(servers: Servers) -> None:
    servers.tls(FE01, 5061, certificate(["pool01.contoso.com"]))


@contextmanager
def when_the_old_rule_goes(site: SiteLab, act: Callable[[], None]) -> Iterator[None]:
    """Do something as soon as the old rule of fe01 is gone."""
    is_over = threading.Event()

    def watch() -> None:
        while has_old_rule(site) and not is_over.wait(0.05):
            pass
        act()

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    is_over.set()
    watcher.join()


def test_a_closing_after_which_peers_get_through_as_before_is_confirmed(site: SiteLab, old_rule: Servers) -> None:
    listen(old_rule)
    played = ok(close(site))
    assert outcomes(played, "firewall")["fe01"] == ("changed", 0, 0, 1)
    store = site.lab.stores["fe01"]
    assert (has_old_rule(site), store.read()["task"]) == (False, None)
    store.advance(5)
    assert not has_old_rule(site)


def test_a_closing_that_a_peer_loses_something_by_is_not_confirmed_and_comes_back(
    site: SiteLab, old_rule: Servers
) -> None:
    listen(old_rule)
    with when_the_old_rule_goes(site, lambda: old_rule.stop(FE01, 5061)):
        played = close(site)
    assert (played.status, summary(played)["verdict"]) == (2, "NOT DONE"), played.output
    assert "the change is not confirmed, and comes back by itself:" in played.output
    for peer in ("fe02", "edge01"):
        assert f"{peer} to fe01 TCP 5061: open before, " in played.output
    assert not has_old_rule(site)
    site.lab.stores["fe01"].advance(5)
    assert has_old_rule(site)


def test_a_closing_after_which_a_peer_cannot_be_asked_is_not_confirmed(site: SiteLab, old_rule: Servers) -> None:
    listen(old_rule)
    peer = site.lab.stores["fe02"]
    with when_the_old_rule_goes(site, lambda: peer.set_faults(unreachable=True)):
        played = close(site)
    peer.set_faults()
    assert (played.status, summary(played)["verdict"]) == (2, "NOT DONE"), played.output
    assert "fe02 could not be asked after it, so nobody knows what the change took from it: " in played.output
    site.lab.stores["fe01"].advance(5)
    assert has_old_rule(site)


def test_a_closing_whose_peers_are_not_part_of_the_run_is_not_confirmed(site: SiteLab, old_rule: Servers) -> None:
    listen(old_rule)
    played = close(site, "--limit", "fe01")
    assert played.status == 2, played.output
    assert "fe02 is not part of this run, so nobody knows what the change took from it" in played.output
    site.lab.stores["fe01"].advance(5)
    assert has_old_rule(site)
