#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_remote
short_description: Internal, gather and apply one file of HAProxy's configuration, for msuc.lync.haproxy_services
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
description:
  - Internal, not for direct use. Options and results may change without notice.
  - The part of M(msuc.lync.haproxy_services) that works on the host. It decides nothing about services;
    use that module instead.
  - A file goes live only after C(haproxy -c) and a look of its own took the whole configuration with it; a warning
    counts when it names that file or a proxy of it. HAProxy is reloaded by the socket of its master, never restarted,
    and the new process is told which members the old one had found down. When the reload fails or a listener is
    missing afterwards, the old file is put back.
extends_documentation_fragment:
  - msuc.lync.balancers.remote
options:
  program:
    description: The program.
    type: str
    default: /usr/sbin/haproxy
  master_socket:
    description: The socket of the master process.
    type: str
    default: /run/haproxy-master.sock
"""

EXAMPLES = r"""
- name: What HAProxy reads now
  msuc.lync.haproxy_remote:
    operation: gather
    path: /etc/haproxy/conf.d/zz-msuc-lync.cfg
"""

RETURN = r"""
content:
  description: The text of the file.
  returned: O(operation=gather), when there is one
  type: str
files:
  description: Path and text of every other file of the configuration.
  returned: O(operation=gather)
  type: list
  elements: list
servers:
  description: The state of all servers in the running process.
  returned: O(operation=gather)
  type: str
"""

import glob
import os
import re
import socket
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import (
    OPTIONS,
    Refused,
    await_listeners,
    carried_out,
    content_of,
    digest,
    held_by,
    listeners,
    put,
    run,
    waited,
    with_lines,
)
from ansible_collections.msuc.lync.plugins.module_utils._haproxy_lint import (
    checked_servers,
    down_servers,
    faults,
    warnings,
)

_SPEC = {
    **OPTIONS,
    "program": {"type": "str", "default": "/usr/sbin/haproxy"},
    "master_socket": {"type": "str", "default": "/run/haproxy-master.sock"},
}
# What the process answers to a command that it took; anything else is a refusal.
_TAKEN = re.compile(r"^(|New server registered\.?|Server deleted\.?)$")
_NOBODY = re.compile(r"Can't find the target PID")
_PROCESS = re.compile(r"^(\d+)\s+(master|worker)\s+(\d+)(?:\s+\[failed: (\d+)\])?", re.MULTILINE)


class Host:
    """HAProxy on this host, by the options of the module."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.path, self.program, self.socket = options["path"], options["program"], options["master_socket"]
        self.seconds = options["seconds"]

    def ask(self, command: str) -> str:
        """Return the answer of the master to one command; raises Refused when it does not answer."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(self.seconds)
                connection.connect(self.socket)
                connection.sendall(f"{command}\n".encode())
                connection.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")
        except OSError as error:
            fix = "start HAProxy in master mode with a socket: haproxy -Ws -S SOCKET, as Debian's unit does"
            raise Refused(f"HAProxy's master does not answer at {self.socket}: {error}; fix: {fix}") from error

    def ask_worker(self, command: str) -> str:
        """Return the answer of the process that serves; a new one may not be there yet (from 3.1 on)."""
        answers: list[str] = []

        def _is_there() -> bool:
            answers.append(self.ask(f"@1 {command}"))
            return not _NOBODY.match(answers[-1])

        if not waited(self.seconds, _is_there):
            raise Refused(f"HAProxy has no process that serves: {answers[-1].strip()}; fix: look at its log")
        return answers[-1]

    def processes(self) -> tuple[int, int, int, list[int]]:
        """Return pid of the master, its reloads, those that failed since the last good one, and pids of workers."""
        found = _PROCESS.findall(self.ask("show proc"))
        master = next((each for each in found if each[1] == "master"), ("0", "", "0", "0"))
        return (
            int(master[0]),
            int(master[2]),
            int(master[3] or 0),
            [int(each[0]) for each in found if each[1] == "worker"],
        )

    def files(self) -> list[str]:
        """Return the files that the master reads, in its order; raises Refused when ours is not among them."""
        tokens = (content_of(f"/proc/{self.processes()[0]}/cmdline") or "").split("\0")
        given = [tokens[place + 1] for place, word in enumerate(tokens[:-1]) if word == "-f"]
        found: list[str] = []
        for name in given:
            found += (
                sorted([*glob.glob(f"{name}/*.cfg"), *([self.path] if self._holds(name) else [])])
                if os.path.isdir(name)
                else [name]
            )
        found = list(dict.fromkeys(found))
        if self.path not in found:
            options = f'EXTRAOPTS="-S {self.socket} -f {os.path.dirname(self.path)}"'
            fix = f"{options} in /etc/default/haproxy, and one restart at a quiet hour"
            raise Refused(f"HAProxy reads {', '.join(given)} and not {self.path}; fix: {fix}")
        return found

    def _holds(self, directory: str) -> bool:
        return bool(os.path.abspath(directory) == os.path.dirname(self.path) and self.path.endswith(".cfg"))

    def limit(self) -> int:
        """Return how many file descriptors HAProxy may have; 0 when that is not known."""
        text = content_of(f"/proc/{self.processes()[0]}/limits") or ""
        found = re.search(r"^Max open files\s+\S+\s+(\d+)", text, re.MULTILINE)
        return int(found.group(1)) if found else 0

    def gather(self) -> dict[str, Any]:
        """Return what HAProxy reads, and who else listens."""
        paths, (master, _reloads, _failed, workers) = self.files(), self.processes()
        content = content_of(self.path)
        files = [[path, content_of(path) or ""] for path in paths if path != self.path]
        # Of a socket that it inherited, a file has the number alone; the master holds no others.
        inherited = held_by(master) if any("fd@" in text for _path, text in files) else []
        return {
            "content": content,
            "digest": digest(content),
            "files": files,
            "servers": self.ask_worker("show servers state"),
            "listeners": [*listeners({master, *workers}), *inherited],
        }

    def refusal(self, commands: list[str]) -> str:
        """Run commands in the running process up to the first that is refused.

        Return its answer, empty when it took all.
        """
        for command in commands:
            tolerated, text = command.startswith("?"), command.lstrip("?")
            answer = self.ask_worker(text).strip()
            if not tolerated and not _TAKEN.match(answer):
                return f"{text}: {answer}"
        return ""

    def check(self, content: str | None) -> None:
        """Raise Refused unless the whole configuration is good with this content for our file."""
        files = [path for path in self.files() if path != self.path or content is not None]
        with tempfile.TemporaryDirectory(prefix="msuc-lync-") as folder:
            candidate = os.path.join(folder, os.path.basename(self.path))
            put(candidate, content or "")
            arguments = [part for path in files for part in ("-f", candidate if path == self.path else path)]
            status, output = run([self.program, "-c", *arguments])
        texts = [(path, (content if path == self.path else content_of(path)) or "") for path in files]
        found = faults(texts, self.path, self.limit())
        if status:
            found.append(f"haproxy -c refuses it: {with_lines(output, candidate, self.path, content or '')}")
        complaints = "\n".join(warnings(output, candidate, content or ""))
        if complaints and not status:
            found.append(f"haproxy -c warns of it: {with_lines(complaints, candidate, self.path, content or '')}")
        if found:
            raise Refused("; ".join(found))

    def reload(self, wanted: set[tuple[str, str, int]]) -> None:
        """Reload and look that the new process took over and listens; raises Refused when not.

        The new process believes all members well; it is told which ones the old one had found down.
        """
        before, known = self.processes(), self.known()
        self.ask("reload")
        if not waited(self.seconds, lambda: self._has_reloaded(before)):
            raise Refused(f"HAProxy did not reload within {self.seconds} s")
        if self.processes()[2] > 0:
            raise Refused(
                "the new process did not start, the old one keeps serving; its log tells why, "
                "often an address that is not on this host"
            )
        for server in down_servers(checked_servers(content_of(self.path) or ""), known):
            self.ask_worker(f"set server {server} health down")
        await_listeners(self.seconds, wanted)

    def known(self) -> dict[str, bool]:
        """Return whether servers of ours answered when they were asked, by backend/server; maintenance says nothing."""
        # Columns of management.txt, "show servers state": backend, server, srv_op_state, srv_admin_state.
        lines = (line.split() for line in self.ask_worker("show servers state").splitlines())
        told = ((f"{words[1]}/{words[3]}", words[5], words[6]) for words in lines if words[1:2] and words[0].isdigit())
        return {
            name: state != "0"
            for name, state, admin in (each for each in told if each[0].startswith("lync-"))
            if not int(admin) & 1
        }

    def _has_reloaded(self, before: tuple[int, int, int, list[int]]) -> bool:
        try:
            now = self.processes()
        except Refused:  # the master opens its socket anew
            return False
        return now[1] > before[1] and (now[2] > 0 or now[3] != before[3])


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_SPEC, supports_check_mode=True)
    carried_out(module, Host(module.params))


if __name__ == "__main__":
    main()
