# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real Kerberos realm for a test: MIT's key distribution centre on a free port of the loopback address.

    with Realm(directory) as realm:
        realm.add("svc-lync-dns", "password")
        realm.add_service("DNS/ns1.contoso.com")   the path of its keys
        realm.environment()                        what a process needs that logs in

Its files are in a directory of its own; no service of the system is started or asked.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local")
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
REALM = "CONTOSO.COM"
_START_SECONDS = 20


def missing() -> str:
    """Return what is not installed, in words; empty when all is there."""
    try:
        import gssapi  # pylint: disable=unused-import,import-outside-toplevel # noqa: F401
    except ImportError:
        return "gssapi is not installed; make setup-test builds it with gcc and libkrb5-dev"
    if not all(shutil.which(program, path=_PATH) for program in PROGRAMS):
        return "MIT Kerberos is not installed: Debian has it in krb5-kdc and krb5-admin-server"
    return ""


class Realm:
    """One realm and the process that gives its tickets."""

    def __init__(self, directory: Path, name: str = REALM) -> None:
        self.directory, self.name = directory, name
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Realm:
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "krb5.conf").write_text(client_configuration(self.name, f"127.0.0.1:{self.port}"))
        (self.directory / "kdc.conf").write_text(self._server_configuration())
        self._run("kdb5_util", "create", "-s", "-r", self.name, "-P", "a master key of a test")
        log = (self.directory / "kdc.out").open("ab")
        environment = {**os.environ, **self.environment()}
        self._process = subprocess.Popen(["/usr/sbin/krb5kdc", "-n"], env=environment, stdout=log, stderr=log)
        await_port(self.port, self._process, self.directory / "kdc.out")
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)

    def add(self, name: str, password: str) -> str:
        """Add an account, and return its principal."""
        self._run("kadmin.local", "addprinc", "+requires_preauth", "-pw", password, name)
        return f"{name}@{self.name}"

    def add_service(self, name: str) -> Path:
        """Add an account without a password, as a service has it, and return a file with its keys."""
        self._run("kadmin.local", "addprinc", "-randkey", name)
        return self.keytab(name)

    def keytab(self, name: str) -> Path:
        """Return a file with the keys of an account."""
        path = self.directory / f"{name.replace('/', '-')}.keytab"
        self._run("kadmin.local", "ktadd", "-k", str(path), "-norandkey", name)
        return path

    def environment(self) -> dict[str, str]:
        """Return what leads a process to this realm."""
        names = {"KRB5_CONFIG": "krb5.conf", "KRB5_KDC_PROFILE": "kdc.conf"}
        return {name: str(self.directory / file) for name, file in names.items()}

    def _run(self, *command: str) -> None:
        environment = {**os.environ, **self.environment()}
        program = str(shutil.which(command[0], path=_PATH))
        done = subprocess.run([program, *command[1:]], env=environment, capture_output=True, text=True, check=False)
        # kadmin.local ends with 0 whatever happened.
        if done.returncode or "while" in done.stderr:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")

    def _server_configuration(self) -> str:
        base, place = self.directory, f"127.0.0.1:{self.port}"
        return f"""[kdcdefaults]
    kdc_listen = {place}
    kdc_tcp_listen = {place}
[realms]
    {self.name} = {{
        database_name = {base}/principal
        key_stash_file = {base}/stash
        acl_file = {base}/kadm5.acl
    }}
[logging]
    kdc = FILE:{base}/kdc.log
"""


def client_configuration(realm: str, kdc: str) -> str:
    """Return the text of a krb5.conf that knows one realm and asks nobody else."""
    return f"""[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
[realms]
    {realm} = {{
        kdc = {kdc}
    }}
"""


def await_port(port: int, process: subprocess.Popen[bytes], log: Path, address: str = "127.0.0.1") -> None:
    """Wait until a process listens; raises RuntimeError with its log when it does not."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(log.read_text(encoding="utf-8", errors="replace"))


def _free_port() -> int:
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port: int = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        return port
