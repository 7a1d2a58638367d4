# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of HAProxy and nginx that nobody understands, and what a full disk leaves behind (1, 16, 18, 19)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .lab import (
    HERE,
    NET,
    Deployment,
    Members,
    Played,
    Proxy,
    fill,
    given,
    greeted,
    lines_about,
    needs_haproxy,
    needs_nginx,
    opened,
    play_tasks,
    running_haproxy,
    running_nginx,
    says_fine,
    small_disk,
)  # fmt: skip
from .options import module, publication, service, tags

pytestmark = [needs_haproxy, needs_nginx]

POOL, WEB, NAME = "pool01.contoso.com", "web01.contoso.com", "webext01.contoso.com"
MEMBERS = (f"{NET}.11", f"{NET}.12")
# What somebody, an editor or a full disk does to a file of ours, which is $1, by what it is of.
EDITS: Mapping[str, Mapping[str, str]] = {
    "haproxy": {
        "own-frontend": r"printf '\nfrontend stats\n    bind 127.0.0.1:%s\n    mode http\n' 8404 >> $1",
        "fall-lost": "sed -i '0,/ fall 2/s///' $1",
        "cut-off": "truncate -s 700 $1",
    },
    "published-by-haproxy": {"line-lost": "sed -i '0,/timeout client/{/timeout client/d}' $1"},
    "published-by-nginx": {"line-lost": "sed -i '/proxy_timeout/d' $1"},
}
CASES = [(what, edit) for what, edits in EDITS.items() for edit in edits]


# --- the modules, file by file ---------------------------------------------------------------------


@dataclass(frozen=True)
class Bench:
    """What became of each task, the file before and after it, and how often the key beside nginx' files was opened."""

    results: Mapping[str, Mapping[str, Any]]
    folder: Path
    keys: list[str]

    def text(self, moment: str, what: str, edit: str) -> str:
        path = self.folder / f"{what}-{edit}-{moment}"
        return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Bring services and publications to HAProxy and nginx; edit each file, and let a run keep all that is there."""
    folder = tmp_path_factory.mktemp("bench")
    saved, web_root = folder / "saved", folder / "web-root"
    saved.mkdir()
    web_root.mkdir()
    key = web_root / "server.key"
    key.write_text("not a key\n", encoding="utf-8")
    with contextlib.ExitStack() as stack:
        proxies = {
            what: stack.enter_context((running_nginx if what.endswith("nginx") else running_haproxy)(folder / what))
            for what in EDITS
        }
        keys = stack.enter_context(opened(key))
        (proxies["published-by-nginx"].folder / "www").symlink_to(web_root)
        tasks: dict[str, Mapping[str, Any]] = {}
        for what, proxy in proxies.items():
            tasks |= _tasks(what, proxy, saved)
        for name, other in (("haproxy", "10-other.cfg"), ("published-by-nginx", "50-stream.conf")):
            proxy = proxies[name]
            tasks[f"{name} latin-1 written"] = {
                "ansible.builtin.raw": rf"printf '# geh\366rt zu M\374ller\n' >> {proxy.path.with_name(other)}"
            }
            tasks[f"{name} beside latin-1"] = _bring(name, proxy, "replaced", True)
        _played, results = play_tasks(folder, tasks)
    for what, edit in CASES:
        given(results[f"{what} made"]["status"] == "ok", results[f"{what} made"])
        given(
            (saved / what).read_bytes() != (saved / f"{what}-{edit}-before").read_bytes(),
            results[f"{what} {edit} edited"],
        )
    return Bench(results, saved, keys)


def _tasks(what: str, proxy: Proxy, saved: Path) -> dict[str, Mapping[str, Any]]:
    path = _path(what, proxy)
    tasks: dict[str, Mapping[str, Any]] = {
        f"{what} made": _bring(what, proxy, "replaced", True),
        f"{what} saved": _shell("cp $1 $2", path, saved / what),
    }
    for edit, command in EDITS[what].items():
        before, after = (saved / f"{what}-{edit}-{moment}" for moment in ("before", "after"))
        tasks |= {
            f"{what} {edit} edited": _shell(f"cp $2 $1 && {command} && cp $1 $3", path, saved / what, before),
            f"{what} {edit}": _bring(what, proxy, "merged", False),
            f"{what} {edit} looked at": _shell("cp $1 $2; cp $3 $1", path, after, saved / what),
        }
    return tasks


def _shell(command: str, *words: Path) -> dict[str, Any]:
    for number, word in enumerate(words, 1):
        command = command.replace(f"${number}", str(word))
    return {"ansible.builtin.raw": command}


def _path(what: str, proxy: Proxy) -> Path:
    if not what.startswith("published"):
        return proxy.path
    return proxy.path.with_name("91-published.conf" if what.endswith("nginx") else "zz-published.cfg")


def _bring(what: str, proxy: Proxy, state: str, wanted: bool) -> dict[str, object]:
    """Return the task that brings what is wanted, or nothing, to a program."""
    options = {**proxy.fixed, "path": str(_path(what, proxy)), "state": state}
    if not what.startswith("published"):
        one = service(POOL, f"{NET}.100", 15061, MEMBERS)
        return module(what, services=[one] if wanted else [], **options)
    vip = f"{NET}.{102 if what.endswith('haproxy') else 103}"
    if what.endswith("nginx"):
        options["http_path"] = str(proxy.folder / "conf.d" / "zz-published.conf")
    publications = (
        [publication(POOL, NAME, vip, MEMBERS[0]), publication(WEB, "web.contoso.com", vip, MEMBERS[1])]
        if wanted
        else []
    )
    return module("publications", driver=what.rpartition("-")[2], publications=publications, **options)


@pytest.mark.parametrize(("what", "edit"), CASES)
def test_1_a_file_that_cannot_be_read_is_neither_kept_nor_dropped_by_parts(bench: Bench, what: str, edit: str) -> None:
    before = bench.text("before", what, edit)
    assert bench.results[f"{what} {edit}"]["status"] == "failed", bench.results[f"{what} {edit}"]
    assert bench.text("after", what, edit) == before


@pytest.mark.parametrize("what", ["haproxy", "published-by-nginx"])
def test_16_a_byte_in_a_file_of_somebody_else_stops_nothing(bench: Bench, what: str) -> None:
    result = bench.results[f"{what} beside latin-1"]
    assert result["status"] == "ok", result["msg"]


def test_18_keys_that_nginx_does_not_use_are_not_opened(bench: Bench) -> None:
    assert bench.keys == []


# --- site.yml --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """Runs in which the pool waits for its members, after somebody edited the file; what it held, who was served."""

    runs: Mapping[str, Played]
    before: str
    after: str
    served: bool


def _inventory(proxy: Proxy, managed: bool) -> dict[str, Any]:
    """Return a pool behind a balancer that is this machine; managed: whether its members are."""
    hosts = {
        f"fe0{number}": {"ansible_host": address, "lync_pool": POOL, "lync_managed": managed}
        for number, address in enumerate(MEMBERS, 1)
    }
    balancer = {
        **HERE, "ansible_host": f"{NET}.5", "lync_balancer_driver": "haproxy", "lync_balancer_path": str(proxy.path),
        "lync_balancer_master_socket": str(proxy.fixed["master_socket"]),
    }  # fmt: skip
    common = {
        "lync_version": "2015", "lync_client_networks": ["127.0.0.0/16"],
        "lync_row_overrides": [{"select": "id != 'fe-sip-tls'", "set": {"enabled": False}}],
        "lync_pools": {POOL: {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": f"{NET}.110"}},
    }  # fmt: skip
    return {
        "all": {
            "vars": common,
            "children": {"frontend": {"hosts": hosts}, "load_balancers": {"hosts": {"lb01": balancer}}},
        }
    }


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Waiting:
    """Converge a load balancer, add a frontend to its file by hand, and run without the members."""
    folder = tmp_path_factory.mktemp("waiting")
    with (
        running_haproxy(folder / "lb01") as lb01,
        Members(MEMBERS, (5061,)),
        Deployment(folder / "site", _inventory(lb01, managed=False)) as site,
    ):
        made = site.play("site", *tags("load_balancer"))
        given(made.status == 0 and greeted(5061, vip=f"{NET}.110") in MEMBERS, made.output)
        site.save(_inventory(lb01, managed=True))
        before = f"{lb01.text()}\nfrontend stats\n    bind {NET}.120:8404\n    mode http\n"
        lb01.path.write_text(before, encoding="utf-8")
        arguments = (*tags("load_balancer"), "--limit", "lb01")
        runs = {"check": site.play("site", "--check", *arguments), "run": site.play("site", *arguments)}
        return Waiting(runs, before, lb01.text(), greeted(5061, vip=f"{NET}.110") in MEMBERS)


@pytest.mark.parametrize("name", ["check", "run"])
def test_1_a_balancer_whose_file_cannot_be_read_is_never_fine(waiting: Waiting, name: str) -> None:
    played = waiting.runs[name]
    assert played.status == 2 and not says_fine(played), played.output
    assert lines_about(played, "lb01")


def test_1_a_pool_that_waits_keeps_its_services(waiting: Waiting) -> None:
    assert (waiting.served, waiting.after) == (True, waiting.before)


# --- a full disk -----------------------------------------------------------------------------------


def test_19_a_full_disk_leaves_process_and_file_alike(tmp_path: Path) -> None:
    vip = f"{NET}.115"
    with (
        small_disk(tmp_path / "disk", 512) as disk,
        Members(MEMBERS, (15061,)),
        running_haproxy(disk / "haproxy") as proxy,
    ):

        def bring(*draining: str) -> dict[str, Any]:
            active = [member for member in MEMBERS if member not in draining]
            wanted = service(POOL, vip, 15061, active, draining_members=list(draining))
            task = module("haproxy", services=[wanted], path=str(proxy.path), state="replaced", **proxy.fixed)
            return play_tasks(tmp_path / "lab", {"bring": task})[1]["bring"]

        made = bring()
        given(made["status"] == "ok", made)
        text, files = proxy.text(), {path.name for path in proxy.path.parent.iterdir()}
        given(
            {greeted(15061, f"127.0.1.{number}", vip) for number in range(1, 30)} == set(MEMBERS),
            "not every member serves",
        )
        fill(disk)
        drained = bring(MEMBERS[1])
        given(drained["status"] == "failed" and "space" in str(drained), drained)
        assert (proxy.text(), {path.name for path in proxy.path.parent.iterdir()}) == (text, files)
        assert {greeted(15061, f"127.0.1.{number}", vip) for number in range(1, 30)} == set(MEMBERS)
