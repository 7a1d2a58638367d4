# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Linux host that is reached by SSH: HAProxy in master mode, and an SSH server that runs what it is told.

    python -m tests.simulators.ssh_host ADDRESS --key HOST_KEY --authorized PUBLIC_KEY --user NAME --folder DIR

It is started in network and mount namespaces of its own, and hides /etc, /run and /var/lib behind copies below DIR. It
takes one account, by its key. `sudo` is found first in PATH, and is a stand-in that runs the command, because such a
namespace has one user only. It prints "ready" when it listens.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pathlib
import shutil
import subprocess

import asyncssh

_SUDO = """#!/bin/sh
# What Ansible asks of sudo: options, then the command.
while [ $# -gt 0 ]; do
    case "$1" in
    -u | -p) shift 2 ;;
    -*) shift ;;
    *) break ;;
    esac
done
exec "$@"
"""
_HAPROXY = """global
    maxconn 4000
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
"""


class _Account(asyncssh.SSHServer):
    """Lets one account in, by one key."""

    def __init__(self, user: str, key: asyncssh.SSHKey) -> None:
        self._user, self._key = user, key

    def public_key_auth_supported(self) -> bool:
        """Take keys and nothing else."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Tell whether it is the account's key."""
        return username == self._user and key == self._key


async def _run(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run the command of a session, with its input and output."""
    pipe = subprocess.PIPE
    shell = ["/bin/sh", "-c", process.command] if process.command else ["/bin/sh"]
    peer, own = (process.get_extra_info(name) for name in ("peername", "sockname"))
    # As sshd does; who manages the host is found by it.
    environment = {**os.environ, "SSH_CONNECTION": f"{peer[0]} {peer[1]} {own[0]} {own[1]}"}
    ran = subprocess.Popen(shell, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd="/")
    await process.redirect(stdin=ran.stdin, stdout=ran.stdout, stderr=ran.stderr)
    await process.stdout.drain()
    process.exit(await asyncio.get_running_loop().run_in_executor(None, ran.wait))
    await process.wait_closed()


async def _serve(options: argparse.Namespace) -> None:
    key = asyncssh.read_public_key(options.authorized)
    await asyncssh.listen(
        options.address,
        22,
        server_host_keys=[options.key],
        process_factory=_run,
        encoding=None,
        sftp_factory=True,
        allow_scp=True,
        server_factory=lambda: _Account(options.user, key),
    )
    print("ready", flush=True)
    await asyncio.Event().wait()


def _lay_out(folder: pathlib.Path, user: str, files: list[list[str]]) -> None:
    """Give the host files and an account of its own, and start HAProxy as docs/load-balancers.md says."""
    for number, name in enumerate(("etc", "var/lib", "run")):
        scratch = folder / str(number)
        scratch.mkdir(parents=True)
        if name != "run":
            subprocess.run(["cp", "-a", f"/{name}/.", str(scratch)], check=False, capture_output=True)
        subprocess.run(["mount", "--bind", str(scratch), f"/{name}"], check=True)
    with pathlib.Path("/etc/passwd").open("a", encoding="utf-8") as accounts:
        accounts.write(f"{user}:x:{os.getuid()}:{os.getgid()}::{folder / user}:/bin/sh\n")
    (folder / user).mkdir()
    for name, source in files:
        pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, name)
    pathlib.Path("/etc/nftables.conf").write_text('include "/etc/nftables.d/*.nft"\n', encoding="utf-8")
    conf = pathlib.Path("/etc/haproxy/conf.d")
    conf.mkdir(parents=True, exist_ok=True)
    conf.with_name("haproxy.cfg").write_text(_HAPROXY, encoding="utf-8")
    files = ["-f", "/etc/haproxy/haproxy.cfg", "-f", "/etc/haproxy/conf.d"]
    subprocess.run(["haproxy", "-W", "-D", "-S", "/run/haproxy-master.sock", *files], check=True)


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.ssh_host", description="Serve SSH.")
    parser.add_argument("address")
    parser.add_argument("--key", required=True, help="the key of the host")
    parser.add_argument("--authorized", required=True, help="the public key that may log in")
    parser.add_argument("--user", required=True, help="the account")
    parser.add_argument("--folder", required=True, type=pathlib.Path, help="for the files of the host")
    parser.add_argument("--file", nargs=2, action="append", default=[], help="a path of the host, and what is there")
    options = parser.parse_args()
    programs = options.folder / "programs"
    programs.mkdir(parents=True)
    (programs / "sudo").write_text(_SUDO, encoding="utf-8")
    (programs / "sudo").chmod(0o755)
    os.environ["PATH"] = f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    _lay_out(options.folder, options.user, options.file)
    # A listener is known by the name of its process.
    pathlib.Path("/proc/self/comm").write_text("sshd", encoding="ascii")
    asyncio.run(_serve(options))


if __name__ == "__main__":
    main()
