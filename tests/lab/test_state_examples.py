# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The examples of resource modules are so: each state's task on a device in the state before, what it says, and after.

One device and one run of ansible-playbook for a module. Whatever is before is made by the module itself with state
replaced, and what is there is asked by the tasks of its example of state gathered.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ..simulators.balancer_host import running_host
from ..simulators.bind import MISSING, ZONE, Bind, present
from ..simulators.f5_simulator import BigIpSimulator
from ..simulators.kemp import LoadMaster
from ..simulators.netns import entered, namespace, needs_namespaces
from ..simulators.netscaler import NetScaler
from ..simulators.proxies import needs_haproxy, needs_nginx, running_haproxy, running_nginx
from ..simulators.ring import needs_ring, running_ring
from ..tools.state_examples import WRITING, Example, Examples, differences, read
from .lab import Lab, Played

# Its plugins are measured by the tests of each device.
pytestmark = pytest.mark.no_cover
ADDRESSES = ("10.1.0.5/24", "10.1.0.100/32", "203.0.113.31/32")
SECRETS = ("vault_lb01_password", "vault_lb01_key", "vault_dns_key", "vault_dns_mark_key")
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
HOST = "device"


@dataclass(frozen=True)
class Reached:
    """How a device is reached in place of the one that the examples name: variables, and options of each task.

    shown_as: what results say of it, and what the examples show in its place.
    """

    variables: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    shown_as: Mapping[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def windows(lab: Lab) -> Iterator[Reached]:
    lab.start({HOST: {"addresses": ["10.1.0.11"], "seed": "windows"}})
    yield Reached(json.loads(lab.inventory.read_text(encoding="utf-8"))["all"]["hosts"][HOST])


@contextlib.contextmanager
def linux(lab: Lab) -> Iterator[Reached]:
    with namespace("docs", *ADDRESSES) as name, entered(name):
        path = str(lab.directory / "msuc-lync.nft")
        yield Reached(HERE, {"path": path}, {path: "/etc/nftables.d/msuc-lync.nft"})


@contextlib.contextmanager
def haproxy(lab: Lab, file: str = "zz-msuc-lync.cfg") -> Iterator[Reached]:
    with namespace("docs", *ADDRESSES) as name, entered(name), running_haproxy(lab.directory / "haproxy") as proxy:
        yield Reached(HERE, {**proxy.fixed, "path": str(proxy.path.with_name(file))})


def haproxy_publishing(lab: Lab) -> contextlib.AbstractContextManager[Reached]:
    return haproxy(lab, "zz-msuc-lync-publications.cfg")


@contextlib.contextmanager
def nginx(lab: Lab) -> Iterator[Reached]:
    with namespace("docs", *ADDRESSES) as name, entered(name), running_nginx(lab.directory / "nginx") as proxy:
        yield Reached({**HERE, "file": str(proxy.path), **proxy.fixed}, {**proxy.fixed, "path": str(proxy.path)})


@contextlib.contextmanager
def ring(lab: Lab) -> Iterator[Reached]:
    with running_ring(lab.directory) as made, running_host(made) as host:
        made.ask_members(interval=10, pool="edge01.contoso.com")
        socket = host.variables()["lync_balancer_master_socket"]
        yield Reached(host.variables(), {"master_socket": socket})


@contextlib.contextmanager
def big_ip(_lab: Lab) -> Iterator[Reached]:
    made = BigIpSimulator()
    try:
        names = ("host", "port", "user", "password", "ca")
        given = (made.address, made.port, made.user, made.password, made.ca)
        yield Reached(options={"provider": dict(zip(names, given, strict=True))})
        assert made.contract.faults == []
    finally:
        made.stop()


@contextlib.contextmanager
def netscaler(_lab: Lab) -> Iterator[Reached]:
    with NetScaler() as made:
        yield Reached(options={"provider": made.provider()})


@contextlib.contextmanager
def kemp(_lab: Lab) -> Iterator[Reached]:
    with LoadMaster() as made:
        yield Reached(options={"provider": made.provider()})


@contextlib.contextmanager
def bind(lab: Lab) -> Iterator[Reached]:
    with Bind(lab.directory / "bind", {"internal": {ZONE: ""}}) as server:
        yield Reached(options={"servers": [server.entry()], "mark_key": "a key of marks, for tests"})


@dataclass(frozen=True)
class Module:
    """items: the option that has the objects; base: the variable with what an object that is shown in part has besides.

    owner: the key that tells whose an object is, and the option for it. put: tasks that bring what was rendered to a
    device whose module brings nothing.
    """

    items: str
    device: Callable[[Lab], contextlib.AbstractContextManager[Reached]]
    base: str = ""
    owner: str = ""
    needs: Sequence[pytest.MarkDecorator] = ()
    put: Sequence[Mapping[str, Any]] = ()


FILE_OF_NGINX = (
    {"ansible.builtin.copy": {"content": "{{ seed.document }}", "dest": "{{ file }}", "mode": "0644"}},
    {"ansible.builtin.command": "kill -HUP {{ lookup('ansible.builtin.file', pid_file) }}"},
)
NEEDS_BIND = pytest.mark.skipif(not present(), reason=MISSING)
MODULES = {
    "windows_firewall_rules": Module("rules", windows, owner="group"),
    "windows_ipsec_exemptions": Module("exemptions", windows),
    "nftables_rules": Module("rules", linux, needs=[needs_namespaces]),
    "nftables_udp_services": Module("services", ring, "av", needs=[needs_haproxy, needs_ring]),
    "haproxy_services": Module("services", haproxy, "sip", needs=[needs_namespaces, needs_haproxy]),
    "nginx_stream_services": Module("services", nginx, "av", needs=[needs_namespaces, needs_nginx], put=FILE_OF_NGINX),
    "publications": Module("publications", haproxy_publishing, "web", needs=[needs_namespaces, needs_haproxy]),
    "f5_as3": Module("services", big_ip, "sip"),
    "netscaler_services": Module("services", netscaler, "sip"),
    "kemp_services": Module("services", kemp, "sip"),
    "dns_records": Module("records", bind, needs=[NEEDS_BIND]),
}


def examples_of(module: str) -> Examples:
    """Return the examples that ansible-doc shows of a module."""
    return read(importlib.import_module(f"ansible_collections.msuc.lync.plugins.modules.{module}").EXAMPLES)


class Run:
    """The examples of a module as one playbook: tasks with a name of their own each, by which results are found."""

    def __init__(self, name: str, examples: Examples, options: Mapping[str, Any]) -> None:
        self._key, self._module, self._examples, self._options = f"msuc.lync.{name}", MODULES[name], examples, options
        self.tasks: list[dict[str, Any]] = []
        self._look = [task for each in examples.examples if each.state == "gathered" for task in each.tasks]
        self._seen: list[object] = []
        for example in examples.examples:
            self._add_example(example)

    def _add_example(self, example: Example) -> None:
        """Add an example's tasks, and around those that write what makes the state before, and looks."""
        is_writing = example.state in WRITING
        if example.before is not None and (is_writing or example.state == "gathered"):
            self._make(example.title, example.before)
        if is_writing and example.before not in self._seen:
            self._add(f"{example.title} before", self._look)
            self._seen.append(example.before)
        self._add(example.title, example.tasks)
        if is_writing:
            self._add(f"{example.title} after", self._look)

    def _make(self, title: str, before: Sequence[Mapping[str, Any]]) -> None:
        base, owner = self._examples.variables.get(self._module.base, {}), self._module.owner
        for each in sorted({item.get(owner, "") for item in before} | {""}):
            items = [{**base, **item, **_named(base, item)} for item in before if item.get(owner, "") == each]
            how = {"state": "rendered" if self._module.put else "replaced", self._module.items: items}
            options = {**self._look[-1][self._key], **how, **({owner: each} if each else {})}
            self._add(f"{title} made", [{self._key: options, "register": "seed"}, *self._module.put])

    def _add(self, name: str, tasks: Sequence[Mapping[str, Any]]) -> None:
        for task in tasks:
            ours = {self._key: {**task[self._key], **self._options}} if self._key in task else {}
            self.tasks.append({**task, **ours, "name": name, "ignore_errors": True})


def _named(base: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of an object of ours in letters that ours have; a LoadMaster tells names with blanks."""
    return {"name": item["name"].replace(" ", "-")} if base else {}


def results(played: Played, name: str) -> list[Mapping[str, Any]]:
    return [record["result"] for record in played.of(HOST) if record["task"] == name]


def gathered(played: Played, name: str) -> list[Mapping[str, Any]]:
    return [item for result in results(played, name) for item in result.get("gathered", [result])]


def untrue(played: Played, example: Example) -> Iterator[str]:
    """Yield what an example shows that is not so."""
    yield from differences(example.output, results(played, example.title)[-1], f"{example.title}: output")
    for word, shown in (("before", example.before), ("after", example.after)):
        name = f"{example.title} {word}"
        if shown is not None and results(played, name):
            yield from differences(shown, gathered(played, name), f"{example.title}: {word}")


def _as_shown(found: Any, shown_as: Mapping[str, str]) -> Any:
    text = json.dumps(found)
    for real, shown in shown_as.items():
        text = text.replace(real, shown)
    return tuple(json.loads(text))


def failures(played: Played, refused: Sequence[str]) -> list[str]:
    """Return the errors of tasks, but for the states that are refused."""
    failed = [record for record in played.of(HOST) if record["status"] != "ok" and record["task"] not in refused]
    return [f"{record['task']}: {record['result'].get('msg')}" for record in failed]


@pytest.mark.parametrize("name", [pytest.param(name, marks=module.needs) for name, module in MODULES.items()])
def test_each_example_is_so(lab: Lab, name: str) -> None:
    examples = examples_of(name)
    with MODULES[name].device(lab) as reached:
        run = Run(name, examples, reached.options)
        secrets = dict.fromkeys(SECRETS, "bm90IGEgc2VjcmV0IGF0IGFsbA==")
        variables = {**secrets, **examples.variables, **reached.variables}
        lab.inventory.write_text(json.dumps({"all": {"hosts": {HOST: variables}}}), encoding="utf-8")
        play = [{"hosts": HOST, "gather_facts": False, "tasks": run.tasks}]
        played = lab.play(json.dumps(play), ANSIBLE_PIPELINING="1")
    played = replace(played, results=_as_shown(played.results, reached.shown_as))
    assert len(played.of(HOST)) == len(run.tasks), played.output
    refused = [example.title for example in examples.examples if "msg" in example.output]
    wrong = failures(played, refused) + [line for example in examples.examples for line in untrue(played, example)]
    assert not wrong, "\n".join(wrong)
