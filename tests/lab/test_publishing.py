# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What reverse proxies publish, for real.

Whose certificate a client sees, where a name leads, what a change says and does.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Member
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import Publication, TlsMode

from ..simulators.proxies import NET, OTHER, VIP, Proxy, needs_haproxy, needs_nginx, running_haproxy, running_nginx
from .lab import READY, ROOT, Lab, Played
from .publishing import Authority, WebMember, plainly, publish, shown, web_members
from .summaries import outcomes

POOLS = ("pool01.contoso.com", "pool02.contoso.com")
MEET, FIRST, SECOND, NEWER = "meet.contoso.com", "webext01.contoso.com", "webext02.contoso.com", "web2.contoso.com"
MEMBERS = (f"{NET}.11", f"{NET}.12")
REFUSED = ("421", "ConnectionResetError", "SSLEOFError", "SSLError", "RemoteDisconnected")


@dataclass
class Scene:
    """A running proxy, what is published by it, and certificates."""

    proxy: Proxy
    paths: dict[str, str]
    authority: Authority

    def wanted(self, **second: object) -> tuple[Publication, ...]:
        """Return two pools, the first with a simple URL; second: fields of the second one."""
        common = {
            "https_port": 10443,
            "https_node_port": 14443,
            "http_port": 10080,
            "http_node_port": 18080,
            "idle_seconds": 60,
        }
        one = Publication(POOLS[0], (MEET, FIRST), (VIP,), (Member(MEMBERS[0]),), **common)  # type: ignore[arg-type]
        other = replace(one, name=POOLS[1], host_names=(SECOND,), members=(Member(MEMBERS[1]),))
        return one, replace(other, **second)  # type: ignore[arg-type]

    @property
    def is_nginx(self) -> bool:
        return "http" in self.paths

    def bridged(self, **more: object) -> tuple[Publication, ...]:
        files = {"certificate": str(self.authority.folder / "proxy.pem"), "ca": str(self.authority.ca)}
        one, other = self.wanted(**{"mode": TlsMode.BRIDGE, **files, **more})
        return (other,) if self.is_nginx else (one, other)  # nginx has one mode at an address

    def serial(self, file: str) -> int:
        return self.authority.serials[file]

    def texts(self) -> str:
        return "".join(Path(path).read_text(encoding="utf-8") for path in self.paths.values() if Path(path).exists())


@pytest.fixture(params=[pytest.param("haproxy", marks=needs_haproxy), pytest.param("nginx", marks=needs_nginx)])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    authority = Authority(tmp_path / "certificates")
    first = authority.certificate("first.pem", FIRST, MEET)
    second = authority.certificate("second.pem", SECOND)
    authority.certificate("proxy.pem", SECOND)
    authority.certificate("newer.pem", SECOND)
    is_nginx = request.param == "nginx"
    start = running_nginx if is_nginx else running_haproxy
    with web_members((MEMBERS[0], first), (MEMBERS[1], second)), start(tmp_path / "proxy") as proxy:
        if is_nginx:
            http = proxy.folder / "conf.d" / "zz-msuc-lync-publications.conf"
            yield Scene(
                proxy,
                {"stream": str(proxy.path.with_name("91-msuc-lync-publications.conf")), "http": str(http)},
                authority,
            )
        else:
            yield Scene(proxy, {"haproxy": str(proxy.path.with_name("zz-msuc-lync-publications.cfg"))}, authority)


def test_the_rhythm_of_states_and_whose_certificate_is_seen(scene: Scene) -> None:
    proxy, paths, want = scene.proxy, scene.paths, scene.wanted()
    assert publish(proxy, paths, want, check=True)["summary"]["added"] == 2
    assert scene.texts() == "" and shown(VIP, MEET)[0] == 0
    done = publish(proxy, paths, want)
    assert done["changed"] and done["lines"][-1] == "reload"
    # The members' certificates, each name at its pool, HTTP by its Host header; who is not published is refused.
    for name, member, file in ((MEET, 0, "first.pem"), (FIRST, 0, "first.pem"), (SECOND, 1, "second.pem")):
        assert shown(VIP, name) == (scene.serial(file), f"{MEMBERS[member]} {name} 14443")
        assert plainly(VIP, name) == f"{MEMBERS[member]} {name} 18080"
    assert shown(VIP, "www.contoso.com")[0] == 0 and plainly(VIP, "www.contoso.com") in REFUSED
    again = publish(proxy, paths, want)
    assert (again["changed"], again["lines"]) == (False, []) and publish(proxy, paths, want, State.GATHERED)[
        "gathered"
    ][0]["name"] == POOLS[0]
    # Somebody takes a name away by hand: it is named, and mended.
    for path in map(Path, paths.values()):
        path.write_text(path.read_text(encoding="utf-8").replace(MEET, "gone.contoso.com"), encoding="utf-8")
    drift = publish(proxy, paths, want, check=True)
    assert drift["changed"] and [item["property"] for change in drift["changes"] for item in change["properties"]] == [
        "host_names"
    ]
    assert publish(proxy, paths, want)["changed"] and not publish(proxy, paths, want, check=True)["changed"]
    assert shown(VIP, MEET)[0] == scene.serial("first.pem")
    # merged keeps, deleted removes what is named, then all.
    assert not publish(proxy, paths, want[:1], State.MERGED)["changed"]
    assert publish(proxy, paths, want[:1], State.DELETED)["summary"]["removed"] == 1
    assert shown(VIP, MEET)[0] == 0 and shown(VIP, SECOND)[0] == scene.serial("second.pem")
    assert publish(proxy, paths, (), State.DELETED)["changed"] and scene.texts() == ""


def test_a_bridge_shows_the_certificate_of_the_proxy_and_a_change_of_it_is_labelled(scene: Scene) -> None:
    proxy, paths = scene.proxy, scene.paths
    through = scene.wanted()[1:] if scene.is_nginx else scene.wanted()
    publish(proxy, paths, through)
    process = proxy.process
    assert process is not None and shown(VIP, SECOND)[0] == scene.serial("second.pem")
    changed = publish(proxy, paths, scene.bridged())
    assert [change["impact"] for change in changed["changes"]] == [
        "changes the certificate clients see; reloads: new connections go by the new "
        "configuration, open ones stay where they are"
    ]
    # With HAProxy both modes side by side on one address; the member still sees the name, by TLS of its own.
    assert shown(VIP, SECOND) == (scene.serial("proxy.pem"), f"{MEMBERS[1]} {SECOND} 14443")
    if not scene.is_nginx:
        assert shown(VIP, MEET) == (scene.serial("first.pem"), f"{MEMBERS[0]} {MEET} 14443")
    assert shown(VIP, "www.contoso.com")[0] == 0
    assert shown(VIP, SECOND, host=MEET)[1] in REFUSED and plainly(VIP, SECOND) == f"{MEMBERS[1]} {SECOND} 18080"
    assert not publish(proxy, paths, scene.bridged(), check=True)["changed"]
    renewed = publish(proxy, paths, scene.bridged(certificate=str(scene.authority.folder / "newer.pem")))
    assert "changes the certificate clients see" in renewed["commands"][0] and shown(VIP, SECOND)[0] == scene.serial(
        "newer.pem"
    )
    assert process.poll() is None, "reloaded, never restarted"
    assert "changes the certificate clients see" in publish(proxy, paths, through)["commands"][0]
    assert shown(VIP, SECOND)[0] == scene.serial("second.pem")


def test_a_member_that_the_authority_does_not_know_gets_nothing(scene: Scene) -> None:
    stranger = Authority(scene.authority.folder / "stranger")
    publish(scene.proxy, scene.paths, scene.bridged(ca=str(stranger.ca)))
    serial, answer = shown(VIP, SECOND)
    assert serial == scene.serial("proxy.pem") and answer in ("502", "503")


def test_a_broken_candidate_never_goes_live_and_somebody_elses_address_stops_all(scene: Scene) -> None:
    publish(scene.proxy, scene.paths, scene.wanted())
    before = scene.texts()
    for check in (True, False):
        with pytest.raises(DeviceError, match=r"missing\.pem"):
            publish(scene.proxy, scene.paths, scene.bridged(certificate="/nowhere/missing.pem"), check=check)
    assert scene.texts() == before and shown(VIP, SECOND)[0] == scene.serial("second.pem")
    if scene.is_nginx:
        return  # nobody else of nginx listens in the lab
    taken = publish(
        scene.proxy, scene.paths, tuple(replace(each, listens=(OTHER,), http_port=18080) for each in scene.wanted())
    )
    assert taken["failed"] and f"tcp {OTHER} port 18080 belongs to" in taken["msg"] and scene.texts() == before


def _may_listen() -> bool:
    """Return whether the ports that a plan says can be had here."""
    try:
        for port in (80, 443):
            with socket.socket() as probe:
                probe.bind((VIP, port))
    except OSError:
        return False
    return True


def inventory(
    path: Path,
    second: dict[str, object],
    proxy: dict[str, object],
    first: dict[str, object] | None = None,
    managed: bool = False,
) -> Path:
    """Write two pools of one server each, a simple URL, and a reverse proxy that is this machine.

    Managed: whether the first pool's server is.
    """
    members = {
        f"fe0{number}": {"ansible_host": MEMBERS[number - 1], "lync_pool": POOLS[number - 1], "lync_managed": False}
        for number in (1, 2)
    }
    members["fe01"]["lync_managed"] = managed
    rp01 = {
        "ansible_host": f"{NET}.5",
        "lync_external_address": VIP,
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        **proxy,
    }
    common = {
        "lync_version": "2015",
        "lync_client_networks": ["127.0.0.0/16"],
        "lync_management_networks": ["127.0.1.0/24"],
        "lync_central_management_pool": POOLS[0],
        "lync_simple_urls": {"meet": [f"https://{MEET}"]},
        "lync_pools": {
            POOLS[0]: {"role": "frontend", "external_web_fqdn": FIRST, **(first or {})},
            POOLS[1]: {"role": "frontend", "external_web_fqdn": SECOND, **second},
        },
    }
    children = {"frontend": {"hosts": members}, "reverse_proxy": {"hosts": {"rp01": rp01}}}
    path.write_text(json.dumps({"all": {"vars": common, "children": children}}), encoding="utf-8")
    return path


@dataclass
class Site:
    """A deployment with one real reverse proxy, played as users do."""

    folder: Path
    proxy: dict[str, object]
    own: tuple[Path, ...]
    authority: Authority
    files: tuple[str, ...]

    def __post_init__(self) -> None:
        self.lab, self.hosts = Lab(self.folder), self.folder / "hosts.json"
        (self.folder / "lab.json").write_text('{"all": {}}', encoding="utf-8")
        self.asks({})

    def asks(self, second: dict[str, object], **more: Any) -> None:
        inventory(self.hosts, second, self.proxy, **more)

    def played(self, name: str, *arguments: str) -> Played:
        return self.lab.play(
            ROOT / "playbooks" / f"{name}.yml", "-i", str(self.hosts), "--tags", "load_balancer", *READY, *arguments
        )

    def is_published(self) -> None:
        """See both pools by HTTPS and HTTP, each with its own certificate."""
        assert shown(VIP, MEET, 443) == (self.authority.serials["first.pem"], f"{MEMBERS[0]} {MEET} 4443")
        assert shown(VIP, SECOND, 443) == (self.authority.serials["second.pem"], f"{MEMBERS[1]} {SECOND} 4443")
        assert plainly(VIP, SECOND, 80) == f"{MEMBERS[1]} {SECOND} 8080"


@contextlib.contextmanager
def site_of(folder: Path, driver: str) -> Iterator[Site]:
    authority = Authority(folder / "certificates")
    names = (("first", (FIRST, MEET)), ("second", (SECOND, NEWER)), ("proxy", (SECOND,)))
    files = tuple(authority.certificate(f"{name}.pem", *hosts) for name, hosts in names)
    start = running_nginx if driver == "nginx" else running_haproxy
    with (
        WebMember(MEMBERS[0], files[0], 4443, 8080),
        WebMember(MEMBERS[1], files[1], 4443, 8080),
        start(folder / "proxy") as proxy,
    ):
        own = (
            proxy.path.with_name("zz-msuc-lync-publications.cfg"),
            proxy.folder / "conf.d" / "zz-msuc-lync-publications.conf",
        )
        variables: dict[str, object] = {"lync_reverse_proxy_driver": driver, "lync_reverse_proxy_path": str(own[0])}
        if driver == "nginx":
            own = (proxy.path.with_name("91-msuc-lync-publications.conf"), own[1])
            variables |= {"lync_reverse_proxy_path": str(own[0]), "lync_reverse_proxy_http_path": str(own[1])}
            variables["lync_reverse_proxy_options"] = {name: proxy.fixed[name] for name in ("config", "pid_file")}
        else:
            variables["lync_balancer_master_socket"] = str(proxy.fixed["master_socket"])
        yield Site(folder, variables, own, authority, files)


needs_ports = pytest.mark.skipif(
    not _may_listen(), reason="ports 80 and 443 cannot be listened on here: it takes root, and nobody else on them"
)


@pytest.mark.no_cover
@needs_haproxy
@needs_ports
def test_site_and_drift(tmp_path: Path) -> None:
    with site_of(tmp_path, "haproxy") as site:
        checked = site.played("site", "--check", "--diff")
        assert checked.status == 0 and f"host_names: {MEET}, {FIRST}" in checked.output, checked.output
        assert outcomes(checked, "publications")["rp01"] == ("changed", 2, 0, 0)
        assert not site.own[0].exists() and shown(VIP, MEET, 443)[0] == 0
        done = site.played("site")
        assert done.status == 0 and outcomes(done, "publications")["rp01"] == ("changed", 2, 0, 0), done.output
        site.is_published()
        assert outcomes(site.played("site"), "publications")["rp01"][0] == "unchanged"
        # The inventory asks for a bridge: what clients will notice is said before anything is done.
        site.asks({"tls": {"mode": "bridge", "certificate": site.files[2], "ca": str(site.authority.ca)}})
        drift = site.played("drift")
        said = f"rp01: {POOLS[1]}: changed: mode is passthrough, should be bridge"
        told = " ".join(drift.output.split())  # lines end where the screen does
        assert drift.status == 2 and said in told and "(changes the certificate clients see)" in told, drift.output
        assert shown(VIP, SECOND, 443)[0] == site.authority.serials["second.pem"]
        mended = site.played("drift", "-e", "lync_remediate=true")
        assert mended.status == 0 and shown(VIP, SECOND, 443) == (
            site.authority.serials["proxy.pem"],
            f"{MEMBERS[1]} {SECOND} 4443",
        ), mended.output
        assert site.played("drift").status == 0


@pytest.mark.no_cover
@needs_nginx
@needs_ports
def test_site_with_nginx_and_a_pool_that_waits(tmp_path: Path) -> None:
    with site_of(tmp_path, "nginx") as site:
        done = site.played("site")
        assert done.status == 0 and outcomes(done, "publications")["rp01"] == ("changed", 2, 0, 0), done.output
        site.is_published()
        again = site.played("site")
        assert again.status == 0 and outcomes(again, "publications")["rp01"][0] == "unchanged", again.output
        # Both pools get other names, but the first one's server is not part of the run: it stays as it is.
        site.asks({"external_web_fqdn": NEWER}, first={"external_web_fqdn": "web1.contoso.com"}, managed=True)
        waits = site.played("site", "--limit", "rp01", "-e", "lync_members_are_ready=false")
        assert f"what rp01 has of {POOLS[0]} is left as it is: fe01 not part of this run" in " ".join(
            waits.output.split()
        ), waits.output
        assert (
            shown(VIP, NEWER, 443) == (site.authority.serials["second.pem"], f"{MEMBERS[1]} {NEWER} 4443")
            and shown(VIP, SECOND, 443)[0] == 0
        )
        assert (
            shown(VIP, FIRST, 443)[0] == site.authority.serials["first.pem"]
            and shown(VIP, "web1.contoso.com", 443)[0] == 0
        )
