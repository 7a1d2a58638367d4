# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lab stories: playbooks of a checkout against its own simulators, and what is seen of it as JSON; a part of same.py.

    CHECKOUT/.venv/bin/python same_stories.py GIVEN.json OUT.json SCRATCH     in CHECKOUT, in a network namespace

GIVEN.json: {"story": NAME, "renames": {OLD: NEW}}, the latter what this checkout writes differently from the stories.
OUT.json: steps, one per run of ansible-playbook: name, status, printed (lines of our plugins), complaints (Ansible's
warnings and errors), results by host and module, stats, and seen: what the story looks at after each step, such as
what hosts were asked, what they have, requests to appliances, rulesets, files, zones, reports. What differs from run
to run is masked: directories, ports, moments, random identifiers, digests. A story that fails ends with a step
"broke down".
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import importlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

CHECKOUT = Path.cwd()
CALLBACKS = Path(__file__).resolve().parent / "same"
GROUP = "msuc.lync"
Document = dict[str, Any]

_GUID = r"\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?"
_MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:?\d\d(:?\d\d(\.\d+)?)?(Z|\+00:00)?"
_MASKED = (
    (_GUID, "GUID"), (r"\b[0-9a-f]{64}\b", "DIGEST"), (r"digest [0-9a-f]{12}\b", "digest SHORT"), (_MOMENT, "MOMENT"),
    (r"Z-[0-9a-f]{8}\.wfw", "Z-ID.wfw"), (r"ansible-tmp-[\w.-]+", "TMP"), (r"\d+ (milliseconds|ms)\b", "N ms"),
    (r"msuc-lync-listen-\w+", "msuc-lync-listen-ID"), (r'time="[\d.]+"', 'time="N"'),
    (r"\bMII[\w+/=]{200,}", "CERTIFICATE"),
)  # fmt: skip
# Keys of results that are Ansible's own, or a measure of time.
_DROPPED = {"invocation", "ansible_facts", "exception", "deprecations", "_ansible_no_log", "milliseconds"}
# Listed by port, and some of these are masked.
_UNORDERED = {"listeners"}
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def simulator(name: str) -> Any:
    """Return a module of the checkout's simulators, which moved from tests/lab, by the name of its file."""
    for folder in ("tests/simulators", "tests/lab"):
        for path in sorted((CHECKOUT / folder).rglob(f"{name}.py")):
            return importlib.import_module(".".join(path.relative_to(CHECKOUT).with_suffix("").parts))
    raise FileNotFoundError(f"{CHECKOUT} has no simulator {name}")


@dataclass
class Scene:
    """One story: its directory, its inventory, what is looked at after each run, and the steps so far."""

    directory: Path
    renames: Mapping[str, str]
    steps: list[Document] = field(default_factory=list)
    looks: dict[str, Callable[[], object]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    hidden: list[tuple[str, str]] = field(default_factory=list)

    @property
    def inventory(self) -> Path:
        return self.directory / "hosts.json"

    @property
    def overlay(self) -> Path:
        """Return the inventory that leads to simulated hosts."""
        return self.directory / "overlay.json"

    @property
    def reports(self) -> Path:
        return self.directory / "reports"

    def write(self, inventory: Mapping[str, Any]) -> None:
        self.inventory.write_text(json.dumps(inventory), encoding="utf-8")

    def run(self, step: str, playbook: str | Path, *arguments: str) -> None:
        """Run a playbook, by name or path, and keep what is seen of it; an argument NAME=VALUE is a variable."""
        record = self.directory / "record.jsonl"
        record.unlink(missing_ok=True)
        path = CHECKOUT / "playbooks" / f"{playbook}.yml" if isinstance(playbook, str) else playbook
        given: list[str] = []
        for argument in map(self._renamed, (*self.arguments, *arguments)):
            given += ["-e", argument] if re.match(r"\w+=", argument) else [argument]
        command = [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-i",
            str(self.overlay),
            "-i",
            str(self.inventory),
            *given,
            str(path),
        ]
        done = subprocess.run(
            command,
            env=self._environment(record),
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = (
            [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()] if record.is_file() else []
        )
        printed = [line.rstrip() for line in done.stdout.splitlines()]
        found = {
            "status": done.returncode,
            "printed": printed,
            "complaints": _complaints(done.stderr),
            **_results(lines),
        }
        self.keep(step, found)

    def keep(self, step: str, found: Mapping[str, Any]) -> None:
        """Keep a step with what is looked at."""
        seen = {name: look() for name, look in self.looks.items()}
        self.steps.append(self._masked({"name": step, **found, "seen": {**seen, "reports": self._reports()}}))

    def _reports(self) -> Document:
        """Return the reports of the last run by file name, and remove them, but for what a later run reads."""
        found: Document = {}
        for path in sorted(self.reports.glob("*.*")):
            text = path.read_text(encoding="utf-8")
            content = json.loads(text) if path.suffix == ".json" else text.splitlines()
            found[re.sub(_MOMENT, "MOMENT", path.name)] = content
            if "rollback" not in path.name:
                path.unlink()
        return found

    def _renamed(self, text: str) -> str:
        for old, new in self.renames.items():
            text = re.sub(rf"\b{re.escape(old)}\b", new, text)
        return text

    def task(self, module: str, **options: object) -> Document:
        """Return a task of a module of ours, which may fail."""
        named = json.loads(self._renamed(json.dumps({f"msuc.lync.{module}": options})))
        return {"name": f"Ask {module}", "ignore_errors": True, **named}

    def play(self, step: str, hosts: str, tasks: Sequence[Mapping[str, object]], *arguments: str) -> None:
        """Run tasks on hosts."""
        path = self.directory / "play.yml"
        path.write_text(json.dumps([{"hosts": hosts, "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        self.run(step, path, *arguments)

    def _environment(self, record: Path) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "COVERAGE_", "PYTHONPATH"))
        }
        return {
            **kept, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_HOME": str(self.directory / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_STDOUT_CALLBACK": "same_record",
            "SAME_RECORD": str(record), **self.environment,
        }  # fmt: skip

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            found = {self._masked(str(key)): self._masked(part) for key, part in value.items() if key not in _DROPPED}
            return {key: sorted(part) if key in _UNORDERED else part for key, part in found.items()}
        if isinstance(value, list | tuple):
            return [self._masked(part) for part in value]
        if not isinstance(value, str):
            return value
        for text, mask in (*self.hidden, (str(self.directory), "DIRECTORY"), (str(CHECKOUT), "CHECKOUT")):
            value = value.replace(text, mask)
        for pattern, mask in _MASKED:
            value = re.sub(pattern, mask, value)
        return value


def _complaints(text: str) -> list[str]:
    """Return warnings and errors of Ansible in one line each, sorted, without the places in files that they quote."""
    texts = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
    return sorted({" ".join(re.split(r"\n(?:Origin:|<<<)", part)[0].split()) for part in texts if part.strip()})


def _results(lines: Iterable[Mapping[str, Any]]) -> Document:
    """Return results by host and module, numbered in their order, and the data of set_stats.

    Of modules that are not ours only failures are kept.
    """
    found: dict[str, Document] = {}
    times: Counter[tuple[str, str]] = Counter()
    stats: object = {}
    for line in lines:
        if "custom" in line:
            stats = line["custom"]
            continue
        host, module = line["host"], line["module"]
        if module.startswith("ansible.builtin.") and line["status"] == "ok":
            continue
        times[host, module] += 1
        result = {name: value for name, value in line["result"].items() if value not in ([], {}, "", None)}
        found.setdefault(host, {})[f"{module} {times[host, module]}"] = {"status": line["status"], **result}
    return {"results": found, "stats": stats}


# --- simulated Windows hosts ---------------------------------------------------------------------------------------


class Recorder:
    """Runs commands as the checkout's own executor does, and keeps which modules hosts ran, with which arguments."""

    def __init__(self) -> None:
        self._inner = simulator("executor").PythonExecutor()
        self._lock = threading.Lock()
        self._asked: dict[str, list[Document]] = {}

    def run(self, store: Any, command: Any) -> Any:
        """Return what the command gives back."""
        with self._lock:
            self._asked.setdefault(store.name, []).extend(_asked(command.stdin))
        return self._inner.run(store, command)

    def taken(self) -> dict[str, list[Document]]:
        """Return what hosts were asked since the last time."""
        with self._lock:
            found, self._asked = self._asked, {}
        return dict(sorted(found.items()))


def _asked(stdin: bytes) -> list[Document]:
    """Return module and arguments out of what Ansible sends to a Windows host; nothing for what is no module."""
    try:
        sent = json.loads(stdin.split(b"\0\0\0\0")[-1])
    except ValueError:
        return []
    wrapper = next((action for action in sent.get("actions", ()) if action["name"] == "module_wrapper.ps1"), None)
    given = wrapper["params"]["Variables"][0]["Value"] if wrapper else sent.get("module_args", {})
    own = {name: value for name, value in given.items() if not name.startswith("_ansible")}
    return [
        {"module": given.get("_ansible_module_name"), "check_mode": given.get("_ansible_check_mode"), "arguments": own}
    ]


@contextlib.contextmanager
def windows(scene: Scene, hosts: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Run simulated hosts, given with their addresses, and return their stores; both are looked at."""
    serve = simulator("serve")
    stores: dict[str, Any] = serve.prepare(
        {name: {"addresses": list(addresses)} for name, addresses in hosts.items()}, scene.directory / "store"
    )
    recorder, ipsec = Recorder(), simulator("ipsec_store")
    before: dict[str, Counter[str]] = {}

    def counted() -> Document:
        """Return what every fake counted since the last look; requests depend on the size of the modules."""
        found = {}
        for name, store in stores.items():
            counts = Counter({key: count for key, count in store.counts().items() if key != "requests"})
            found[name] = dict(counts - before.get(name, Counter()))
            before[name] = counts
        return found

    def kept() -> Document:
        """Return what hosts have: rules of ours whole, of others their number and a sum, snapshots, exemptions."""
        return {name: {**_firewall(store.read()), "exemptions": ipsec.shown(store)} for name, store in stores.items()}

    with simulator("winrm_server").WinRmServer(stores, recorder) as server:
        scene.overlay.write_text(json.dumps(serve.inventory(server.ports)), encoding="utf-8")
        scene.hidden += [(f"port {port}", f"port of {name}") for name, port in server.ports.items()]
        for mark in (":", "127.0.0.1 "):
            scene.hidden += [(f"{mark}{port}", f"{mark}PORT of {name}") for name, port in server.ports.items()]
        scene.looks |= {"asked": recorder.taken, "counted": counted, "hosts": kept}
        yield stores


def _firewall(document: Mapping[str, Any]) -> Document:
    rules = [{name: value for name, value in rule.items() if name != "id"} for rule in document["rules"]]
    ours = sorted(
        (rule for rule in rules if rule["Grouping"] == GROUP), key=lambda rule: json.dumps(rule, sort_keys=True)
    )
    others = sorted(json.dumps(rule, sort_keys=True) for rule in rules if rule["Grouping"] != GROUP)
    return {
        "rules": ours,
        "others": f"{len(others)} rules, {_sum(others)}",
        "snapshots": list(document["files"]),
        "task": document["task"],
    }


def _sum(texts: Sequence[str]) -> int:
    """Return a short sum over texts: digests are masked, this is not."""
    return sum(index * byte for text in texts for index, byte in enumerate(text.encode(), 1)) % 1_000_000_007


def edit(store: Any, name: str, **values: object) -> None:
    """Put properties of COM on rules of a name of ours, as an administrator would; without values, remove them."""
    rules = store.read()["rules"]
    found = [rule for rule in rules if rule["Name"] == name and rule["Grouping"] == GROUP]
    if not found:
        raise LookupError(f"{store.name} has no rule {name}")
    store.change(rules=[{**rule, **values} if rule in found else rule for rule in rules if values or rule not in found])


# --- inventories ---------------------------------------------------------------------------------------------------


def deployment(groups: Mapping[str, Mapping[str, Mapping[str, object]]], **variables: object) -> Document:
    """Return an inventory of hosts by group; the shared variables lack their prefix lync_."""
    common: Document = {"client_networks": ["10.10.0.0/16"], "version": "2013", **variables}
    named = {f"lync_{name}": value for name, value in common.items()}
    return {"all": {"vars": named, "children": {name: {"hosts": hosts} for name, hosts in groups.items()}}}


FRONT_ENDS: Mapping[str, Document] = {
    f"fe{number}": {"ansible_host": f"10.1.0.{number}", "lync_pool": f"pool0{number // 10}.contoso.com"}
    for number in (11, 12, 21)
}
POOLS: Mapping[str, Document] = {
    f"pool0{number}.contoso.com": {
        "role": "frontend",
        "load_balancing": "dns",
        "balancer": "lb01",
        "web_vip": f"10.1.0.10{number}",
    }
    for number in (1, 2)
}
BALANCER: Document = {"ansible_host": "10.1.0.5", "lync_balancer_driver": "haproxy", "lync_managed": False}
ADDRESSES = {name: [str(host["ansible_host"])] for name, host in FRONT_ENDS.items()}
SIP, FOCUS = "Lync fe-sip-tls (TCP in)", "Lync fe-focus (TCP in)"


def two_pools(**variables: object) -> Document:
    return deployment({"frontend": FRONT_ENDS, "load_balancers": {"lb01": BALANCER}}, pools=POOLS, **variables)


# --- stories -------------------------------------------------------------------------------------------------------


def plan(scene: Scene) -> None:
    """Plans: tables, a baseline, devices that a change touches, an inventory that is refused, options that are."""
    scene.write(two_pools(sip_domains=["contoso.com"]))
    plans = scene.directory / "plans"
    scene.looks["files"] = lambda: sorted(str(path.relative_to(plans)) for path in plans.rglob("*.*"))
    scene.run("plan", "plan", f"lync_plan_dir={plans}/old")
    scene.write(two_pools(sip_domains=["contoso.com"], client_networks=["10.10.0.0/16", "10.3.0.0/16"]))
    scene.run(
        "baseline", "plan", f"lync_plan_dir={plans}/new", f"lync_plan_baseline={plans}/old", "lync_plan_show=false"
    )
    scene.run(
        "limit",
        "plan",
        f"lync_plan_dir={plans}/new",
        f"lync_plan_baseline={plans}/old",
        "lync_plan_show=false",
        "--limit",
        "fe11",
    )
    scene.run(
        "no baseline",
        "plan",
        f"lync_plan_dir={plans}/new",
        f"lync_plan_baseline={scene.directory}",
        "lync_plan_show=false",
    )
    scene.write(two_pools(version="2011", sipdomains=["contoso.com"]))
    scene.run("refused", "plan", f"lync_plan_dir={plans}/new")


def site(scene: Scene) -> None:
    """Windows hosts: check, apply, again, narrower, rolled back, a refusal, an unknown tag, audits of dumps."""
    scene.arguments = (
        "--skip-tags",
        "load_balancer,linux_firewall",
        "lync_ipsec=true",
        f"lync_report_dir={scene.reports}",
    )
    scene.write(two_pools(management_networks=["10.9.0.0/24"]))
    with windows(scene, ADDRESSES) as stores:
        scene.run("check", "site", "--check", "--diff")
        scene.run("apply", "site", "lync_change_reference=CHG1")
        scene.run("again", "site")
        front_ends = {**FRONT_ENDS, "fe12": {**FRONT_ENDS["fe12"], "lync_member_state": "retired"}}
        groups = {"frontend": front_ends, "load_balancers": {"lb01": BALANCER}}
        scene.write(
            deployment(groups, pools=POOLS, client_networks=["10.11.0.0/16"], management_networks=["10.9.0.0/24"])
        )
        scene.run("narrower", "site", "--diff")
        scene.run("snapshots", "rollback")
        scene.run(
            "rolled back", "rollback", "-i", str(scene.reports / "site-rollback.json"), "--limit", "lync_rollback"
        )
        stores["fe11"].set_faults(access_denied=True)
        scene.run("access denied", "site")
        stores["fe11"].set_faults()
        scene.run("no such tag", "site", "--tags", "nosuchtag")
        _audit(scene, stores)


def _audit(scene: Scene, stores: Mapping[str, Any]) -> None:
    """Compare dumps of hosts, of both kinds, with the plan; one host has none."""
    dumps = scene.directory / "dumps"
    dumps.mkdir()
    write_dump = simulator("dumps").write_dump
    scene.write(two_pools(management_networks=["10.9.0.0/24"]))
    for name, suffix in (("fe11", "wfw"), ("fe21", "reg")):
        edit(stores[name], SIP, Enabled=False)
        write_dump(dumps / f"{name}.{suffix}", stores[name])
    scene.run("audit", "audit", f"lync_audit_dir={dumps}")
    scene.run("audit of one", "audit", f"lync_audit_dir={dumps}", "--limit", "fe21")
    scene.run("audit of nothing", "audit", f"lync_audit_dir={dumps}/none")


def drift(scene: Scene) -> None:
    """Windows hosts that differ: found, accepted, repaired up to a limit, repaired, unreachable, unattended."""
    scene.arguments = (
        "--skip-tags",
        "load_balancer,linux_firewall",
        "lync_ipsec=true",
        f"lync_report_dir={scene.reports}",
    )
    scene.write(two_pools())
    with windows(scene, ADDRESSES) as stores:
        scene.run("apply", "site")
        edit(stores["fe12"], SIP, Enabled=False)
        edit(stores["fe12"], FOCUS, LocalPorts="444,9999")
        edit(stores["fe21"], FOCUS)
        rules = stores["fe21"].read()["rules"]
        sip = next(rule for rule in rules if rule["Name"] == SIP)
        copies = [
            {**sip, "id": "{00000000-0000-0000-0000-000000000001}", "Name": "Lync test"},
            {**sip, "id": "{00000000-0000-0000-0000-000000000002}"},
        ]
        stores["fe21"].change(rules=[*rules, *copies])
        ipsec = simulator("ipsec_store")
        rule_id, text = next(iter(sorted(ipsec.shown(stores["fe11"]).items())))
        ipsec.change(
            stores["fe11"], rules={**ipsec.shown(stores["fe11"]), rule_id: text.replace("Active=TRUE", "Active=FALSE")}
        )
        accepted = [
            {
                "device": "fe11",
                "name": "*",
                "owner": "netops",
                "reason": "test",
                "ticket": "CHG1",
                "expires": "2099-01-01",
            }
        ]
        scene.run("found", "drift", "lync_change_reference=CHG0042")
        scene.run("accepted", "drift", "-e", json.dumps({"lync_accepted_deviations": accepted}))
        scene.run("limited", "drift", "lync_remediate=true", "lync_remediate_max_changes=1")
        scene.run("repaired", "drift", "lync_remediate=true")
        edit(stores["fe21"], SIP, RemoteAddresses="10.10.0.7/255.255.255.255")
        stores["fe11"].set_faults(unreachable=True)
        scene.run("unreachable", "drift")
        stores["fe11"].set_faults()
        scene.run("unattended", "drift", "lync_remediate=true", "lync_unattended=true")


def retire(scene: Scene) -> None:
    """DNS with a real BIND, and hosts that leave: found and repaired in DNS, refused, retired, nothing left to do."""
    bind = simulator("bind")
    foreign = "www A 10.9.9.9\nmail MX 10 www\n"
    scene.arguments = ("--skip-tags", "load_balancer,linux_firewall", "lync_ipsec=true")
    with (
        bind.Bind(scene.directory / "bind", {"internal": {"contoso.com": foreign}}, port=53053) as server,
        windows(scene, ADDRESSES),
    ):
        pool02 = {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.102"}
        shared = {
            "sip_domains": ["contoso.com"],
            "dns_servers": [server.entry()],
            "pools": {**POOLS, "pool02.contoso.com": pool02},
        }
        balancers = {"lb01": {**BALANCER, "lync_balancer_driver": "kemp"}}
        scene.looks |= {"zone": server.zone, "updates": lambda: _updates(server.log())}
        scene.write(deployment({"frontend": FRONT_ENDS, "load_balancers": balancers}, **shared))
        scene.run("apply", "site", "--diff")
        server.nsupdate(
            "internal",
            "update delete pool01.contoso.com. A 10.1.0.12",
            "update add pool01.contoso.com. 300 A 10.1.0.99",
        )
        scene.run("dns differs", "drift", "--tags", "dns")
        scene.run("dns repaired", "drift", "--tags", "dns", "lync_remediate=true")
        gone = {"fe12": {"ansible_host": "10.1.0.12"}}
        stays = {name: host for name, host in FRONT_ENDS.items() if name not in gone}
        moved = deployment({"frontend": stays, "load_balancers": balancers}, **shared)
        moved["all"]["hosts"] = gone
        scene.write(moved)
        scene.run("nobody", "retire")
        scene.run("refused", "retire", "lync_retire=fe11,fe99")
        scene.run("retired", "retire", "lync_retire=fe12")
        scene.run("again", "retire", "lync_retire=fe12")


def _updates(log: str) -> list[str]:
    """Return what updates did to zones, as the server logged it: the wire seen from the other side."""
    return [found[1] for found in re.finditer(r"updating zone .*?: ((?:adding|deleting).*)", log)]


def verify(scene: Scene) -> None:
    """Probes with real sockets: nobody listens, temporary listeners, servers with one rule broken."""
    servers_of = simulator("probe_servers")
    fe, edge, proxy, vip = "127.31.0.11", "127.32.0.21", "127.32.0.61", "127.31.0.100"
    rows = ("fe-sip-tls", "fe-web-external-https", "edge-internal-sip")
    outside = {name: f"127.39.0.{number}" for name, number in (("access", 21), ("web_conferencing", 31), ("av", 41))}
    groups: dict[str, dict[str, Document]] = {
        "frontend": {"fe01": {"ansible_host": fe, "lync_pool": "pool01.contoso.com"}},
        "edge": {
            "edge01": {"ansible_host": edge, "lync_pool": "edge01.contoso.com", "lync_external_addresses": outside}
        },
        "reverse_proxy": {"rp01": {"ansible_host": proxy, "lync_platform": "linux", **LOCAL}},
        "load_balancers": {
            "lb01": {"ansible_host": "127.31.0.5", "lync_balancer_driver": "haproxy", "lync_managed": False}
        },
    }
    pools = {
        "pool01.contoso.com": {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": vip},
        "edge01.contoso.com": {"role": "edge", "load_balancing": "dns"},
    }
    overrides = [{"select": " && ".join(f"id!='{row}'" for row in rows), "set": {"enabled": False}}]
    scene.write(deployment(groups, client_networks=["127.40.0.0/16"], pools=pools, row_overrides=overrides))
    # One host after the other: on one machine, each sees what the others listen on.
    scene.arguments = ("--forks", "1", "lync_probe_seconds=1", f"lync_report_dir={scene.reports}")
    with (
        windows(scene, {"fe01": [fe], "edge01": [edge, *outside.values()]}) as stores,
        servers_of.Servers() as servers,
    ):
        scene.run("apply", "site", "--tags", "firewall", "lync_verify=true")
        scene.run("temporary listeners", "verify", "lync_probe_listeners=true", "lync_probe_closed=0")
        servers.tls(fe, 5061, servers_of.certificate(["pool01.contoso.com"]))
        servers.tls(fe, 4443, servers_of.certificate(["other.contoso.com"]))
        servers.drop(edge, 5061)
        edit(stores["edge01"], "Lync edge-internal-sip (TCP in)", Enabled=False)
        scene.run("servers", "verify", "lync_probe_closed=1")
        stores["fe01"].set_faults(unreachable=True)
        scene.run("unreachable", "verify", "lync_probe_closed=0")


def selftest(scene: Scene) -> None:
    """What is assumed of the Windows Firewall, asked of a simulated host; and a run that names no host."""
    scene.write(two_pools())
    with windows(scene, ADDRESSES):
        scene.run("no host", "selftest")
        scene.run("one host", "selftest", "lync_selftest_host=fe11", "--limit", "fe11")
        scene.run("some names", "selftest", "lync_selftest_host=fe12", "lync_selftest_names=nothing*")


def linux(scene: Scene) -> None:
    """nftables of this namespace: check, apply, again, a chain flushed by hand is found and repaired, retired."""
    subprocess.run(["ip", "address", "add", "10.1.0.5/24", "dev", "lo"], check=True)
    file = scene.directory / "etc" / "lync.nft"
    scene.looks["ruleset"] = lambda: _output("nft", "list", "ruleset")
    scene.looks["file"] = lambda: file.read_text(encoding="utf-8").splitlines() if file.is_file() else None

    def write(**more: object) -> None:
        members = {
            f"fe0{number}": {
                "ansible_host": f"10.1.0.1{number}",
                "lync_pool": "pool01.contoso.com",
                "lync_managed": False,
            }
            for number in (1, 2)
        }
        options = {
            "lync_balancer_driver": "haproxy",
            "lync_balancer_addresses": ["10.1.0.5"],
            "lync_management_rule": True,
            "lync_linux_path": str(file),
        }
        groups = {
            "frontend": members,
            "load_balancers": {"lb01": {"ansible_host": "10.1.0.5", **LOCAL, **options, **more}},
        }
        pools = {
            "pool01.contoso.com": {
                "role": "frontend",
                "load_balancing": "hlb",
                "balancer": "lb01",
                "vip": "10.1.0.100",
            }
        }
        rows = [{"select": "id != 'fe-sip-tls' && id != 'fe-focus'", "set": {"enabled": False}}]
        scene.write(deployment(groups, management_networks=["10.9.0.0/24"], pools=pools, row_overrides=rows))

    scene.arguments = ("--tags", "linux_firewall", f"lync_report_dir={scene.reports}")
    write()
    scene.run("check", "site", "--check", "--diff")
    scene.run("apply", "site", "lync_confirm_minutes=5")
    scene.run("again", "site")
    _output("nft", "flush", "chain", "inet", "msuc_lync", "allowed_in")
    scene.run("found", "drift")
    scene.run("repaired", "drift", "lync_remediate=true")
    write(lync_member_state="retired")
    scene.run("retired", "site")


def _output(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def appliances(scene: Scene) -> None:
    """A BIG-IP, a NetScaler, a LoadMaster, a pool each: check, apply, again, changed by hand, repaired, drained."""
    with contextlib.ExitStack() as stack:
        bigip = simulator("f5_simulator").BigIpSimulator()
        stack.callback(bigip.stop)
        adc, lm = (
            stack.enter_context(simulator("netscaler").NetScaler()),
            stack.enter_context(simulator("kemp").LoadMaster()),
        )
        f5 = {
            "host": bigip.address,
            "port": bigip.port,
            "user": bigip.user,
            "password": bigip.password,
            "ca": bigip.ca,
        }
        balancers = {
            "f5": ("f5_as3", f5, {"tenant": "Lync_lab"}), "adc": ("netscaler", adc.provider(), {"prefix": "lab_"}),
            "lm": ("kemp", lm.provider(), {}),
        }  # fmt: skip
        scene.hidden += [
            (f"{name}:{server.port}", f"{name}:PORT") for server in (bigip, adc, lm) for name in ("127.0.0.1", "port")
        ]
        servers = {"f5": bigip._server, "adc": adc.server, "lm": lm.server}
        scene.looks |= {f"requests {name}": partial(_requests, server) for name, server in servers.items()}
        scene.looks |= {"f5": lambda: bigip.objects, "adc": adc.config, "lm": lm.services}
        scene.write(_three(balancers))
        scene.arguments = ("--tags", "load_balancer", f"lync_report_dir={scene.reports}")
        scene.run("check", "site", "--check", "--diff")
        scene.run("apply", "site")
        scene.run("again", "site")
        adc.appliance.update(
            "servicegroup",
            {"servicegroupname": "lab_adc.contoso.com-fe-sip-tls-5061", "clttimeout": 60, "svrtimeout": 60},
        )
        item = lm.services()[0]
        lm.do("modvs", vs=item["VSAddress"], port=str(item["VSPort"]), prot=item["Protocol"], Idletime="660")
        pool = next(made for made in bigip.objects.values() if made["command"] == "ltm pool")
        next(iter(pool["properties"]["members"].values())).update(session="user-disabled", state="user-down")
        scene.run("found", "drift")
        scene.run("repaired", "drift", "lync_remediate=true")
        scene.write(_three(balancers, lync_member_state="draining"))
        scene.run("one member drains", "site")


def _three(balancers: Mapping[str, tuple[str, object, object]], **first: object) -> Document:
    """Return three pools, each behind an appliance of its own; first: variables of the first member of each."""
    units = {
        name: {
            "ansible_host": f"192.0.2.{number}", "lync_balancer_driver": driver,
            "lync_balancer_addresses": [f"192.0.2.{number}1", f"192.0.2.{number}2"],
            "lync_balancer_provider": provider, "lync_balancer_options": options,
        } for number, (name, (driver, provider, options)) in enumerate(balancers.items(), 1)
    }  # fmt: skip
    members: dict[str, Document] = {}
    pools: dict[str, Document] = {}
    for place, name in enumerate(balancers, 1):
        member = {"lync_pool": f"{name}.contoso.com", "lync_managed": False}
        members[f"fe-{name}-1"] = {"ansible_host": f"10.{place}.0.1", **member, **first}
        members[f"fe-{name}-2"] = {"ansible_host": f"10.{place}.0.2", **member}
        pools[f"{name}.contoso.com"] = {
            "role": "frontend",
            "load_balancing": "hlb",
            "balancer": name,
            "vip": f"10.{place}.0.100",
        }
    rows = [{"select": "id != 'fe-sip-tls' && id != 'fe-web-https'", "set": {"enabled": False}}]
    return deployment({"frontend": members, "load_balancers": units}, pools=pools, row_overrides=rows)


def _requests(server: Any) -> list[Document]:
    """Return what a simulated appliance was asked since the last look: method, path, body."""
    found = [{"method": each.method, "path": each.path, "body": _body(each.body)} for each in server.requests]
    server.requests.clear()
    return found


def _body(body: bytes) -> object:
    with contextlib.suppress(ValueError):
        return json.loads(body)
    return base64.b64encode(body).decode()


PROXY = "127.70.0"


def proxies(scene: Scene) -> None:
    """HAProxy as load balancer, HAProxy and nginx as reverse proxies, through the same steps, and a bridge of TLS."""
    with contextlib.ExitStack() as stack:
        fixed = {name: stack.enter_context(_haproxy(scene.directory / name)) for name in ("lb01", "lb02", "rp01")}
        fixed["rp02"] = stack.enter_context(_nginx(scene.directory / "rp02"))
        certificate = _certificate(
            scene.directory / "proxy.pem", "webext01.contoso.com", "webext02.contoso.com", "meet.contoso.com"
        )
        files = [path for name in fixed for path in (scene.directory / name / "ours", scene.directory / name / "http")]
        stack.enter_context(
            _listening([(f"{PROXY}.{member}", port) for member in (11, 12, 21) for port in (5061, 4443, 8080)])
        )

        def look() -> Document:
            found = [path for folder in files for path in sorted(folder.glob("*"))]
            return {
                str(path.relative_to(scene.directory)): path.read_text(encoding="utf-8").splitlines() for path in found
            }

        scene.looks["files"] = look
        scene.arguments = ("--tags", "load_balancer", f"lync_report_dir={scene.reports}")
        scene.write(_published(fixed, {}))
        scene.run("check", "site", "--check", "--diff")
        scene.run("apply", "site")
        scene.run("again", "site")
        for path in (path for folder in files for path in folder.glob("*")):
            text = path.read_text(encoding="utf-8").replace("webext01", "gone01")
            path.write_text(re.sub(rf"({PROXY}\.)[12]1:5061", r"\g<1>13:5061", text), encoding="utf-8")
        scene.run("found", "drift")
        scene.run("repaired", "drift", "lync_remediate=true")
        bridge = {"mode": "bridge", "certificate": certificate, "ca": certificate}
        scene.write(_published(fixed, bridge, lync_member_state="draining"))
        scene.run("one member drains, bridged", "site")


def _published(fixed: Mapping[str, Document], tls: Document, **second: object) -> Document:
    """Return two pools, behind HAProxy, published by HAProxy and nginx; second: variables of the second member."""
    member: Document = {"lync_managed": False, "lync_pool": "pool01.contoso.com"}
    front_ends = {
        "fe11": {"ansible_host": f"{PROXY}.11", **member}, "fe12": {"ansible_host": f"{PROXY}.12", **member, **second},
        "fe21": {"ansible_host": f"{PROXY}.21", **member, "lync_pool": "pool02.contoso.com"},
    }  # fmt: skip
    drivers = {"lb01": "haproxy", "lb02": "haproxy", "rp01": "haproxy", "rp02": "nginx"}
    units = {
        name: {"ansible_host": f"{PROXY}.{number}", **LOCAL, **fixed[name]} for number, name in enumerate(drivers, 5)
    }
    for name in ("lb01", "lb02"):
        units[name] |= {
            "lync_balancer_driver": drivers[name],
            "lync_balancer_addresses": [units[name]["ansible_host"]],
        }
    for number, name in enumerate(("rp01", "rp02"), 1):
        units[name] |= {"lync_reverse_proxy_driver": drivers[name], "lync_external_address": f"{PROXY}.20{number}"}
    pools = {
        f"pool0{number}.contoso.com": {
            "role": "frontend", "load_balancing": "hlb", "balancer": f"lb0{number}", "vip": f"{PROXY}.10{number}",
            "external_web_fqdn": f"webext0{number}.contoso.com", "tls": tls or {"mode": "passthrough"},
        } for number in (1, 2)
    }  # fmt: skip
    rows = [
        {
            "select": "id != 'fe-sip-tls' && id != 'fe-web-external-https' && id != 'fe-web-external-http'",
            "set": {"enabled": False},
        }
    ]
    groups = {
        "frontend": front_ends, "load_balancers": {name: units[name] for name in ("lb01", "lb02")},
        "reverse_proxy": {name: units[name] for name in ("rp01", "rp02")},
    }  # fmt: skip
    networks = {"client_networks": ["127.0.0.0/16"], "management_networks": ["127.0.1.0/24"]}
    return deployment(
        groups, pools=pools, row_overrides=rows, simple_urls={"meet": ["https://meet.contoso.com"]}, **networks
    )


@contextlib.contextmanager
def _haproxy(folder: Path) -> Iterator[Document]:
    """Run HAProxy in master mode over a main file and a folder of files; return the variables of its host."""
    ours, main, master = folder / "ours", folder / "haproxy.cfg", folder / "m.sock"
    ours.mkdir(parents=True)
    main.write_text(
        "global\n    nbthread 1\ndefaults\n    mode http\n"
        "    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n",
        encoding="utf-8",
    )
    (ours / "10-other.cfg").write_text(
        f"frontend other\n    bind unix@{folder}/other.sock\n    default_backend none\nbackend none\n",
        encoding="utf-8",
    )
    path = {
        "lync_balancer_path": f"{ours}/zz-lb.cfg",
        "lync_reverse_proxy_path": f"{ours}/zz-rp.cfg",
        "lync_balancer_master_socket": str(master),
    }
    with _started(["haproxy", "-W", "-S", str(master), "-f", str(main), "-f", str(ours)], folder, master):
        yield path


@contextlib.contextmanager
def _nginx(folder: Path) -> Iterator[Document]:
    """Run nginx over a main file that includes two folders; return the variables of its host."""
    ours, http, main, pid = folder / "ours", folder / "http", folder / "nginx.conf", folder / "nginx.pid"
    ours.mkdir(parents=True)
    http.mkdir()
    (ours / "50-stream.conf").write_text("load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n", encoding="utf-8")
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main.write_text(
        f"include {ours}/*.conf;\nworker_processes 1;\nworker_rlimit_nofile 32768;\npid {pid};\n"
        f"error_log {folder}/error.log;\n"
        f"events {{ worker_connections 16384; }}\nhttp {{ access_log off; {kept}include {http}/*.conf; }}\n",
        encoding="utf-8",
    )  # fmt: skip
    options = {"config": str(main), "pid_file": str(pid)}
    path = {
        "lync_reverse_proxy_path": f"{ours}/91-rp.conf",
        "lync_reverse_proxy_http_path": f"{http}/91-rp.conf",
    }
    with _started(["nginx", "-c", str(main), "-g", "daemon off;"], folder, pid):
        yield {**path, "lync_reverse_proxy_options": options}


@contextlib.contextmanager
def _started(command: Sequence[str], folder: Path, sign: Path) -> Iterator[None]:
    """Run a program until the end of the block, from when its sign is there."""
    program = shutil.which(command[0], path="/usr/sbin:/usr/bin:/sbin:/bin") or command[0]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *command[1:]], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
        )
        try:
            _wait(sign.exists, f"{program} does not run; see {folder}/log")
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait(is_there: Callable[[], bool], message: str, seconds: float = 10) -> None:
    pause = threading.Event()
    for _turn in range(int(seconds / 0.05)):
        if is_there():
            return
        pause.wait(0.05)
    raise TimeoutError(message)


@contextlib.contextmanager
def _listening(places: Sequence[tuple[str, int]]) -> Iterator[None]:
    """Listen at addresses and ports, so that health checks find members; nobody is answered."""
    with contextlib.ExitStack() as stack:
        for place in places:
            stack.enter_context(socket.create_server(place, backlog=128))
        yield


def _certificate(path: Path, *names: str) -> str:
    """Write a key and a certificate of its own for names; return the path."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    builder = (
        x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key()).serial_number(1)
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    made = (
        builder.not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem))
    return str(path)


def render(scene: Scene) -> None:
    """What modules make of the plan of examples/contoso without a device: files, declarations, commands, scripts."""
    scene.overlay.write_text('{"all": {"hosts": {"nowhere": {"ansible_host": "192.0.2.1"}}}}', encoding="utf-8")
    plans = scene.directory / "plans"
    shutil.copytree(CHECKOUT / "examples" / "contoso", scene.directory / "contoso")
    scene.inventory.symlink_to(scene.directory / "contoso")
    scene.run("plan", "plan", f"lync_plan_dir={plans}", "lync_plan_show=false")
    scene.inventory.unlink()
    scene.write({"all": {}})

    def planned(path: str, key: str) -> Any:
        return json.loads((plans / path).read_text(encoding="utf-8"))[key]

    tasks: list[Document] = []
    for module in ("f5_as3", "netscaler_services", "kemp_services", "haproxy_services", "nginx_stream_services"):
        services = [planned(f"pools/{name}.contoso.com.json", "virtual_services") for name in ("pool01", "edge01")]
        tasks += [scene.task(module, state="rendered", services=listed) for listed in services]
        tasks.append(scene.task(module, state="rendered", services=[{"name": "x"}]))
    for host in ("fe01", "edge01"):
        tasks.append(
            scene.task(
                "windows_firewall_rules", state="rendered", rules=planned(f"hosts/{host}.json", "firewall_rules")
            )
        )
        tasks.append(
            scene.task(
                "windows_ipsec_exemptions",
                state="rendered",
                exemptions=planned(f"hosts/{host}.json", "ipsec_exemptions"),
            )
        )
    tasks.append(scene.task("nftables_rules", state="rendered", rules=planned("hosts/lb01.json", "firewall_rules")))
    tasks.append(
        scene.task("dns_records", state="rendered", records=planned("pools/pool01.contoso.com.json", "dns_records"))
    )
    tasks.append(scene.task("windows_firewall_rules", state="parsed", running_config="v2.10|Action=Allow|Dir=In|"))
    tasks.append(
        scene.task(
            "windows_firewall_rules",
            state="parsed",
            running_config="v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5061|Name=SIP|",
        )
    )
    tasks.append(scene.task("publications", driver="haproxy", state="rendered", publications=[{"name": "x"}]))
    scene.play("rendered", "nowhere", tasks)


STORIES: Mapping[str, Callable[[Scene], None]] = {
    function.__name__: function
    for function in (site, drift, proxies, retire, appliances, linux, verify, plan, selftest, render)
}


def main() -> None:
    """Tell one story."""
    given, out, scratch = (Path(argument) for argument in sys.argv[1:])
    asked = json.loads(given.read_text(encoding="utf-8"))
    sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / ".collections")]
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    scene = Scene(scratch, asked["renames"])
    scene.overlay.write_text('{"all": {}}', encoding="utf-8")
    try:
        STORIES[asked["story"]](scene)
    except Exception as error:
        # It may be the difference that is looked for, and the steps before it are worth to be seen.
        scene.steps.append({"name": "broke down", "error": scene._masked(f"{type(error).__name__}: {error}")})
        traceback.print_exc()
    out.write_text(json.dumps(scene.steps, default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
