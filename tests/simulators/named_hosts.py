# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a command on a machine on which the hosts of an inventory answer, by the names and addresses that it gives them.

    python -m tests.simulators.named_hosts INVENTORY [--store DIR] [--tls12] -- COMMAND ...

So an inventory is used as it stands, with its own connection variables and without an option that only a lab has. The
machine is this one in network and mount namespaces of its own, with an /etc of its own: hosts, krb5.conf, the
certificate of the company's authority among the trusted ones, /etc/msuc-lync/svc-lync.pem and .key, known hosts of SSH.

| Hosts of the plan | Listen on | Let in |
|---|---|---|
| Windows in the domain | HTTPS 5986 with a certificate for their names | Kerberos and NTLM |
| Windows in a workgroup: Edge Servers, reverse proxies | the same | NTLM, the certificate of the account |
| Linux | SSH 22 | the account svc-lync by its key, which an agent holds |

The account has the password of SECRET everywhere; whoever runs the command has a ticket of the domain, and finds the
password as the variable LYNC_EDGE_PASSWORD of the environment. A host is in the domain that most names of hosts are in.
The controller is the first address of lync_management_networks that no host has. TLS 1.3 is on, as Windows Server 2022
has it; --tls12 is a server on which it is switched off.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import ipaddress
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .authority import Authority
from .executor import PythonExecutor
from .firewall_store import FirewallStore
from .kerberos import Realm
from .serve import prepare
from .winrm_auth import Ways
from .winrm_server import Listener, WinRmServer

ROOT = Path(__file__).resolve().parents[2]
# The exit status of what cannot be proven on this machine.
NOT_HERE = 77
ACCOUNT, SECRET = "svc-lync", "Not-A-Secret-1"
_INSIDE = "LYNC_NAMED_HOSTS"
_WORKGROUP = frozenset({"edge", "reverse_proxy"})
_TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
_HTTPS = 5986
# Windows opens HTTPS for WinRM only by hand, or by `winrm quickconfig -transport:https`.
_MANAGEMENT_RULE = {
    "Name": "Windows Remote Management (HTTPS-In)", "Enabled": True, "Direction": 1, "Action": 1, "Protocol": 6,
    "LocalPorts": str(_HTTPS), "Profiles": 7,
}  # fmt: skip


def missing() -> str:
    """Return what is not there, in words; empty when all is."""
    try:
        import asyncssh  # noqa: F401 # pylint: disable=unused-import,import-outside-toplevel
        import kerberos  # noqa: F401 # pylint: disable=unused-import,import-outside-toplevel
        import krb5  # noqa: F401 # pylint: disable=unused-import,import-outside-toplevel
    except ImportError as error:
        return f"{error.name} is not installed; fix: make setup-test, with what bindep.txt names"
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    programs = ("krb5kdc", "kadmin.local", "kinit", "ip", "nft", "haproxy", "ssh-agent", "unshare")
    absent = [name for name in programs if not shutil.which(name, path=path)]
    if absent:
        return f"not installed: {', '.join(absent)}"
    allowed = subprocess.run([*_alone(), "true"], capture_output=True, check=False).returncode == 0
    return "" if allowed else "namespaces of a command's own are not allowed here"


def _alone() -> list[str]:
    """Return what starts a command with a network, files and processes of its own, none of which outlives it."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *user]


@dataclass(frozen=True)
class Host:
    """A host of the plan: its names, first that of the inventory; addresses, first that by which it is reached.

    virtual: addresses of services that it holds; of a pair the first unit holds them. files: paths of certificates that
    its publications name.
    """

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    roles: frozenset[str]
    platform: str
    virtual: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.names[0]


@dataclass(frozen=True)
class Deployment:
    """The managed hosts of an inventory, and the address of the controller."""

    hosts: tuple[Host, ...]
    controller: str


def read(inventory: Sequence[str], folder: Path) -> Deployment:
    """Return an inventory's deployment, as its plan has it."""
    sources = [part for source in inventory for part in ("-i", source)]
    quiet = ("-e", f"lync_plan_dir={folder}", "-e", "lync_plan_show=false")
    _ansible("ansible-playbook", *sources, *quiet, str(ROOT / "playbooks" / "plan.yml"))
    listed = json.loads(_ansible("ansible-inventory", *sources, "--list"))["_meta"]["hostvars"]
    plans, pools = _documents(folder / "hosts"), _documents(folder / "pools")
    services = [service for pool in pools for service in pool["virtual_services"] if service["balancers"]]
    vips: dict[str, dict[str, None]] = {}
    for service in services:
        vips.setdefault(service["balancers"][0], {})[service["vip"]] = None
    found = [_host(plan, listed[plan["host"]], tuple(vips.get(plan["host"], ()))) for plan in plans]
    taken = {address for host in found for address in (*host.addresses, *host.virtual)}
    managing = listed[plans[0]["host"]].get("lync_management_networks") or ["10.255.255.0/24"]
    free = (str(address) for address in ipaddress.ip_network(managing[0]).hosts() if str(address) not in taken)
    return Deployment(tuple(found), next(free))


def _documents(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def _host(plan: Mapping[str, Any], variables: Mapping[str, Any], virtual: tuple[str, ...]) -> Host:
    # ansible-inventory leaves templates as they are; this is the one that an inventory needs here.
    reached = str(variables.get("ansible_host", plan["host"])).replace("{{ inventory_hostname }}", plan["host"])
    addresses = tuple(plan["addresses"])
    if reached in addresses:
        addresses = (reached, *(each for each in addresses if each != reached))
    names = dict.fromkeys([plan["host"], *([] if reached in addresses else [reached])])
    publications = plan.get("publications") or []
    files = {each[part] for each in publications for part in ("certificate", "ca") if each.get(part)}
    return Host(tuple(names), addresses, frozenset(plan["roles"]), plan["platform"], virtual, tuple(sorted(files)))


def _ansible(program: str, *arguments: str) -> str:
    path = Path(sys.executable).with_name(program)
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")
    return done.stdout


class Machine:
    """The controller and what it reaches, inside of the namespaces."""

    def __init__(self, deployment: Deployment, folder: Path, store: Path, newest_tls: ssl.TLSVersion) -> None:
        found, self._controller = deployment.hosts, deployment.controller
        self._hosts, self._folder, self._store, self._newest_tls = found, folder, store, newest_tls
        self._windows = [host for host in found if host.platform == "windows"]
        self._linux = [host for host in found if host.platform == "linux"]
        self._authority = Authority(folder / "authority")
        domains = Counter(name.partition(".")[2] for host in found for name in host.names if not name[-1].isdigit())
        self._domain = domains.most_common(1)[0][0] or "example.com"

    @contextlib.contextmanager
    def running(self) -> Iterator[dict[str, str]]:
        """Start everything; give what the environment of a command holds besides."""
        self._lay_out()
        with contextlib.ExitStack() as stack:
            realm = stack.enter_context(Realm(self._folder / "realm", self._domain.upper()))
            environment = self._log_in(realm)
            stack.enter_context(WinRmServer(self._stores(), PythonExecutor(), self._listeners()))
            environment |= self._agent(stack)
            for host in self._linux:
                stack.enter_context(self._started(host))
            yield environment

    def _lay_out(self) -> None:
        etc = self._folder / "etc"
        subprocess.run(["cp", "-a", "/etc/.", str(etc)], check=False, capture_output=True)
        lines = [f"{host.addresses[0]} {' '.join(self._names(host))}" for host in self._hosts]
        (etc / "hosts").write_text("\n".join(["127.0.0.1 localhost", *lines, ""]), encoding="utf-8")
        # Nobody answers questions of DNS here: a name that is not in that file is not known.
        (etc / "nsswitch.conf").write_text("hosts: files\n", encoding="utf-8")
        subprocess.run(["mount", "--bind", str(etc), "/etc"], check=True)
        with _TRUSTED.open("ab") as trusted:
            trusted.write(self._authority.file.read_bytes())
        own = Path("/etc/msuc-lync")
        own.mkdir()
        pair = self._authority.client(f"{ACCOUNT}@localhost").read_bytes()
        (own / "svc-lync.pem").write_bytes(pair[pair.index(b"-----BEGIN CERTIFICATE") :])
        (own / "svc-lync.key").write_bytes(pair[: pair.index(b"-----BEGIN CERTIFICATE")])
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        listened = [address for host in self._windows for address in host.addresses]
        for address in dict.fromkeys([self._controller, *listened]):
            quick = ["nodad"] if ":" in address else []
            subprocess.run(["ip", "address", "add", address, "dev", "lo", *quick], check=True)

    def _names(self, host: Host) -> list[str]:
        """Return the names of a host, with the domain where they lack one."""
        whole = [name if "." in name else f"{name}.{self._domain}" for name in host.names]
        return list(dict.fromkeys([*whole, *host.names]))

    def _stores(self) -> dict[str, FirewallStore]:
        stores = prepare({host.name: {"addresses": list(host.addresses)} for host in self._windows}, self._store)
        for store in stores.values():
            if _MANAGEMENT_RULE["Name"] not in (rule["Name"] for rule in store.read()["rules"]):
                policy = store.policy()
                rule = policy.new_rule()
                for name, value in _MANAGEMENT_RULE.items():
                    rule.put(name, value)
                policy.add(rule)
        return stores

    def _listeners(self) -> dict[str, Listener]:
        return {host.name: self._listener(host) for host in self._windows}

    def _listener(self, host: Host) -> Listener:
        names = self._names(host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._authority.server(*names))
        context.maximum_version = self._newest_tls
        alone = bool(host.roles & _WORKGROUP)
        if alone:
            # An answer to a client's certificate; who shows none may still log in otherwise.
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(self._authority.file)
        certificates = {f"{ACCOUNT}@localhost": ACCOUNT} if alone else {}
        ways = Ways(ntlm=True, kerberos=not alone, certificates=certificates, name=names[0])
        return Listener(host.addresses[0], _HTTPS, context, ways)

    def _log_in(self, realm: Realm) -> dict[str, str]:
        """Make the accounts, and log in to the domain; the servers find keys and passwords in the environment."""
        shutil.copy(realm.directory / "krb5.conf", "/etc/krb5.conf")
        realm.add(ACCOUNT, SECRET)
        keys = realm.directory / "servers.keytab"
        # Clients of Python name the service one way or the other; a domain member has both names.
        services = [f"{kind}/{self._names(host)[0]}" for host in self._windows for kind in ("HTTP", "WSMAN")]
        for service in services:
            made = realm.add_service(service)
            keys.write_bytes(keys.read_bytes() + made.read_bytes()[2:] if keys.exists() else made.read_bytes())
        accounts = self._folder / "ntlm"
        accounts.write_text(f":{ACCOUNT}:{SECRET}\n{self._domain.partition('.')[0]}:{ACCOUNT}:{SECRET}\n")
        os.environ |= {"KRB5_KTNAME": f"FILE:{keys}", "NTLM_USER_FILE": str(accounts)}
        tickets = {"KRB5CCNAME": f"FILE:{self._folder / 'tickets'}"}
        login = ["kinit", f"{ACCOUNT}@{realm.name}"]
        typed = f"{SECRET}\n".encode()
        subprocess.run(login, input=typed, env={**os.environ, **tickets}, check=True, capture_output=True)
        return {**tickets, "LYNC_EDGE_PASSWORD": SECRET}

    def _agent(self, stack: contextlib.ExitStack) -> dict[str, str]:
        """Start an agent that holds the account's key."""
        key, place = self._folder / "id_ed25519", self._folder / "agent"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        agent = stack.enter_context(_process(["ssh-agent", "-D", "-a", str(place)]))
        found = {"SSH_AUTH_SOCK": str(place)}
        while agent.poll() is None and not _listens(place):
            time.sleep(0.02)
        subprocess.run(["ssh-add", "-q", str(key)], env={**os.environ, **found}, check=True)
        return found

    def _file(self, path: str) -> Path:
        """Return what stands for a file of certificates: the authority, or a certificate for the name of the file."""
        name = Path(path).stem
        return self._authority.file if "ca" in name.split("-") else self._authority.server(f"{name}.{self._domain}")

    @contextlib.contextmanager
    def _started(self, host: Host) -> Iterator[None]:
        """Start a Linux host in namespaces of its own, at the other end of a cable."""
        name = f"h{self._hosts.index(host)}"
        addresses = dict.fromkeys([*host.addresses, *host.virtual])
        for command in (
            f"ip netns add {name}",
            f"ip link add {name} type veth peer name eth0 netns {name}",
            f"ip link set {name} up",
            f"ip -n {name} link set lo up",
            f"ip -n {name} link set eth0 up",
            *(f"ip -n {name} address add {address}/32 dev eth0" for address in addresses),
            f"ip -n {name} route add default dev eth0",
            *(f"ip route add {address}/32 dev {name} src {self._controller}" for address in addresses),
        ):
            subprocess.run(command.split(), check=True)
        folder = self._folder / name
        folder.mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "host_key")], check=True)
        public = (folder / "host_key.pub").read_text(encoding="utf-8").split()[:2]
        with Path("/etc/ssh/ssh_known_hosts").open("a", encoding="utf-8") as known:
            known.write(f"{','.join([*self._names(host), *host.addresses])} {' '.join(public)}\n")
        server = [sys.executable, "-m", "tests.simulators.ssh_host", host.addresses[0], "--user", ACCOUNT]
        files = ["--key", str(folder / "host_key"), "--authorized", str(self._folder / "id_ed25519.pub")]
        given = [part for path in host.files for part in ("--file", path, str(self._file(path)))]
        inside = ["ip", "netns", "exec", name, "unshare", "--mount", *server, *files, *given]
        inside += ["--folder", str(folder / "host")]
        with _process(inside, stdout=subprocess.PIPE) as process:
            if process.stdout is None or process.stdout.readline() != b"ready\n":
                raise RuntimeError(f"{host.name} does not listen")
            yield


def _listens(place: Path) -> bool:
    """Return whether somebody takes connections there; the file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(place)) == 0


@contextlib.contextmanager
def _process(command: Sequence[str], stdout: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stdout)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=10)


def _inside(options: argparse.Namespace, command: Sequence[str], deployment: Deployment) -> int:
    with tempfile.TemporaryDirectory(prefix="named-hosts-") as text:
        folder = Path(text)
        for name in ("etc", "home"):
            (folder / name).mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
        newest = ssl.TLSVersion.TLSv1_2 if options.tls12 else ssl.TLSVersion.TLSv1_3
        with Machine(deployment, folder, options.store or folder / "store", newest).running() as environment:
            # Ansible keeps connections of SSH below it, and another machine may have a host of the same name.
            home = {"HOME": str(folder / "home")}
            return subprocess.run(command, env={**os.environ, **environment, **home}, check=False).returncode


def main() -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulators.named_hosts", description="Run a command where an inventory's hosts answer."
    )
    parser.add_argument("inventory", nargs="+", help="an inventory of the hosts")
    parser.add_argument("--store", type=Path, help="directory that holds the hosts' firewalls")
    parser.add_argument("--tls12", action="store_true", help="Windows hosts do not speak TLS 1.3")
    given, _mark, command = "\0".join(sys.argv[1:]).partition("\0--\0")
    options = parser.parse_args(given.split("\0"))
    if _INSIDE in os.environ:
        described, controller = json.loads(os.environ.pop(_INSIDE))
        found = [Host(tuple(n), tuple(a), frozenset(r), p, tuple(v), tuple(f)) for n, a, r, p, v, f in described]
        return _inside(options, command.split("\0"), Deployment(tuple(found), controller))
    reason = missing()
    if reason:
        print(f"error: {reason}", file=sys.stderr)
        return NOT_HERE
    with tempfile.TemporaryDirectory() as folder:
        described = json.dumps(dataclasses.astuple(read(options.inventory, Path(folder))), default=sorted)
    again = [*_alone(), sys.executable, "-m", "tests.simulators.named_hosts", *sys.argv[1:]]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin:/sbin"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), _INSIDE: described}
    return subprocess.run(again, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
