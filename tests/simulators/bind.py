# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real BIND for a test: named on a free port of the loopback address in a directory of its own; dig and nsupdate.

    with Bind(directory, {"internal": {"contoso.com": LINES}, "external": {...}}) as server:
        server.entry("internal")         an entry of lync_dns_servers
        server.zone("internal")          the lines of the zone, by a zone transfer
        server.nsupdate("internal", "update add other.contoso.com. 60 A 10.1.0.1")

A view is chosen by the TSIG key of who asks; who has none gets the first.
No service of the system is started or asked.
"""

from __future__ import annotations

import base64
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

PROGRAMS = ("named", "dig", "nsupdate", "named-checkzone")
_PACKAGES = "bind9, bind9-utils and bind9-dnsutils"
MISSING = f"BIND is not installed: {', '.join(PROGRAMS)} are of Debian's packages {_PACKAGES}"
ZONE = "contoso.com"
HEAD = "$TTL 3600\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n"
_START_SECONDS = 20


def present() -> bool:
    """Return whether the programs are there."""
    return all(shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") for program in PROGRAMS)


def secret(name: str) -> str:
    """Return a secret that is a secret to nobody."""
    return base64.b64encode(f"secret of the key {name}, long enough".encode()).decode()


class Bind:
    """One named process: views -> zones -> lines of the zone file after HEAD.

    primary: of a secondary server, which has no lines of its own. rights: in place of allow-update, as update-policy.
    address, port: where it listens, any free port for none.
    """

    def __init__(
        self,
        directory: Path,
        views: Mapping[str, Mapping[str, str]],
        primary: Bind | None = None,
        options: str = "",
        *,
        rights: str = "",
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.directory = directory
        self.address = address
        self.port = port or _free_port()
        self._views = views
        self._primary = primary
        self._options = options
        self._rights = rights
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Bind:
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "named.conf").write_text("\n".join(self._configuration()), encoding="utf-8")
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        command = ["/usr/sbin/named", "-f", "-n", "1", "-c", str(self.directory / "named.conf")]
        log = (self.directory / "named.log").open("ab")
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if all(self.serial(view, zone) for view, zones in self._views.items() for zone in zones):
                return
            time.sleep(0.05)
        raise RuntimeError((self.directory / "named.log").read_text(encoding="utf-8"))

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def pause(self) -> None:
        """Let the process answer nothing until it goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a paused process answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def entry(self, view: str = "internal", zones: tuple[str, ...] = (ZONE,), **more: object) -> dict[str, object]:
        """Return the server as an entry of lync_dns_servers."""
        key = {"key_name": view, "key_secret": secret(view)}
        return {"address": self.address, "port": self.port, "zones": list(zones), "view": view, **key, **more}

    def zone(self, view: str = "internal", zone: str = ZONE) -> list[str]:
        """Return the records of a zone, sorted, without SOA: a zone transfer by dig."""
        return sorted(line for line in self._dig(view, zone, "AXFR") if " SOA " not in line)

    def serial(self, view: str = "internal", zone: str = ZONE) -> int:
        """Return the serial number of a zone; 0 when there is none."""
        found = re.search(r" SOA \S+ \S+ (\d+)", "\n".join(self._dig(view, zone, "SOA")))
        return int(found[1]) if found else 0

    def nsupdate(self, view: str, *lines: str) -> None:
        """Change a zone by nsupdate, as somebody else would."""
        script = "\n".join([f"server {self.address} {self.port}", *lines, "send", ""])
        key = f"hmac-sha256:{view}:{secret(view)}"
        subprocess.run(
            ["nsupdate", "-v", "-y", key], input=script, text=True, check=True, capture_output=True, timeout=20
        )

    def follow(self) -> None:
        """Let a secondary server transfer its zones now: it does so when it starts."""
        self.stop()
        for file in self.directory.glob("*.zone"):
            file.unlink()
        self.start()

    def log(self) -> str:
        """Return what the process has logged."""
        return (self.directory / "named.log").read_text(encoding="utf-8")

    def updates(self) -> int:
        """Return how many record changes of updates the log tells of."""
        return len(re.findall(r"updating zone .*: (?:adding|deleting)", self.log()))

    def _dig(self, view: str, name: str, record_type: str) -> list[str]:
        key = f"hmac-sha256:{view}:{secret(view)}"
        flags = ["+noall", "+answer", "+norecurse", "+time=1", "+tries=1"]
        command = ["dig", f"@{self.address}", "-p", str(self.port), "-y", key, *flags, name, record_type]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        lines = (line for line in done.stdout.splitlines() if line and not line.startswith(";"))
        return [" ".join(line.split()) for line in lines if " TSIG " not in " ".join(line.split())]

    def _configuration(self) -> Iterator[str]:
        base = self.directory
        yield f'options {{ directory "{base}"; pid-file none; session-keyfile "{base}/session.key";'
        yield f'  managed-keys-directory "{base}"; listen-on port {self.port} {{ {self.address}; }};'
        yield "  listen-on-v6 { none; }; recursion no; dnssec-validation no; empty-zones-enable no;"
        yield f"  notify explicit; {self._options} }};"
        yield "controls { };"
        yield "logging { channel all { stderr; severity debug 1; print-category yes; };"
        yield "  category update { all; }; category default { all; }; };"
        for view in (*self._views, "nobody"):
            yield f'key "{view}" {{ algorithm hmac-sha256; secret "{secret(view)}"; }};'
        for view, zones in self._views.items():
            yield f'view "{view}" {{ match-clients {{ key "{view}"; }};'
            for zone, lines in zones.items():
                yield self._zone(view, zone, lines)
            yield "};"
        # Without a right to update.
        first = next(iter(self._views))  # pylint: disable=stop-iteration-return
        yield f'view "readers" {{ match-clients {{ any; }}; zone "{ZONE}" {{ in-view "{first}"; }}; }};'

    def _zone(self, view: str, zone: str, lines: str) -> str:
        file = self.directory / f"{view}-{zone}.zone"
        if self._primary is not None:
            source = f'primaries {{ 127.0.0.1 port {self._primary.port} key "{view}"; }}; masterfile-format text;'
            return f'zone "{zone}" {{ type secondary; file "{file}"; {source} allow-transfer {{ any; }}; }};'
        file.write_text(f"{HEAD}{lines}", encoding="utf-8")
        may_write = self._rights or f'allow-update {{ key "{view}"; }};'
        rights = f"{may_write} allow-transfer {{ any; }};"
        return f'zone "{zone}" {{ type primary; file "{file}"; {rights} }};'


def _free_port() -> int:
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port: int = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        return port
