# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs that tests need and this machine lacks: unpacked below .build/programs, never installed.

    python3 -m tests.tools.programs                  fetches them, one line for what cannot be had
    python3 -m tests.tools.programs COMMAND ...      runs a command that sees them
    python3 -m tests.tools.programs --packages       names the packages, for whoever installs them

A command sees them in its own mount namespace, where their /usr lies over the machine's, read only, and their /etc
below it. So programs, their modules and their data are where they expect them, and nobody else sees anything. It takes
root, or a kernel that lets everybody have user namespaces, as Debian's does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import debian
from .runs import BUILD

FOLDER = BUILD / "programs"
ROOT_FOLDER = FOLDER / "root"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# Set for a command that sees the programs already, so that those it starts lay nothing over again.
_SEEN = "LYNC_PROGRAMS_SEEN"
# Settings of the machine stay as they are, programs that were unpacked may need newer libraries.
_LAY = """
set -e
mount -t overlay overlay -o "lowerdir=/etc:$1/etc" /etc
mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr
shift
exec "$@"
"""


@dataclass(frozen=True)
class Need:
    """Packages of Debian, what shows that they are here (programs, or paths below /usr), and what proves nothing
    without them.
    """

    packages: tuple[str, ...]
    shown_by: tuple[str, ...]
    proves: str

    def is_met(self, root: Path = Path("/")) -> bool:
        """Return whether all of it is below a root folder."""
        return all(_is_there(each, root) for each in self.shown_by)


NEEDS = (
    Need(("haproxy",), ("haproxy",), "load balancing and publishing by HAProxy"),
    Need(("nftables", "iproute2"), ("nft", "ip"), "rules of Linux hosts, and packets"),
    Need(("conntrack",), ("conntrack",), "load balancing of UDP by nftables"),
    Need(("systemd",), ("systemd-analyze",), "units of systemd"),
    Need(("sip-tester",), ("sipp",), "calls through a pool"),
    Need(("coturn",), ("turnserver", "turnutils_uclient"), "media through the Edge"),
    Need(("nginx", "libnginx-mod-stream"), ("nginx", "/usr/lib/nginx/modules/ngx_stream_module.so"), "nginx"),
    Need(("bind9", "bind9-utils", "bind9-dnsutils"), ("named", "named-checkzone", "dig", "nsupdate"), "DNS by BIND"),
    Need(
        ("krb5-kdc", "krb5-admin-server", "krb5-user"),
        ("krb5kdc", "kadmin.local", "kinit"),
        "secure updates of DNS, and Kerberos over WinRM",
    ),
    Need(("openssh-client",), ("ssh", "ssh-agent", "ssh-keygen"), "hosts that are reached by SSH"),
    Need(
        ("samba-ad-dc", "samba-ad-provision", "winbind"),
        ("samba", "samba-tool", "/usr/share/samba/setup"),
        "records in Active Directory",
    ),
    Need(("gcc", "libc6-dev", "libkrb5-dev", "python3-dev"), ("gcc", "krb5-config"), "secure updates of DNS (gssapi)"),
    Need(("chromium",), ("chromium",), "pages of reports in a browser"),
)


def _is_there(name: str, root: Path) -> bool:
    if name.startswith("/"):
        return (root / name[1:]).exists()
    return any((root / folder[1:] / name).exists() for folder in PATH.split(":"))


def lacking() -> list[Need]:
    """Return what this machine does not have, and what a command that is run here would not see."""
    return [need for need in NEEDS if not need.is_met() and not need.is_met(ROOT_FOLDER)]


def fetch() -> list[str]:
    """Fetch what is lacking; returns a line for each need that cannot be met."""
    wanted = [need for need in NEEDS if not need.is_met()]
    if not lacking():
        return []
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    names = [name for need in wanted for name in need.packages]
    print(f"Unpacking below {FOLDER}, as this machine lacks them: {' '.join(names)} ...", flush=True)
    try:
        debian.fetch(FOLDER, names, status=debian.MACHINE)
        # Debian makes this link when a compiler is installed.
        (ROOT_FOLDER / "usr/bin/cc").symlink_to("gcc")
    except (debian.UnavailableError, OSError) as error:
        return [_line(need, str(error)) for need in wanted]
    return [_line(need, "its packages lack a program") for need in lacking()]


def _line(need: Need, why: str) -> str:
    return f"not proven here: {need.proves} ({why}); to have it: apt-get install {' '.join(need.packages)}"


def command(wanted: Sequence[str]) -> list[str]:
    """Return a command that runs another one where it sees what was unpacked; raises UnavailableError where that is
    not allowed.
    """
    if _SEEN in os.environ or all(need.is_met() for need in NEEDS) or not ROOT_FOLDER.is_dir():
        return list(wanted)
    own = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    start = ["unshare", "--mount", *own, "--", "sh", "-c", _LAY, "sh", str(ROOT_FOLDER)]
    drop = [] if os.geteuid() == 0 else ["setpriv", "--ambient-caps=-all", "--inh-caps=-all", "--"]
    if not _succeeds([*start, *drop, "true"]):
        raise debian.UnavailableError("this kernel lets nobody but root lay programs over /usr (user namespaces)")
    return [*start, *drop, *wanted]


def _succeeds(arguments: Sequence[str]) -> bool:
    try:
        return subprocess.run(arguments, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def main(arguments: Sequence[str]) -> int:
    """Fetch, name packages, or become a command; returns the exit status."""
    if list(arguments) == ["--packages"]:
        print(*(name for need in NEEDS if not need.is_met() for name in need.packages))
        return 0
    if not arguments:
        for line in fetch():
            print(line)
        return 0
    return _become(arguments)


def _become(arguments: Sequence[str]) -> int:
    """Run a command in the place of this program; returns only where there is no such program."""
    chosen = list(arguments)
    try:
        chosen = command(arguments)
    except debian.UnavailableError as error:
        print(*(_line(need, str(error)) for need in NEEDS if not need.is_met()), sep="\n", file=sys.stderr, flush=True)
    os.environ[_SEEN] = "1"
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    program = shutil.which(chosen[0])
    if program is not None:
        os.execv(program, chosen)
    print(f"there is no program {chosen[0]}", file=sys.stderr)
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
