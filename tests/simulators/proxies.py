# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real HAProxy and nginx in folders of their own, members that say who they are.

Clients with addresses of their own.

Everything listens on 127.0.0.0/8 above port 1024; the system's own services are never touched. Ports are shifted by
SHIFT, so 5061 is 15061. Members are real sockets in one thread per member.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import Refused, apply, waited
from ansible_collections.msuc.lync.plugins.modules import haproxy_remote, nginx_remote
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.provider import HaproxyProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import (
    Member,
    MemberState,
    Monitor,
    Persistence,
    PersistenceKind,
    Service,
    affinity_group,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.provider import NginxProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task

SHIFT = 10000
POOL = "pool01.contoso.com"
# A network of its own per process: proxies share a listener with others that ask for the same, and tests run side
# by side.
NET = f"127.{70 + os.getpid() % 180}.{os.getpid() // 180 % 250}"
VIP, OTHER = f"{NET}.100", f"{NET}.101"
MEMBERS = (f"{NET}.11", f"{NET}.12", f"{NET}.13")
PORTS = (15061, 10444, 10443, 15071)
STREAM_MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
# LYNC_HAPROXY names another one, of a newer version.
HAPROXY, NGINX = (
    os.environ.get("LYNC_HAPROXY") or shutil.which("haproxy", path="/usr/sbin:/usr/bin:/sbin"),
    shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin"),
)
needs_haproxy = pytest.mark.skipif(
    HAPROXY is None, reason="the program haproxy is not installed; Debian has it in the package haproxy"
)
needs_nginx = pytest.mark.skipif(
    NGINX is None or not STREAM_MODULE.is_file(),
    reason="nginx with its stream module is not installed; Debian has it in nginx and libnginx-mod-stream",
)


def services(
    ports: tuple[int, ...] = PORTS, states: Mapping[str, MemberState] | None = None, **more: Any
) -> tuple[Service, ...]:
    """Return TCP services of one pool; states of members that are not active.

    Interval and idle times of a test are short.
    """
    members = tuple(
        Member(address, (states or {}).get(address, MemberState.ACTIVE)) for address in more.pop("members", MEMBERS)
    )
    said: dict[str, Any] = {
        "pool": POOL,
        "vip": VIP,
        "protocol": "tcp",
        "members": members,
        "monitor": Monitor(15061, 1, 2),
        "idle_seconds": 60,
        "persistence": Persistence(PersistenceKind.SOURCE, 1200, group=affinity_group(POOL, VIP)),
        **more,
    }
    return tuple(Service(**{"name": f"{POOL}-{port}", "port": port, "node_port": port, **said}) for port in ports)


@dataclass
class Members:
    """Servers of several addresses and ports that greet with their address, echo, and can stop listening on a port."""

    addresses: tuple[str, ...] = MEMBERS
    ports: tuple[int, ...] = PORTS
    protocol: str = "tcp"
    _sockets: dict[tuple[str, int], socket.socket] = field(default_factory=dict)
    _end: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Members:
        self._selector = selectors.DefaultSelector()
        for address in self.addresses:
            for port in self.ports:
                self.listen(address, port)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def listen(self, address: str, port: int) -> None:
        kind = socket.SOCK_STREAM if self.protocol == "tcp" else socket.SOCK_DGRAM
        server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        if self.protocol == "tcp":
            server.listen(1024)
        else:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        server.setblocking(False)
        with self._lock:
            self._sockets[address, port] = server
            self._selector.register(server, selectors.EVENT_READ, address)

    def stop(self, address: str, port: int) -> None:
        """Stop listening, as a service that ended."""
        with self._lock:
            server = self._sockets.pop((address, port))
            self._selector.unregister(server)
        server.close()

    def _serve(self) -> None:
        while not self._end.is_set():
            with self._lock:
                events = self._selector.select(0.02)
                for key, _mask in events:
                    with contextlib.suppress(OSError):
                        self._answer(key.fileobj, key.data)  # type: ignore[arg-type]
            time.sleep(0)

    def _answer(self, ready: socket.socket, address: str) -> None:
        if self.protocol == "udp":
            while True:  # until nothing is left, which raises
                data, peer = ready.recvfrom(2048)
                ready.sendto(address.encode() + b" " + data, peer)
        elif (ready.getsockname()) and ready in self._sockets.values():
            connection, _peer = ready.accept()
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ, address)
            connection.send(f"{address}\n".encode())
        else:
            data = b""
            with contextlib.suppress(OSError):
                data = ready.recv(4096)
            if data:
                ready.send(data)
            else:
                self._selector.unregister(ready)
                ready.close()


def greeted(port: int, source: str = "127.0.0.1", vip: str = VIP, seconds: float = 5) -> str:
    """Connect once; return the address of the member that answers, or what went wrong after "failed"."""
    try:
        with socket.create_connection((vip, port), seconds, (source, 0)) as connection:
            return connection.recv(64).decode().strip() or "failed: closed"
    except OSError as error:
        return f"failed: {error}"


@contextlib.contextmanager
def ipv6_addresses(count: int) -> Iterator[tuple[str, ...]]:
    """Have so many IPv6 addresses of this process's own on the loopback interface, which has one only.

    Skips where that is not allowed.
    """
    made: list[str] = []
    try:
        for number in range(1, count + 1):
            address = f"fd00:{os.getpid() & 0xFFFF:x}::{number:x}"
            command = ["ip", "-6", "address", "add", f"{address}/128", "dev", "lo", "nodad"]
            if shutil.which("ip") is None or subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip(
                    "IPv6 addresses cannot be added to the loopback interface here: it takes root, iproute2 and IPv6"
                )
            made.append(address)
        yield tuple(made)
    finally:
        for address in made:
            subprocess.run(
                ["ip", "-6", "address", "del", f"{address}/128", "dev", "lo"], capture_output=True, check=False
            )


@dataclass
class Proxy:
    """A running proxy: the module on the host, which works in this process, and what a module of ours does with it."""

    folder: Path
    path: Path
    provider_class: Any
    module: Any
    fixed: Mapping[str, Any]
    process: subprocess.Popen[bytes] | None = None
    calls: list[str] = field(default_factory=list)

    def remote(self, arguments: Mapping[str, object]) -> Mapping[str, Any]:
        options = {
            "content": None,
            "expected": "",
            "commands": [],
            "listeners": [],
            "seconds": 10,
            **self.fixed,
            **arguments,
        }
        host = self.module.Host(options)
        self.calls.append(str(options["operation"]))
        try:
            if options["operation"] == "gather":
                return host.gather()  # type: ignore[no-any-return]
            if options["operation"] == "check":
                host.check(options["content"])
                return {}
            return apply(host, options)
        except Refused as error:
            return {"failed": True, "msg": str(error), "restored": error.restored}

    def bring(self, wanted: tuple[Service, ...], state: State = State.REPLACED, check: bool = False) -> dict[str, Any]:
        """Return the result that the module would have."""
        provider = self.provider_class(Task(state, wanted), self.remote, str(self.path))
        reconcile(provider, check_mode=check)
        return {**provider.result(), "diff": provider.diffs()}

    def text(self) -> str:
        return self.path.read_text(encoding="utf-8") if self.path.exists() else ""


MAIN = """global
    maxconn 2000
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
"""


@contextlib.contextmanager
def running_haproxy(folder: Path, *inherited: socket.socket) -> Iterator[Proxy]:
    """Run HAProxy in master mode over a main file and a folder of files; inherited: sockets that it is given."""
    main, include, master = folder / "haproxy.cfg", folder / "conf.d", folder / "m.sock"
    include.mkdir(parents=True)
    main.write_text(MAIN, encoding="utf-8")
    command = [str(HAPROXY), "-W", "-S", str(master), "-f", str(main), "-f", str(include)]
    (include / "10-other.cfg").write_text(
        f"frontend other\n    bind {OTHER}:18080\n    default_backend none\nbackend none\n", encoding="utf-8"
    )
    with _started(command, folder, [one.fileno() for one in inherited]) as process:
        assert waited(10, master.exists), (folder / "log").read_text()
        fixed = {"program": HAPROXY, "master_socket": str(master)}
        proxy = Proxy(folder, include / "zz-msuc-lync.cfg", HaproxyProvider, haproxy_remote, fixed, process)
        # A master that has just begun may take a question and never answer it.
        asked = {"operation": "gather", "path": str(proxy.path), "seconds": 2}
        assert waited(30, lambda: not proxy.remote(asked).get("failed"))
        yield proxy


@contextlib.contextmanager
def running_nginx(folder: Path, workers: int = 1) -> Iterator[Proxy]:
    """Run nginx over a main file that includes a folder."""
    main, include, pid = folder / "nginx.conf", folder / "modules-enabled", folder / "nginx.pid"
    include.mkdir(parents=True)
    (include / "50-stream.conf").write_text(f"load_module {STREAM_MODULE};\n", encoding="utf-8")
    main.write_text(
        f"include {include}/*.conf;\nworker_processes {workers};\nworker_rlimit_nofile 32768;\npid {pid};\n"
        f"error_log {folder}/error.log;\n"
        f"events {{ worker_connections 16384; }}\n{_http_part(folder)}",
        encoding="utf-8",
    )
    with _started([str(NGINX), "-c", str(main), "-g", "daemon off;"], folder) as process:
        assert waited(10, pid.exists), (folder / "log").read_text()
        fixed = {"program": NGINX, "config": str(main), "pid_file": str(pid)}
        yield Proxy(folder, include / "90-msuc-lync.conf", NginxProvider, nginx_remote, fixed, process)


def _http_part(folder: Path) -> str:
    """Return an http part that reads a folder of files and keeps what it writes below its own."""
    (folder / "conf.d").mkdir()
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"http {{ access_log off; {kept}include {folder}/conf.d/*.conf; }}\n"


@contextlib.contextmanager
def _started(command: list[str], folder: Path, handles: Sequence[int] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program with its output in the folder's log, and end it in the end."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder, pass_fds=tuple(handles)
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
