# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""With lync_verify a closing that would come back by itself is confirmed by what peers still reach, and not without it.

A rule or an exemption of ours that the plan lacks is what traffic needs: while it is there, something listens.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.lab import Played
from tests.lab.site_lab import SiteLab
from tests.lab.summaries import outcomes, summary
from tests.lab.test_site import ok, saved
from tests.lab.test_verify import FE01, ROWS, inventory
from tests.simulators import ipsec_store, tamper
from tests.simulators.firewall_store import FirewallStore
from tests.simulators.probe_servers import Servers, certificate

OLD = "Lync exempt old"
RULE = {"group": "msuc.lync", "Protocol": 6, "localport": "5061", "remoteip": "127.31.0.77"}
EXEMPTION = ipsec_store.exempted({"{O1}": {"DisplayName": OLD, "Protocol": "UDP", "Group": "msuc.lync"}})


@dataclass(frozen=True)
class Old:
    """What a host has too much, of one concern: how it comes there, and who is there."""

    concern: str
    add: Callable[[FirewallStore], None]
    texts: Callable[[FirewallStore], list[str]]

    def is_on(self, site: SiteLab) -> bool:
        """Return whether fe01 has it."""
        return any(OLD in text for text in self.texts(site.lab.stores["fe01"]))


def _add_exemption(store: FirewallStore) -> None:
    ipsec_store.change(store, rules={**ipsec_store.shown(store), **EXEMPTION})


OLDS = (
    Old(
        "firewall",
        lambda store: tamper.add(store, OLD, RULE),
        lambda store: [rule["Name"] for rule in store.read()["rules"]],
    ),
    Old("ipsec", _add_exemption, lambda store: list(ipsec_store.shown(store).values())),
)


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
        ok(made.playbook("site", "--tags", "firewall,ipsec", "-e", "lync_ipsec=true"))
        yield made


@pytest.fixture(params=OLDS, ids=lambda old: old.concern)
def old(site: SiteLab, request: pytest.FixtureRequest) -> Iterator[Old]:
    """Give fe01 something that the plan lacks, and bring all back afterwards."""
    found: Old = request.param
    store = site.lab.stores["fe01"]
    before = store.read()
    found.add(store)
    yield found
    store.write(before)


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Return servers, of which one listens on fe01."""
    with Servers() as made:
        made.tls(FE01, 5061, certificate(["pool01.contoso.com"]))
        yield made


def close(site: SiteLab, old: Old, *more: str) -> Played:
    options = ("lync_verify=true", "lync_confirm_minutes=5", "lync_probe_seconds=1", "lync_ipsec=true")
    settings = [part for text in options for part in ("-e", text)]
    return site.playbook("site", "--tags", old.concern, *settings, *more)


@contextmanager
def when_it_goes(site: SiteLab, old: Old, act: Callable[[], None]) -> Iterator[None]:
    """Do something as soon as fe01 has it no more."""
    is_over = threading.Event()

    def watch() -> None:
        while old.is_on(site) and not is_over.wait(0.05):
            pass
        act()

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    is_over.set()
    watcher.join()


@pytest.mark.usefixtures("servers")
def test_a_closing_after_which_peers_get_through_as_before_is_confirmed(site: SiteLab, old: Old) -> None:
    played = ok(close(site, old))
    assert outcomes(played, old.concern)["fe01"] == ("changed", 0, 0, 1)
    store = site.lab.stores["fe01"]
    assert (old.is_on(site), store.read()["task"]) == (False, None)
    store.advance(5)
    assert not old.is_on(site)


def test_a_closing_that_a_peer_loses_something_by_is_not_confirmed_and_comes_back(
    site: SiteLab, old: Old, servers: Servers
) -> None:
    with when_it_goes(site, old, lambda: servers.stop(FE01, 5061)):
        played = close(site, old)
    assert (played.status, summary(played)["verdict"]) == (2, "NOT DONE"), played.output
    assert "the change is not confirmed, and comes back by itself:" in played.output
    for peer in ("fe02", "edge01"):
        assert f"{peer} to fe01 TCP 5061: open before, " in played.output
    assert not old.is_on(site)
    site.lab.stores["fe01"].advance(5)
    assert old.is_on(site)


@pytest.mark.usefixtures("servers")
def test_a_closing_after_which_a_peer_cannot_be_asked_is_not_confirmed(site: SiteLab, old: Old) -> None:
    peer = site.lab.stores["fe02"]
    with when_it_goes(site, old, lambda: peer.set_faults(unreachable=True)):
        played = close(site, old)
    peer.set_faults()
    assert (played.status, summary(played)["verdict"]) == (2, "NOT DONE"), played.output
    assert "fe02 could not be asked after it, so nobody knows what the change took from it: " in played.output
    site.lab.stores["fe01"].advance(5)
    assert old.is_on(site)


@pytest.mark.usefixtures("servers")
def test_a_closing_whose_peers_are_not_part_of_the_run_is_not_confirmed(site: SiteLab, old: Old) -> None:
    played = close(site, old, "--limit", "fe01")
    assert played.status == 2, played.output
    assert "fe02 is not part of this run, so nobody knows what the change took from it" in played.output
    site.lab.stores["fe01"].advance(5)
    assert old.is_on(site)
