# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading and parsing: the shipped file is complete, and what is wrong with a document is told, all of it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.check import schema_path
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.extend import extended
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import (
    EDGE_SERVICES,
    MEDIA_RANGES,
    Catalogue,
    Direction,
    Interface,
    LoadBalancer,
    Scope,
    Transport,
    Version,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .facts import row, shipped

SMALL: dict[str, Any] = {
    "classes": {"frontend": ["frontend", "standard_edition"]},
    "ports": [
        {
            "id": "one",
            "component": "frontend",
            "port": 5061,
            "transports": ["tcp"],
            "direction": "in",
            "peers": [{"class": "clients"}, {"class": "frontend", "scope": "own_pool", "features": ["rcc"]}],
            "load_balancer": {"2010": "hlb", "default": "no"},
        },
        {
            "id": "two",
            "component": "mediation",
            "port": {"gateway_sip": [5060, "5067-5068"]},
            "port_side": "remote",
            "other_port": "1024-65535",
            "transports": ["tcp", "udp"],
            "direction": "out",
            "interface": "pstn",
            "peers": [{"class": "pstn_gateways"}],
            "collocated": False,
            "versions": ["2013", "se"],
        },
    ],
    "ipsec": [
        {
            "id": "three",
            "name": "Three",
            "components": {"2010": ["av_conferencing"], "default": ["frontend"]},
            "direction": "in",
            "transports": ["udp"],
            "local_port": {"media": "client"},
        }
    ],
}


def problems_of(document: object) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        parse(document)
    return [str(problem) for problem in caught.value.problems]


def changed(path: str, value: object) -> dict[str, Any]:
    """Return the small document with one value set; path: keys and indexes with dots."""
    document = copy.deepcopy(SMALL)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = document
    for step in steps:
        place = place[step]
    place[last] = value
    return document


# --- the shipped file ---


def test_shipped_file_follows_its_schema() -> None:
    schema = json.loads(schema_path().read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(yaml.safe_load(default_path().read_text(encoding="utf-8")))


def test_shipped_rows_are_complete() -> None:
    for entry in (*shipped().ports, *shipped().ipsec):
        assert entry.note.endswith("."), entry.id
        assert len(entry.note) <= 200, entry.id
        assert entry.source, entry.id
    assert all(entry.application for entry in shipped().ports)
    assert all(set(entry.load_balancer) >= entry.versions for entry in shipped().ports)


def test_sources_exist_and_each_is_used() -> None:
    named = {key for entry in (*shipped().ports, *shipped().ipsec) for key in entry.source.split(", ")}
    assert named == set(yaml.safe_load(default_path().read_text(encoding="utf-8"))["sources"])


def test_schema_lists_the_words_of_the_model() -> None:
    definitions = json.loads(schema_path().read_text(encoding="utf-8"))["definitions"]
    words = {
        "direction": Direction,
        "interface": Interface,
        "version": Version,
        "load_balancer_word": LoadBalancer,
    }
    assert {name: definitions[name]["enum"] for name in words} == {
        name: [word.value for word in enum] for name, enum in words.items()
    }
    assert definitions["transports"]["items"]["enum"] == [word.value for word in Transport]
    assert sorted(definitions["peer"]["properties"]["scope"]["enum"]) == sorted(word.value for word in Scope)
    port = definitions["port"]["properties"]
    assert (tuple(port["media"]["enum"]), tuple(port["edge_service"]["enum"])) == (MEDIA_RANGES, EDGE_SERVICES)


# --- reading ---


def test_rows_come_with_their_defaults() -> None:
    rows = read_document(default_path())["ports"]
    assert isinstance(rows, list)
    found = next(entry for entry in rows if entry["id"] == "fe-e911-gateway")
    assert (found["versions"], found["interface"], found["enabled"]) == (
        ["2010", "2013", "2015", "2019", "se"],
        "any",
        True,
    )
    assert found["load_balancer"] == dict.fromkeys(["2010", "2013", "2015", "2019", "se"], "no")
    assert found["peers"] == [{"class": "e911_gateways", "scope": "deployment", "vips": False, "features": []}]


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "ports.yml"
    path.write_text("{classes: {}, ports: [], ipsec: []}", encoding="utf-8")
    assert read_document(path)["classes"] == {}
    path.write_text("{classes: {fe: [frontend]}, ports: [], ipsec: []}", encoding="utf-8")
    os.utime(path, ns=(1, 1))
    assert read_document(path)["classes"] == {"fe": ["frontend"]}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "the catalogue cannot be read"),
        (b"\xff\xfe\x00", "the catalogue cannot be read"),
        (b"a: [", "this is not YAML"),
        (b"a: 2026-13-45", "this is not YAML: month must be in 1..12"),
        (b"- 1", "[1] is not a catalogue; allowed: a mapping with classes, ports and ipsec"),
        (b"", "None is not a catalogue"),
    ],
)
def test_a_file_that_is_no_catalogue(tmp_path: Path, content: bytes | None, text: str) -> None:
    path = tmp_path / "ports.yml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        read_document(path)
    (problem,) = caught.value.problems
    assert text in str(problem)
    assert problem.place == str(path)


# --- parsing ---


def test_values_of_a_small_document() -> None:
    catalogue = parse(SMALL)
    one, two = catalogue.ports
    assert (one.load_balancer[Version.LYNC_2010], one.load_balancer[Version.SFB_SE]) == (
        LoadBalancer.HLB,
        LoadBalancer.NO,
    )
    assert [(peer.scope, peer.features) for peer in one.peers] == [(Scope.DEPLOYMENT, ()), (Scope.OWN_POOL, ("rcc",))]
    assert two.port.gateway_sip is not None
    assert two.other_port is not None
    assert two.other_port.ports is not None
    assert (two.port.gateway_sip.to_text(), two.other_port.ports.to_text()) == (("5060", "5067-5068"), ("1024-65535",))
    assert (two.collocated, two.versions) == (False, {Version.LYNC_2013, Version.SFB_SE})
    assert catalogue.ipsec[0].components[Version.SFB_2019] == ("frontend",)
    assert catalogue.classes == {"frontend": ("frontend", "standard_edition")}


def test_slips_of_yaml_are_understood() -> None:
    written = yaml.safe_load("{versions: [2010, 2013, se], load_balancer: {2010: no, default: hlb}}")
    document = changed("ports.0", {**SMALL["ports"][0], **written})
    (one, _two) = parse(document).ports
    assert one.versions == {Version.LYNC_2010, Version.LYNC_2013, Version.SFB_SE}
    assert (one.load_balancer[Version.LYNC_2010], one.load_balancer[Version.LYNC_2013]) == (
        LoadBalancer.NO,
        LoadBalancer.HLB,
    )


def test_a_parsed_document_parses_the_same_with_its_defaults_filled_in() -> None:
    document = read_document(default_path())
    assert parse(document) == parse(yaml.safe_load(default_path().read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (
            "ports.0.port",
            0,
            "catalogue, ports row one, port: 0 is out of order or outside 1-65535; allowed: 1 to 65535",
        ),
        ("ports.0.port", "20-10", "ports row one, port: '20-10' is out of order or outside 1-65535"),
        ("ports.0.port", [80, "65535-65536"], "ports row one, port: '65535-65536' is out of order or outside 1-65535"),
        ("ports.0.port", 443.0, "ports row one, port: 443.0 is not a port or a range a-b"),
        ("ports.0.port", {"sql": "x"}, "ports row one, port: 'x' is not a port or a range a-b"),
        (
            "ports.0.port",
            {"media": "sound"},
            "port.media: 'sound' is not allowed; allowed: application_sharing, audio, client, "
            "client_audio, client_files, client_sharing, client_video, edge, video",
        ),
        ("ports.0.port", {"sql": 1, "media": "audio"}, "has too many properties"),
        ("ports.0.port", True, "True has the wrong type; allowed: a whole number or text or a list or a mapping"),
        ("ports.1.other_port", 70000, "ports row two, other_port: 70000 is out of order or outside 1-65535"),
        ("ports.0.id", "One", "ports row One, id: 'One' does not have the right form"),
        ("ports.0.id", "two", "ports row two, id: 'two' is taken by another row; fix: give each row an id of its own"),
        ("ipsec.0.id", "two", "ipsec row two, id: 'two' is taken by another row"),
        (
            "ports.0.component",
            "front_end",
            "ports row one, component: 'front_end' is not a role or class; allowed: admin_hosts, ",
        ),
        ("ports.0.component", "any", "ports row one, component: 'any' is not a role or class"),
        (
            "ports.0.peers.0.class",
            "client",
            "peers[0].class: 'client' is not a role or class; allowed: admin_hosts, any, any_internal, ",
        ),
        ("ports.0.peers.0.class", "client", "fix: write clients"),
        (
            "ports.0.peers.1.features",
            ["rc"],
            "peers[1].features: 'rc' is not a feature; allowed: cac, centralized_logging, ",
        ),
        ("ports.0.peers.1.scope", "pool", "peers[1].scope: 'pool' is not allowed; allowed: deployment, own_pool"),
        ("ports.0.peers", [], "peers: [] should be non-empty"),
        ("ports.0.features", ["federations"], "features: 'federations' is not a feature"),
        ("ports.0.versions", ["2011"], "versions[0]: '2011' is not allowed; allowed: 2010, 2013, 2015, 2019, se"),
        ("ports.0.rows", ["S56"], "rows[0]: 'S56' does not have the right form"),
        (
            "ports.0.load_balancer",
            {"2010": "no"},
            "load_balancer: there is no value for 2013, 2015, 2019, se; fix: add a value for each, or one for default",
        ),
        (
            "ports.0.load_balancer",
            {"2010": "yes", "default": "no"},
            "load_balancer.2010: 'yes' is not allowed; allowed: always, hlb, n/a, no",
        ),
        (
            "ports.0.load_balancer",
            {"2012": "no", "default": "no"},
            "'2012' is not allowed; allowed: 2010, 2013, 2015, 2019, default, se",
        ),
        ("ports.0.transport", ["tcp"], "ports row one: unknown key 'transport'; allowed: application, "),
        ("ports.0.transport", ["tcp"], "fix: write transports"),
        ("ports.0", {"id": "one"}, "ports row one: the key 'component' is missing; fix: add it"),
        ("ports.0", 5, "catalogue, ports[0]: 5 has the wrong type; allowed: a mapping"),
        ("ports", 5, "catalogue, ports: 5 has the wrong type; allowed: a list"),
        (
            "port",
            [],
            "catalogue: unknown key 'port'; allowed: classes, ipsec, own_classes, ports, sources; fix: write ports",
        ),
        (
            "classes.any",
            ["frontend"],
            "catalogue, classes.any: 'any' is a class that the collection defines itself; fix: choose another name",
        ),
        (
            "classes.frontend",
            ["frontends"],
            "catalogue, classes.frontend: 'frontends' is not a role; allowed: admin_hosts, ",
        ),
        (
            "ipsec.0.components",
            {"2010": ["fe"], "default": ["frontend"]},
            "ipsec row three, components: 'fe' is not a role or class",
        ),
        (
            "ipsec.0.components",
            {"2013": ["frontend"]},
            "ipsec row three, components: there is no value for 2010, 2015, 2019, se",
        ),
        ("ipsec.0.peer_class", "all", "ipsec row three, peer_class: 'all' is not a role or class"),
        ("ipsec.0.local_port", "0-1", "ipsec row three, local_port: '0-1' is out of order or outside 1-65535"),
    ],
)
def test_what_is_wrong_is_told(path: str, value: object, text: str) -> None:
    assert [line for line in problems_of(changed(path, value)) if text in line], problems_of(changed(path, value))


def test_all_problems_are_told_at_once() -> None:
    document = changed("ports.0.port", 0)
    document["ports"][1]["component"] = "mediations"
    document["ipsec"][0]["transports"] = ["sctp"]
    assert len(problems_of(document)) == 3


# --- whatever the document, an answer or a list of problems ---

ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 70000)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["frontend", "any", "tcp", "2010", "se"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(2009, 2014), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths_in(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield (*path, key)
        yield from paths_in(part, (*path, key))


@st.composite
def mutated(draw: st.DrawFn) -> object:
    document = copy.deepcopy(SMALL)
    for _turn in range(draw(st.integers(1, 3))):
        *steps, last = draw(st.sampled_from(list(paths_in(document))))
        place: Any = document
        for step in steps:
            place = place[step]
        if isinstance(place, dict) and draw(st.booleans()):
            del place[last]
        else:
            place[last] = draw(ODD)
    return document


def rows_in(document: Any) -> object:
    rows: object = document.get("ports", ())
    return rows


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=mutated() | ODD, extra=mutated().map(rows_in) | ODD, overrides=ODD)
@example(
    document=changed("ports.1.versions", [[], "se"]),
    extra=[{**SMALL["ports"][0], "id": [[]]}],
    overrides=[{"select": "port", "set": {"port": 1}}],
)
def test_any_document_ends_in_values_or_in_problems(document: object, extra: object, overrides: object) -> None:
    try:
        assert isinstance(parse(document), Catalogue)
    except InvalidInputError as error:
        assert all(problem.place and problem.message for problem in error.problems)
    rows: object = [{**SMALL["ports"][0], "id": "new", "peers": extra}]
    changes: object = [overrides, {"select": "port", "set": {"port": overrides}}, {"select": overrides, "set": extra}]
    for given_rows, given_changes in ((extra, overrides), (rows, changes)):
        try:
            assert isinstance(
                parse(extended(dict(read_document(default_path()), ports=[], ipsec=[]), given_rows, given_changes)),
                Catalogue,
            )
        except InvalidInputError as error:
            assert all(problem.place.startswith("lync_") for problem in error.problems)


def test_an_alias_of_peers_is_not_shared_by_an_override() -> None:
    before = row("monitoring-msmq").peers
    extended(
        read_document(default_path()),
        [],
        [{"select": "id=='monitoring-msmq'", "set": {"peers": [{"class": "admin_hosts"}]}}],
    )
    assert parse(read_document(default_path())) == shipped()
    assert row("monitoring-msmq").peers == before
