# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DNS in the playbooks: site, drift and changes of roles, with a real BIND and simulated Windows hosts."""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.lab.lab import READY, ROOT, Played
from tests.lab.site_lab import SiteLab
from tests.lab.summaries import outcomes
from tests.simulators import kerberos
from tests.simulators.bind import MISSING, ZONE, Bind, present, secret
from tests.simulators.kerberos import Realm
from tests.tools import wheel_collections

pytestmark = pytest.mark.skipif(not present(), reason=MISSING)

POOL, OTHER = "pool01.contoso.com", "pool02.contoso.com"
FOREIGN = "www A 10.9.9.9\nmail MX 10 www\n"
PASSWORD = "canary of a domain account"
STAND_IN = ROOT / "tests" / "simulators" / "standin" / "win_dns_record.py"


def inventory(servers: list[dict[str, object]], **states: str) -> dict[str, Any]:
    """Return two Front End pools of two, the second behind a balancer that somebody else configures; states by host."""
    addresses = {"fe11": "10.1.0.11", "fe12": "10.1.0.12", "fe21": "10.1.0.21", "fe22": "10.1.0.22"}
    hosts = {
        name: {
            "ansible_host": address,
            "lync_pool": f"pool0{name[2]}.{ZONE}",
            "lync_member_state": states.get(name, "active"),
        }
        for name, address in addresses.items()
    }
    pool = {"role": "frontend", "balancer": "lb01"}
    variables = {
        "lync_client_networks": ["10.10.0.0/16"], "lync_version": "2013", "lync_sip_domains": [ZONE],
        "lync_dns_servers": servers, "lync_dns_mark_key": "a key of marks, for tests",
        "lync_pools": {
            POOL: {**pool, "load_balancing": "dns", "web_vip": "10.1.0.101", "web_fqdn": f"web01.{ZONE}"},
            OTHER: {**pool, "load_balancing": "hlb", "vip": "10.1.0.102"},
        },
    }  # fmt: skip
    children = {
        "frontend": {"hosts": hosts},
        "load_balancers": {"hosts": {"lb01": {"ansible_host": "10.1.0.5", "lync_balancer_driver": "kemp"}}},
        "dns_servers": {"hosts": {"dc01": {"ansible_host": "10.1.0.93"}}},
    }
    return {"all": {"vars": variables, "children": children}}


class DnsLab(SiteLab):
    """Simulated hosts, a BIND, and a stand-in for win_dns_record."""

    def __init__(self, directory: pathlib.Path, bind: Bind) -> None:
        self.bind = bind
        self.file = directory / "hosts.json"
        self.servers: list[dict[str, object]] = [bind.entry()]
        self.say()
        super().__init__(self.file, directory / "lab")
        plugins = directory / "collections" / "ansible_collections" / "ansible" / "windows" / "plugins"
        for kind in ("action", "modules"):
            (plugins / kind).mkdir(parents=True)
            shutil.copy(STAND_IN, plugins / kind)
        self.standin = {"ANSIBLE_COLLECTIONS_PATH": f"{directory / 'collections'}:{ROOT / '.collections'}"}
        self.lab_dns: dict[str, object] = {"port": bind.port, "key": "internal", "secret": secret("internal")}

    def __enter__(self) -> DnsLab:
        super().__enter__()
        return self

    def say(self, **states: str) -> None:
        """Write the inventory anew."""
        self.file.write_text(json.dumps(inventory(self.servers, **states)), encoding="utf-8")

    def run(self, name: str, *arguments: str) -> Played:
        played = self.playbook(name, *arguments, LAB_DNS=json.dumps(self.lab_dns), **self.standin)
        assert secret("internal") not in played.output + json.dumps(played.results)
        return played

    def names(self) -> dict[str, set[str]]:
        """Return the values of what the plan makes, by name and type, as dig sees them."""
        found: dict[str, set[str]] = {}
        for line in self.bind.zone():
            name, ttl, _class, kind, value = line.split(" ", 4)
            if ttl == "300" and kind != "TXT":
                found.setdefault(f"{name.removesuffix(f'.{ZONE}.')} {kind}", set()).add(value)
        return found


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Iterator[DnsLab]:
    with Bind(tmp_path / "bind", {"internal": {ZONE: FOREIGN}}) as bind, DnsLab(tmp_path, bind) as lab:
        yield lab


PLANNED = {
    "pool01 A": {"10.1.0.11", "10.1.0.12"}, "web01 A": {"10.1.0.101"}, "pool02 A": {"10.1.0.102"},
    "lyncdiscoverinternal A": {"10.1.0.101"}, "sip A": {"10.1.0.11", "10.1.0.12"},
    "ucupdates-r2 A": {"10.1.0.101"}, "_sipinternaltls._tcp SRV": {f"0 0 5061 {POOL}."},
}  # fmt: skip


def place(played: Played, task: str) -> list[int]:
    """Return where among all results those of a task are that changed something."""
    return [
        number
        for number, record in enumerate(played.results)
        if record["task"].endswith(task) and record["result"].get("changed")
    ]


def dns_lines(played: Played) -> list[str]:
    return [line for line in played.output.splitlines() if line.startswith("DNS")]


@pytest.mark.no_cover
def test_site_drift_and_a_member_that_leaves(site: DnsLab) -> None:
    untouched = site.bind.zone()
    checked = site.run("site", "--check", "--diff", "-vvv")
    assert checked.status == 0 and outcomes(checked, "dns") == {"DNS": ("changed", 7, 0, 0)}, checked.output
    assert f"+pool01.{ZONE}. 300 IN A 10.1.0.11" in checked.output
    assert (site.bind.zone(), site.bind.updates()) == (untouched, 0)
    made = site.run("site")
    assert made.status == 0 and outcomes(made, "dns") == {"DNS": ("changed", 7, 0, 0)}, made.output
    assert (site.names(), set(untouched) - set(site.bind.zone())) == (PLANNED, set())
    assert (
        0 < max(place(made, "Open what the plan wants and this host lacks")) < place(made, "Bring DNS to the plan")[0]
    )
    zone, changes = site.bind.zone(), site.bind.updates()
    again = site.run("site")
    assert again.status == 0 and outcomes(again, "dns") == {"DNS": ("unchanged", 0, 0, 0)}, again.output
    assert (site.bind.zone(), site.bind.updates(), place(again, "")) == (zone, changes, [])

    site.bind.nsupdate(
        "internal",
        f"update delete {POOL}. A 10.1.0.12",
        f"update add {POOL}. 300 A 10.1.0.99",
        f"update delete web01.{ZONE}. A",
    )
    drifted = site.bind.zone()
    drift = site.run("drift", "--tags", "dns", *READY)
    assert drift.status == 2 and dns_lines(drift) == [
        f"DNS: pool01.{ZONE} A (internal): changed: values lacks 10.1.0.12, has 10.1.0.99 besides",
        f"DNS: web01.{ZONE} A (internal): missing (it is wanted)",
    ], drift.output  # fmt: skip
    assert site.bind.zone() == drifted
    repaired = site.run("drift", "-e", "lync_remediate=true")
    assert repaired.status == 0 and "DNS record sets 1 added, 1 changed, 0 removed." in dns_lines(repaired), (
        repaired.output
    )
    assert site.bind.zone() == zone

    # A member of pool01 is not part of the run, so nobody knows whether it is open.
    site.bind.nsupdate("internal", f"update delete {POOL}. A 10.1.0.12", f"update delete {OTHER}. A")
    limited = site.run("site", "--limit", "fe11,fe21,fe22")
    assert f"the DNS records of {POOL} are left as they are: fe12 not part of this run" in " ".join(
        limited.output.split()
    ), limited.output
    assert outcomes(limited, "dns") == {"DNS": ("changed", 1, 0, 0)}
    site.bind.nsupdate("internal", f"update add {POOL}. 300 A 10.1.0.12")

    # Updates are refused: who leaves keeps what is to be closed, and who is of a pool without a change in DNS goes on.
    site.servers = [site.bind.entry(key_name="nobody", key_secret=secret("nobody"))]
    site.say(fe12="retired", fe21="retired")
    rules = site.rules("fe12")
    failed = site.run("site")
    assert failed.status == 2 and "it refuses the update; fix: allow the key in allow-update" in failed.output, (
        failed.output
    )
    assert (site.bind.zone(), site.rules("fe12"), site.rules("fe21")) == (zone, rules, [])

    # Retired: out of DNS first, and only then shut.
    site.servers = [site.bind.entry()]
    site.say(fe12="retired", fe21="retired")
    left = site.run("site")
    assert left.status == 0 and site.names() == {
        **PLANNED, "pool01 A": {"10.1.0.11"}, "sip A": {"10.1.0.11"},
    }, left.output
    assert place(left, "Bring DNS to the plan")[0] < min(place(left, "Close what the plan no longer wants"))
    assert site.rules("fe12") == []


def test_windows_servers_are_written_by_win_dns_record_on_the_named_host(site: DnsLab) -> None:
    """The stand-in does to BIND what the module does to Windows.

    That it takes our options is also asked of the released module.
    """
    server = site.bind.entry()
    site.servers = [{**{key: server[key] for key in ("address", "port", "zones", "view")}, "windows_host": "dc01"}]
    site.say()
    checked = site.run("site", "--tags", "dns", *READY, "--check")
    assert (
        checked.status == 0 and site.bind.updates() == 0 and outcomes(checked, "dns") == {"DNS": ("changed", 7, 0, 0)}
    ), checked.output
    made = site.run("site", "--tags", "dns", *READY)
    assert made.status == 0 and site.names() == PLANNED, made.output
    calls = [
        item
        for record in made.results
        if record["task"].endswith("on a Windows DNS server")
        for item in record["result"]["results"]
    ]
    assert {call["on"] for call in calls} == {"dc01"}
    zone, changes = site.bind.zone(), site.bind.updates()
    again = site.run("site", "--tags", "dns", *READY)
    assert again.status == 0 and (site.bind.updates(), place(again, "")) == (changes, []), again.output
    site.bind.nsupdate("internal", f"update add {POOL}. 300 A 10.1.0.99")
    assert site.run("drift", "--tags", "dns", *READY, "-e", "lync_remediate=true").status == 0
    assert site.bind.zone() == zone
    # What the host refuses is not taken for done.
    site.bind.nsupdate("internal", f"update delete {POOL}. A")
    site.lab_dns["fails"] = True
    failed = site.run("site", "--tags", "dns", *READY)
    assert failed.status == 2 and "DNS: failed:" in failed.output, failed.output
    if wheel_collections.present():
        _assert_known_options(calls)


@pytest.mark.no_cover
@pytest.mark.skipif(bool(kerberos.missing()), reason=kerberos.missing())
def test_an_account_writes_a_secure_zone_and_refreshes_it_when_that_is_due(tmp_path: pathlib.Path) -> None:
    with Realm(tmp_path / "realm") as realm:
        account, keys = realm.add("svc-lync-dns", PASSWORD), realm.add_service(f"DNS/ns1.{ZONE}")
        options, rights = f'tkey-gssapi-keytab "{keys}";', f"grant {account} zonesub ANY; grant internal zonesub ANY;"
        zones = {"internal": {ZONE: FOREIGN}}
        bind = Bind(tmp_path / "bind", zones, options=options, rights=f"update-policy {{ {rights} }};")
        with bind, DnsLab(tmp_path, bind) as site:
            site.standin.update(realm.environment())
            server = {key: value for key, value in bind.entry().items() if not key.startswith("key_")}
            login = {"kerberos_principal": account, "kerberos_password": PASSWORD, "kerberos_server": f"ns1.{ZONE}"}
            site.servers = [{**server, **login}]
            site.say()
            _assert_written_and_refreshed(site)


def _assert_written_and_refreshed(site: DnsLab) -> None:
    only_dns = ("--tags", "dns", *READY)
    made = site.run("site", *only_dns, "-vvv")
    assert made.status == 0 and site.names() == PLANNED, made.output
    assert PASSWORD not in made.output + json.dumps(made.results)
    zone, changes = site.bind.zone(), site.bind.updates()
    again = site.run("site", *only_dns)
    assert again.status == 0 and (site.bind.updates(), place(again, "")) == (changes, []), again.output
    marks = [line for line in zone if "_msuc-lync" in line]
    for line in marks:
        name, _ttl, _class, _type, text = line.split(" ", 4)
        old = f'{text[:-9]}20200101"'
        site.bind.nsupdate("internal", f"update delete {name} TXT {text}", f"update add {name} 300 TXT {old}")
    drift = site.run("drift", *only_dns)
    assert drift.status == 0 and "last written on 2020-01-01" in " ".join(drift.output.split()), drift.output
    assert site.bind.zone() != zone
    refreshed = site.run("drift", *only_dns, "-e", "lync_remediate=true")
    assert refreshed.status == 0 and (site.bind.zone(), place(refreshed, "")) == (zone, []), refreshed.output
    # And so does a run of the site.
    site.bind.nsupdate("internal", f"update delete {name} TXT {text}", f"update add {name} 300 TXT {old}")
    told = site.run("site", *only_dns)
    assert told.status == 0 and site.bind.zone() == zone and place(told, "") == [], told.output
    assert "DNS: written again, unchanged, so that nothing scavenges them: 1" in told.output, told.output


def _assert_known_options(calls: list[dict[str, Any]]) -> None:
    source = (
        wheel_collections.TREE
        / "ansible_collections"
        / "ansible"
        / "windows"
        / "plugins"
        / "modules"
        / "win_dns_record.py"
    ).read_text(encoding="utf-8")
    options = yaml.safe_load(source.split("DOCUMENTATION = r'''", 1)[1].split("'''", 1)[0])["options"]
    given = {key for call in calls for key, value in call["options"].items() if value is not None}
    assert given <= options.keys() and {call["options"]["type"] for call in calls} <= set(options["type"]["choices"])
