#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_remote
short_description: Internal, gather and apply one file of nginx's configuration, for msuc.lync.publications
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
description:
  - Internal, not for direct use. Options and results may change without notice.
  - The part of M(msuc.lync.publications) that works on the host, and of M(msuc.lync.nginx_stream_services). It decides
    nothing; use these modules instead.
  - A file goes live only after C(nginx -t) took the whole configuration with it, in a copy. nginx is reloaded by
    a signal to its master, never restarted. When no new workers come or a listener is missing afterwards, the old
    file is put back.
extends_documentation_fragment:
  - msuc.lync.balancers.remote
options:
  path:
    description: The file that is ours, below the folder of O(config).
    type: str
    required: true
  program:
    description: The program.
    type: str
    default: /usr/sbin/nginx
  config:
    description: The main file.
    type: str
    default: /etc/nginx/nginx.conf
  pid_file:
    description: The file with the number of the master process.
    type: str
    default: /run/nginx.pid
"""

EXAMPLES = r"""
- name: What nginx reads now
  msuc.lync.nginx_remote:
    operation: gather
    path: /etc/nginx/modules-enabled/90-msuc-lync.conf
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
"""

import glob
import os
import re
import signal
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import (
    OPTIONS,
    Refused,
    await_listeners,
    carried_out,
    children,
    content_of,
    digest,
    listeners,
    put,
    run,
    waited,
    with_lines,
)

_SPEC = {
    **OPTIONS,
    "program": {"type": "str", "default": "/usr/sbin/nginx"},
    "config": {"type": "str", "default": "/etc/nginx/nginx.conf"},
    "pid_file": {"type": "str", "default": "/run/nginx.pid"},
}
_INCLUDE = re.compile(r"(?:^|[;{}\s])include\s+[\"']?([^;\"'#]+)[\"']?\s*;")


class Host:
    """nginx on this host, by the options of the module."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.path, self.program, self.config, self.seconds = (
            options[name] for name in ("path", "program", "config", "seconds")
        )
        self.pid_file = options["pid_file"]
        self.folder = os.path.dirname(self.config)

    def master(self) -> int:
        """Return the number of the master process; raises Refused when nginx does not run."""
        text = (content_of(self.pid_file) or "").strip()
        if not text.isdecimal() or not os.path.isdir(f"/proc/{text}"):
            raise Refused(f"nginx does not run: {self.pid_file} names no process; fix: start it")
        return int(text)

    def workers(self) -> set[int]:
        """Return the workers that take new clients."""
        return {
            pid
            for pid, tokens in children(self.master()).items()
            if "worker process" in tokens and "shutting down" not in tokens
        }

    def others(self) -> list[list[str]]:
        """Return path and text of every file that nginx reads besides ours.

        A configuration that nginx does not take, it does not tell either: then the includes are followed here.
        """
        status, output = run([self.program, "-T", "-q", "-c", self.config])
        if status:
            return [[path, text] for path, text in self.read_files().items() if path != self.path]
        parts = re.split(r"^# configuration file (.+):\n", output, flags=re.MULTILINE)
        return [parts[place : place + 2] for place in range(1, len(parts), 2) if parts[place] != self.path]

    def read_files(self) -> dict[str, str]:
        """Return the texts of the main file and of all that it includes, by path."""
        found: dict[str, str] = {}
        waiting = [self.config]
        while waiting:
            path = waiting.pop()
            if path in found or not os.path.isfile(path):
                continue
            found[path] = content_of(path) or ""
            patterns = (match.strip() for match in _INCLUDE.findall(found[path]))
            waiting += [name for pattern in patterns for name in glob.glob(os.path.join(self.folder, pattern))]
        return found

    def gather(self) -> dict[str, Any]:
        """Return what nginx reads, and who else listens."""
        content = content_of(self.path)
        try:
            own = {self.master(), *children(self.master())}
        except Refused:
            if content is not None:
                raise
            # A host where nginx does not run has nothing of ours; it is missed only when something is wanted.
            return {"content": None, "digest": "", "files": [], "servers": "", "listeners": listeners(set())}
        found: dict[str, Any] = {"content": content, "digest": digest(content), "files": self.others()}
        found.update({"servers": "", "listeners": listeners(own), "workers": len(self.workers())})
        return found

    def refusal(self, commands: list[str]) -> str:
        """Return nothing: nginx has no commands for the running process."""
        return ""

    def check(self, content: str | None) -> None:
        """Raise Refused unless nginx takes a copy of the whole configuration with this content for our file.

        Reads that file.
        """
        if not self._is_below(self.path):
            raise Refused(f"{self.path} is not below {self.folder}; fix: choose a path that {self.config} includes")
        with tempfile.TemporaryDirectory(prefix="msuc-lync-") as root:
            copy = os.path.join(root, "nginx")
            self._copy_files(copy)
            candidate = os.path.join(copy, os.path.relpath(self.path, self.folder))
            put(candidate, content)
            status, output = run([self.program, "-T", "-c", os.path.join(copy, os.path.basename(self.config))])
            errors = "\n".join(
                line for line in output.splitlines() if re.search(r"\[(emerg|alert|crit|error|warn)\]", line)
            )
            if status:
                raise Refused(
                    "nginx -t refuses it: "
                    + with_lines(errors, candidate, self.path, content or "").replace(copy, self.folder)
                )
            if content and f"# configuration file {candidate}:" not in output:
                raise Refused(
                    f"{self.config} does not read {self.path}; "
                    "fix: include it outside of http, in Debian below modules-enabled"
                )

    def _copy_files(self, copy: str) -> None:
        """Copy the files that nginx reads as its configuration, whose includes lead to the copies.

        All else, such as keys, is a link: nobody opens it unless nginx does.
        """
        texts = {path: text for path, text in self.read_files().items() if self._is_below(path)}
        folders = {self.folder}
        for path in (*texts, self.path):
            while path != self.folder:
                path = os.path.dirname(path)
                folders.add(path)
        for folder in sorted(folders):
            there = os.path.join(copy, os.path.relpath(folder, self.folder))
            os.makedirs(there, exist_ok=True)
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                path = os.path.join(folder, name)
                if path in texts:
                    put(os.path.join(there, name), self._lead_back(texts[path], copy))
                elif path not in folders and path != self.path:
                    os.symlink(path, os.path.join(there, name))

    def _is_below(self, path: str) -> bool:
        return bool(os.path.commonpath([path, self.folder]) == self.folder)

    def _lead_back(self, text: str, copy: str) -> str:
        """Return the text of a file with includes that lead to the copies."""
        return re.sub(rf"(\binclude\s+[\"']?){re.escape(self.folder)}/", rf"\g<1>{copy}/", text)

    def reload(self, wanted: set[tuple[str, str, int]]) -> None:
        """Reload and look that new workers came and the listeners are there; raises Refused when not."""
        before = self.workers()
        os.kill(self.master(), signal.SIGHUP)
        if not waited(self.seconds, lambda: bool(self.workers() - before) and not self.workers() & before):
            raise Refused("nginx started no new workers, the old ones keep serving; its error log tells why")
        await_listeners(self.seconds, wanted)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_SPEC, supports_check_mode=True)
    carried_out(module, Host(module.params))


if __name__ == "__main__":
    main()
