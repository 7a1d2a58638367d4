# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real domain controller of Active Directory for a test: Samba with its own DNS, in a directory of its own, on an
address of the namespace of who starts it.

    with namespace("ad", "10.99.0.1/24") as name, entered(name), Samba(directory, "10.99.0.1") as controller:
        controller.add("svc-lync-dns", "password")
        controller.environment()                   what a process needs that logs in

No service of the system is started or asked. To make a domain takes some 15 s.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .kerberos import await_port, client_configuration
from .netns import REASON

PROGRAMS = ("samba", "samba-tool")
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
REALM, HOST = "CONTOSO.COM", "dc01"
# Those that DNS with secure updates needs.
_SERVICES = "ldap, cldap, kdc, dns, rpc, winbindd"


def missing() -> str:
    """Return what is not there, in words; empty when all is."""
    if not all(shutil.which(program, path=_PATH) for program in PROGRAMS):
        return "Samba is not installed: Debian has it in samba-ad-dc and samba-ad-provision"
    return REASON


class Samba:
    """One domain with one controller, which answers at port 53 of an address."""

    def __init__(self, directory: Path, address: str) -> None:
        self.directory = directory
        self.address = address
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Samba:
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "krb5.conf").write_text(client_configuration(REALM, self.address), encoding="utf-8")
        settings = {
            "interfaces": f"{self.address}/24", "bind interfaces only": "yes", "server services": _SERVICES,
            "log file": str(self.directory / "samba.log"), "pid directory": str(self.directory),
            "ncalrpc dir": str(self.directory / "ncalrpc"),
            "winbindd socket directory": str(self.directory / "winbind"),
            "dns update command": "/bin/true", "dns forwarder": "", "rpc server dynamic port range": "50000-50100",
        }  # fmt: skip
        self._tool(
            *("domain", "provision", f"--targetdir={self.directory}", f"--realm={REALM}"),
            *(f"--domain={REALM.partition('.')[0]}", "--server-role=dc", "--dns-backend=SAMBA_INTERNAL"),
            *("--adminpass=Passw0rd.1", f"--host-name={HOST}", f"--host-ip={self.address}"),
            *(f"--option={name} = {value}" for name, value in settings.items()),
        )
        log = self.directory / "samba.out"
        command = ["/usr/sbin/samba", "-F", "--no-process-group", "-s", str(self.directory / "etc" / "smb.conf")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log.open("ab"), stderr=subprocess.STDOUT
        )
        for port in (53, 88):
            await_port(port, self._process, log, self.address)
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)

    def add(self, name: str, password: str) -> str:
        """Add a plain account of the domain, and return its principal."""
        self._tool("user", "create", name, password, "-H", str(self.directory / "private" / "sam.ldb"))
        return f"{name}@{REALM}"

    def keytab(self, name: str) -> Path:
        """Return a file with the keys of an account."""
        path = self.directory / f"{name}.keytab"
        self._tool("domain", "exportkeytab", str(path), f"--principal={name}@{REALM}")
        return path

    def environment(self) -> dict[str, str]:
        """Return what leads a process to this domain."""
        return {"KRB5_CONFIG": str(self.directory / "krb5.conf")}

    def _tool(self, *arguments: str) -> None:
        file = self.directory / "etc" / "smb.conf"
        configuration = ["-s", str(file)] if file.exists() else []
        command = [str(shutil.which("samba-tool", path=_PATH)), *arguments, *configuration]
        environment = {**os.environ, **self.environment()}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            raise RuntimeError(f"samba-tool {' '.join(arguments[:2])}: {done.stdout}{done.stderr}")
