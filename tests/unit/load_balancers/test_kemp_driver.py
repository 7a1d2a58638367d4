# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The driver of LoadMasters: what a service becomes, the law of parse and render, and what cannot be expressed."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.driver import Kemp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Service
from hypothesis import given, settings
from hypothesis import strategies as st

from .samples import POOL, golden, service, services

DRIVER = Kemp()
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "default_gateway": st.just("10.1.0.1"),
        "local_addresses": st.lists(st.sampled_from(["10.1.0.6", "10.1.0.7"]), min_size=1, max_size=2),
    },
)
GOLDEN_LINES = pathlib.Path(__file__).resolve().parents[2] / "golden" / "kemp"
ALONE: dict[str, Any] = {"persistence": {"type": "none"}}


def rendered(*wanted: Service) -> list[dict[str, Any]]:
    document = DRIVER.render(wanted).document
    assert isinstance(document, dict)
    found: list[dict[str, Any]] = document["VS"]
    return found


def expected(wanted: tuple[Service, ...]) -> tuple[Service, ...]:
    return tuple(sorted(map(DRIVER.expressible, wanted), key=lambda found: found.name))


@given(services(OPTIONS))
@settings(max_examples=150, deadline=None)
def test_what_is_rendered_reads_back_as_what_can_be_expressed(wanted: tuple[Service, ...]) -> None:
    document = DRIVER.render(wanted).document
    assert DRIVER.parse(document) == DRIVER.parse(json.dumps(document)) == expected(wanted)


def test_the_example_reads_back() -> None:
    assert DRIVER.parse(DRIVER.render(golden()).document) == expected(golden())


def test_what_is_expressed_is_what_is_not_among_not_rendered() -> None:
    for wanted in golden():
        fields = {note.name.partition(".")[0] for note in DRIVER.render([wanted]).not_rendered}
        differing = {
            name for name in vars(wanted) if getattr(wanted, name) != getattr(DRIVER.expressible(wanted), name)
        }
        assert fields == differing - {"name"}, wanted.name


def test_the_commands_of_an_edge_pool_are_the_golden_ones() -> None:
    """Read the difference when they change: it is what is sent."""
    wanted = [found for found in golden() if found.pool == "edge01.contoso.com"]
    assert DRIVER.render(wanted).text == (GOLDEN_LINES / "edge01.contoso.com.txt").read_text(encoding="utf-8")


def test_the_vendors_values_of_the_director() -> None:
    """https://docs.progress.com/bundle/loadmaster-deployment-guide-ms-skype-for-business-2015-ltsf/page/Configure-Director-HLB-SIP-Virtual-Service.html"""
    monitor = {"type": "tcp", "port": 5061, "interval_seconds": 10, "failures": 2}
    (found,) = rendered(service("web", port=443, monitor=monitor), service("focus", port=444, monitor=monitor))
    vendor = {
        "VSPort": "443",
        "ExtraPorts": "444",
        "ForceL7": True,
        "Transparent": False,
        "Persist": "src",
        "PersistTimeout": "1200",
        "Schedule": "lc",
        "Idletime": "1800",
        "CheckType": "tcp",
        "CheckPort": "5061",
    }
    assert {name: found[name] for name in vendor} == vendor


# Role, port, protocol -> layer 7, transparent: the vendor's guide for Lync 2010.
LYNC_2010: list[tuple[str, bool, bool]] = [
    ("director-sip-tls-5061", True, False),
    ("fe-rpc-endpoint-mapper-135", True, False),
    ("edge-access-sip-443", True, False),
    ("edge-web-conferencing-443", True, False),
    ("edge-av-tcp-443", True, True),
    ("edge-av-udp-3478", False, True),
    # There the guide has "not transparent"; the later page on routing has "Layer 4 is always transparent".
    ("edge-internal-av-udp-3478", False, True),
]


@pytest.mark.parametrize(("suffix", "layer_7", "transparent"), LYNC_2010)
def test_the_vendors_values_for_lync_2010(suffix: str, layer_7: bool, transparent: bool) -> None:
    (wanted,) = [
        found for found in golden() if found.name.endswith(f"com-{suffix}") and not found.pool.startswith("pool02")
    ]
    (found,) = rendered(wanted)
    assert (found["ForceL7"], found["Transparent"], found["Schedule"], found["Persist"]) == (
        layer_7,
        transparent,
        "lc",
        "src",
    )


def test_persistence_is_in_seconds() -> None:
    (found,) = rendered(service(persistence={"type": "source", "seconds": 1200}))
    assert (found["PersistTimeout"], found["Idletime"]) == ("1200", "1800")


def test_affinity_across_ports_is_extra_ports_or_follows_the_first_port() -> None:
    other_monitor = {"type": "tcp", "port": 443, "interval_seconds": 10, "failures": 2}
    found = rendered(
        service("a", port=5061),
        service("b", port=444),
        service("c", port=5062, monitor=other_monitor),
        service("d", port=80, **ALONE),
    )
    assert [(each["VSPort"], each["ExtraPorts"], each["PortFollow"]) for each in found] == [
        ("80", "", "0"),
        ("444", "5061", "0"),
        ("5062", "", "444"),
    ]


def test_what_cannot_be_expressed_is_listed_with_the_reason() -> None:
    wanted = service(
        "x",
        protocol="udp",
        nagle=False,
        idle_seconds=90000,
        persistence={"type": "source", "seconds": 30, "group": f"{POOL}@10.1.0.100"},
        monitor={"type": "tcp", "port": 5061, "interval_seconds": 5, "failures": 1},
        backup_members=["10.1.0.13"],
        draining_members=["10.1.0.14"],
    )
    notes = sorted((note.name, note.why) for note in DRIVER.render([wanted]).not_rendered)
    assert [field for field, _why in notes] == [
        *(
            "idle_seconds",
            "member_down",
            "members",
            "members",
            "monitor.failures",
            "monitor.interval_seconds",
            "nagle",
            "persistence.group",
            "persistence.seconds",
            "source_nat",
        )
    ]
    assert ("persistence.seconds", "30 is not within 60 to 604800: it is 60") in notes


def test_a_port_that_no_loadmaster_has_is_refused() -> None:
    with pytest.raises(
        InvalidInputError, match=r"port 65535, port: a LoadMaster has no port 65535; allowed: 3 to 65530"
    ):
        DRIVER.render([service("x", port=65535, node_port=80)])


@pytest.mark.parametrize("document", ["<xml/>", {"VS": [1]}, 7])
def test_a_document_of_something_else_is_refused(document: object) -> None:
    with pytest.raises(InvalidInputError, match="is no answer to listvs"):
        DRIVER.parse(document)
