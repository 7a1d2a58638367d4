# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secure dynamic updates (GSS-TSIG) by a plain domain account: a real BIND with a real Kerberos realm, and a real
domain controller of Samba, whose zone takes no other updates.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.query
import dns.rdatatype
import dns.resolver
import dns.update
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import DnsProvider, Task, connecting
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import DnsServer, KerberosLogin

from ..simulators import bind, kerberos, samba
from ..simulators.bind import ZONE, Bind
from ..simulators.kerberos import Realm
from ..simulators.netns import entered, namespace
from ..simulators.samba import Samba

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(kerberos.missing()), reason=kerberos.missing())]

POOL, THEIRS = f"pool01.{ZONE}", f"theirs.{ZONE}"
ACCOUNT, OTHER_ACCOUNT = "svc-lync-dns", "somebody"
PASSWORD, OTHER_PASSWORD = "pass word of a Test 1", "Another pass word 1"
OPTIONS: dict[str, Any] = {
    "state": "replaced",
    "owners": [],
    "take_over": [],
    "mark_key": "a key of marks, for tests",
    "timeout_seconds": 5.0,
    "wait_seconds": 5.0,
}


def a(*values: str, name: str = POOL) -> dict[str, Any]:
    return {"name": name, "type": "A", "values": list(values), "zone": ZONE, "owner": POOL}


SRV = {**a(f"0 0 5061 {POOL}", name=f"_sipinternaltls._tcp.{ZONE}"), "type": "SRV"}


@dataclass
class Secure:
    """A DNS server that takes secure updates; keytab: of the account."""

    address: str
    port: int
    host: str
    realm: str
    keytab: Path

    def entry(self, **more: object) -> dict[str, object]:
        """Return the server as an entry of lync_dns_servers; None leaves a key out."""
        found = {
            "address": self.address, "port": self.port, "zones": [ZONE], "kerberos_server": self.host,
            "kerberos_principal": f"{ACCOUNT}@{self.realm}", "kerberos_password": PASSWORD, **more,
        }  # fmt: skip
        return {name: value for name, value in found.items() if value is not None}

    def values(self, name: str, kind: str = "A") -> list[str]:
        """Return what the server answers, as anybody's question sees it."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self.address], self.port
        with contextlib.suppress(dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return sorted(data.to_text() for data in resolver.resolve(f"{name}.", kind))
        return []

    def put(self, name: str, *values: str, by: str = OTHER_ACCOUNT) -> None:
        """Make addresses of a name, as another account does it; none removes them."""
        login = KerberosLogin(f"{by}@{self.realm}", self.host, PASSWORD if by == ACCOUNT else OTHER_PASSWORD)
        client = connecting()(DnsServer(self.address, (ZONE,), port=self.port, kerberos=login), 5.0)
        message = dns.update.UpdateMessage(f"{ZONE}.")
        message.delete(f"{name}.", "A")
        for value in values:
            message.add(f"{name}.", 300, "A", value)
        client.update(message, ZONE)


@contextlib.contextmanager
def bind_server(directory: Path) -> Iterator[Secure]:
    """Start BIND; a name belongs to the other account by the policy of its zone."""
    with Realm(directory / "realm") as realm:
        ours, theirs = realm.add(ACCOUNT, PASSWORD), realm.add(OTHER_ACCOUNT, OTHER_PASSWORD)
        keys = realm.add_service(f"DNS/ns1.{ZONE}")
        grants = f"deny {ours} name {THEIRS} ANY; grant {ours} zonesub ANY; grant {theirs} zonesub ANY;"
        with pytest.MonkeyPatch.context() as patch:
            for name, value in realm.environment().items():
                patch.setenv(name, value)
            options, rights = f'tkey-gssapi-keytab "{keys}";', f"update-policy {{ {grants} }};"
            with Bind(directory / "bind", {"internal": {ZONE: ""}}, options=options, rights=rights) as server:
                yield Secure(server.address, server.port, f"ns1.{ZONE}", kerberos.REALM, realm.keytab(ACCOUNT))


@contextlib.contextmanager
def samba_server(directory: Path) -> Iterator[Secure]:
    """Start a domain controller; who makes a name first owns it."""
    address = "10.99.0.1"
    with namespace("ad", f"{address}/24") as name, entered(name), Samba(directory, address) as controller:
        controller.add(ACCOUNT, PASSWORD)
        controller.add(OTHER_ACCOUNT, OTHER_PASSWORD)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KRB5_CONFIG", controller.environment()["KRB5_CONFIG"])
            host = f"{samba.HOST}.{ZONE}"
            yield Secure(address, 53, host, samba.REALM, controller.keytab(ACCOUNT))


KINDS = {"bind": bind_server, "samba": samba_server}
NEEDS_BIND = pytest.mark.skipif(not bind.present(), reason=bind.MISSING)
NEEDS_SAMBA = pytest.mark.skipif(bool(samba.missing()), reason=samba.missing())


@pytest.fixture(
    scope="module", params=[pytest.param("bind", marks=NEEDS_BIND), pytest.param("samba", marks=NEEDS_SAMBA)]
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with KINDS[request.param](tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(autouse=True)
def emptied(server: Secure) -> Iterator[None]:
    """Leave no record of a test to the next one."""
    yield
    done(server.entry(), [], state="deleted", owners=[POOL])
    server.put(POOL, by=ACCOUNT)
    server.put(THEIRS)


def provider(entry: dict[str, object], records: Sequence[dict[str, Any]], **more: Any) -> DnsProvider:
    return DnsProvider(Task.from_options({**OPTIONS, "servers": [entry], "records": list(records), **more}))


def done(entry: dict[str, object], records: Sequence[dict[str, Any]], check: bool = False, **more: Any) -> Any:
    """Return the result of a whole run, with its failure under "failure"; no password is in it."""
    run, failure = provider(entry, records, **more), ""
    try:
        reconcile(run, check_mode=check)
    except DeviceError as error:
        failure = str(error)
    found = {**run.result(), "failure": failure}
    assert PASSWORD not in json.dumps(found) + repr(run.task)
    return found


def negotiations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the name of each key that is asked for."""
    found, tcp = [], dns.query.tcp

    def counting(message: Any, *arguments: Any, **more: Any) -> Any:
        question = message.question[0]
        found.extend([question.name.to_text()] if question.rdtype == dns.rdatatype.TKEY else [])
        return tcp(message, *arguments, **more)

    monkeypatch.setattr(dns.query, "tcp", counting)
    return found


def test_the_rhythm_of_a_zone_with_secure_updates(server: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    records, keys = [a("10.1.0.11", "10.1.0.12"), SRV], negotiations(monkeypatch)
    assert done(server.entry(), records, check=True)["failure"] == ""
    assert server.values(POOL) == []
    first = done(server.entry(), records)
    assert (first["failure"], first["summary"]["added"], first["stats"]["writes"]) == ("", 2, 1)
    assert server.values(POOL) == ["10.1.0.11", "10.1.0.12"]
    assert server.values(SRV["name"], "SRV") == [f"0 0 5061 {POOL}."]
    assert len(server.values(f"{POOL}._msuc-lync.{ZONE}", "TXT")) == 2
    assert len(keys) == 2
    again = done(server.entry(), records)
    assert (again["changed"], again["stats"]["writes"], again["failure"], len(keys)) == (False, 0, "", 2)
    # One key for a run, however many updates it takes.
    many = [a(f"10.1.1.{number}", name=f"pool{number}.{ZONE}") for number in range(1, 100)]
    more = [{**a(f"10.1.1.{number}", name=f"more{number}.{ZONE}"), "owner": f"more.{ZONE}"} for number in range(1, 100)]
    extra = [{**a(f"10.1.2.{number}", name=f"last{number}.{ZONE}"), "owner": f"last.{ZONE}"} for number in range(1, 9)]
    large = done(server.entry(), [*many, *more, *extra])
    assert (large["failure"], large["stats"]["writes"], len(keys)) == ("", 2, 3)
    removed = done(server.entry(), [], state="deleted", owners=[f"more.{ZONE}", f"last.{ZONE}"])
    assert (removed["failure"], server.values(f"more1.{ZONE}")) == ("", [])


def test_a_stale_update_is_refused_and_nothing_is_written(server: Secure) -> None:
    done(server.entry(), [a("10.1.0.11"), SRV])
    run = provider(server.entry(), [a("10.1.0.12"), {**SRV, "values": [f"0 0 5062 {POOL}"]}])
    run.gather()
    run.plan()
    server.put(POOL, "10.1.0.13", by=ACCOUNT)
    run.apply()
    with pytest.raises(DeviceError, match=f"the zone {ZONE} was changed meanwhile, nothing was written"):
        run.verify()
    assert server.values(POOL) == ["10.1.0.13"]
    assert server.values(SRV["name"], "SRV") == [f"0 0 5061 {POOL}."]
    assert done(server.entry(), [a("10.1.0.12")])["failure"] == ""


def test_a_refresh_writes_the_same_again_and_is_no_change(server: Secure) -> None:
    records = [a("10.1.0.11", "10.1.0.12"), SRV]
    done(server.entry(), records)
    marks = server.values(f"{POOL}._msuc-lync.{ZONE}", "TXT")
    refreshed = done(server.entry(), records, refresh_days=0)
    assert (refreshed["failure"], refreshed["changed"], refreshed["stats"]["writes"]) == ("", False, 1)
    assert refreshed["refreshed"] == [f"{SRV['name']} SRV", f"{POOL} A"]
    assert server.values(POOL) == ["10.1.0.11", "10.1.0.12"]
    assert server.values(f"{POOL}._msuc-lync.{ZONE}", "TXT") == marks and len(marks) == 2


def test_a_name_of_another_account_is_a_clear_refusal(server: Secure) -> None:
    server.put(THEIRS, "10.9.9.9")
    refused = done(server.entry(), [a("10.1.0.11", name=THEIRS)], take_over=[THEIRS])["failure"]
    assert f"did not change the zone {ZONE}: it " in refused
    assert f": {ACCOUNT}@{server.realm} may not make names in the zone, or names that are there belong to" in refused
    assert f"which alone may change them: {POOL}._msuc-lync.{ZONE}, {THEIRS}; fix: in the DNS console give" in refused
    assert server.values(THEIRS) == ["10.9.9.9"]


def test_an_update_without_an_account_is_refused(server: Secure) -> None:
    bare = server.entry(kerberos_server=None, kerberos_principal=None, kerberos_password=None)
    failure = done(bare, [a("10.1.0.11")])["failure"]
    assert "it refuses the update; fix: allow the key" in failure
    assert "a zone of Active Directory needs kerberos_principal or windows_host" in failure


def test_a_keytab_will_do(server: Secure) -> None:
    entry = server.entry(kerberos_password=None, kerberos_keytab=str(server.keytab))
    assert done(entry, [a("10.1.0.11")])["failure"] == ""
    assert (server.values(POOL), done(entry, [a("10.1.0.11")])["changed"]) == (["10.1.0.11"], False)


FAULTS: list[tuple[dict[str, object], str]] = [
    ({"kerberos_password": "wrong"}, "Preauthentication failed; fix: correct kerberos_password"),
    ({"kerberos_principal": "nobody@CONTOSO.COM"}, "not found in Kerberos database; fix: correct kerberos_principal"),
    ({"kerberos_server": "other.contoso.com"}, "not found in Kerberos database; fix: correct kerberos_server"),
    ({"kerberos_principal": f"{ACCOUNT}@NOWHERE.COM"}, "fix: correct the realm of kerberos_principal"),
    (
        {"kerberos_password": None, "kerberos_keytab": "/nowhere.keytab"},
        "the keytab '/nowhere.keytab' cannot be read; fix: correct kerberos_keytab",
    ),
]


@pytest.mark.parametrize(("change", "expected"), FAULTS, ids=[str(next(iter(change))) for change, _text in FAULTS])
@pytest.mark.parametrize("check", [True, False])
def test_an_account_that_cannot_log_in_is_told_before_anything_is_written(
    server: Secure, change: dict[str, object], expected: str, check: bool
) -> None:
    result = done(server.entry(**change), [a("10.1.0.11")], check=check)
    assert expected in result["failure"] and result["failure"].endswith("nothing was written"), result["failure"]
    assert (result["changed"], server.values(POOL)) == (False, [])
    # Who only looks logs in nowhere.
    assert done(server.entry(**change), [a("10.1.0.11")], check=True, step="compare")["failure"] == ""
