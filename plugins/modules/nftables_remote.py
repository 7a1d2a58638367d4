#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: nftables_remote
short_description: Internal, gather and apply one table of nftables, for msuc.lync.nftables_rules
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
description:
  - Internal, not for direct use. Options and results may change without notice.
  - What M(msuc.lync.nftables_rules) runs on the host. It decides nothing about rules; use that module instead.
  - It touches table C(inet msuc_lync), the file that keeps it for the next start, and its own directory; no other
    table.
options:
  operation:
    description:
      - V(gather) reads, V(apply) gives nftables a script, V(confirm) ends the wait after which the change would be
        taken back, V(revert) takes it back at once.
    type: str
    choices: [gather, apply, confirm, revert]
    required: true
  path:
    description: The file that keeps the table for the next start; empty for none.
    type: str
    default: ""
  content:
    description: What the file is to hold; empty removes it.
    type: str
    default: ""
  script:
    description: What nftables is given, whole or not at all; empty for nothing.
    type: str
    default: ""
  fingerprint:
    description: That of the table as it was gathered; with another one there by now nothing is written.
    type: str
    default: ""
  confirm_seconds:
    description:
      - After how many seconds the table as it was comes back unless the change is confirmed; 0 for never. Until then
        the file stays.
    type: int
    default: 0
  directory:
    description: Where the table as it was is kept.
    type: str
    default: /var/lib/msuc-lync
attributes:
  check_mode:
    description: Only O(operation=gather) runs in check mode.
    support: full
  diff_mode:
    description: The difference is shown by the module that this one works for.
    support: none
"""

EXAMPLES = r"""
- name: What the host has
  msuc.lync.nftables_remote:
    operation: gather
"""

RETURN = r"""
listing:
  description: The table as nft's JSON, empty when there is none.
  returned: always
  type: str
others:
  description: The tables of somebody else, each with C(family), C(name), whether it is C(dormant), and its C(listing)
    as nft's JSON, empty for a dormant one.
  returned: always
  type: list
  elements: dict
pending_revert:
  description: Of a change that waits to be taken back the C(seconds) until then, and a C(problem) when that is not
    known.
  returned: always, empty when none waits
  type: dict
fingerprint:
  description: What tells two states of the table apart; counters are none of it.
  returned: always
  type: str
content:
  description: The text of the file.
  returned: always, null when there is none
  type: str
includes:
  description: Patterns of files that the host reads when it starts.
  returned: always
  type: list
  elements: str
addresses:
  description: The addresses of the host's network cards.
  returned: always
  type: list
  elements: str
ssh:
  description: Where sshd listens and who is connected to it.
  returned: always
  type: list
  elements: str
rollback:
  description: The command that brings the table back as it was.
  returned: O(operation=apply)
  type: str
armed:
  description: Whether it comes back by itself.
  returned: O(operation=apply)
  type: bool
checked:
  description: Whether nft took the script in a trial before it was run; false without a script.
  returned: O(operation=apply)
  type: bool
"""

import json
import os
import re
import shlex
import shutil
import signal
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import (
    Refused,
    content_of,
    content_of_process,
    digest,
    locked,
    put,
    run,
    told,
    waited,
)
from ansible_collections.msuc.lync.plugins.module_utils._nft_tables import nft, other_tables, output_of
from ansible_collections.msuc.lync.plugins.module_utils._ssh_ways import outliving, own_addresses, ssh_ways

_SPEC = {
    "operation": {"type": "str", "choices": ["gather", "apply", "confirm", "revert"], "required": True},
    "path": {"type": "str", "default": ""},
    "content": {"type": "str", "default": ""},
    "script": {"type": "str", "default": ""},
    "fingerprint": {"type": "str", "default": ""},
    "confirm_seconds": {"type": "int", "default": 0},
    "directory": {"type": "str", "default": "/var/lib/msuc-lync"},
}
_TABLE = ("inet", "msuc_lync")
_UNIT = "msuc-lync-nftables-revert"
# What Debian's and Red Hat's nftables.service read.
_STARTS = ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf")


def listing(*options: str) -> str:
    """Return our table as nft lists it, empty when there is none; raises Refused when nft does not say."""
    status, output = nft(*options, "list", "table", *_TABLE)
    if status and "No such file or directory" in output:
        return ""
    return output_of(status, output)


def own_table() -> str:
    """Return our table for a comparison: as nft's JSON, or as its text.

    What nft 1.0.6 prints as JSON of a table with flags is no JSON, or anything.
    """
    text = listing("-s")
    if not text or re.search(r"^\tflags ", text, re.MULTILINE):
        return text
    return listing("-s", "-j", "-p")


def fingerprint() -> str:
    """Return what tells two states of our table apart."""
    return digest(listing("-s", "-a"))


def gather(options: dict[str, Any]) -> dict[str, Any]:
    """Return our table, its file, and what stands around them."""
    return {
        "listing": own_table(),
        "fingerprint": fingerprint(),
        "others": other_tables(_TABLE),
        "pending_revert": Rollback(options["directory"]).pending(),
        "content": content_of(options["path"]) if options["path"] else None,
        "includes": [pattern for start in _STARTS for pattern in _includes(start)],
        "addresses": own_addresses(),
        "ssh": ssh_ways(),
    }


def _includes(path: str) -> list[str]:
    """Return the patterns that a file of nftables includes, whole paths."""
    found = re.findall(r'^\s*include\s+"([^"]+)"', content_of(path) or "", re.MULTILINE)
    return [os.path.join(os.path.dirname(path), pattern) for pattern in found]


class Rollback:
    """The files that bring the table back as it was, below one directory."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.before = os.path.join(directory, "nftables-before.nft")
        self.armed = os.path.join(directory, "nftables-armed.json")

    def save(self) -> str:
        """Keep our table as it is, and return the command that brings it back."""
        head = "table {0} {1}\ndelete table {0} {1}\n".format(*_TABLE)
        put(self.before, head + listing())
        return f"nft -f {shlex.quote(self.before)}"

    def arm(self, seconds: int, rollback: str) -> None:
        """Let the table come back after so many seconds: by systemd where it runs, else by a process of its own.

        The marker is there first: who finds one asks whether the timer runs.
        """
        marker: dict[str, Any] = {"until": time.time() + seconds}
        back = f"test -e {shlex.quote(self.armed)} && {rollback} && rm -f {shlex.quote(self.armed)}"
        if shutil.which("flock"):
            back = f"flock {shlex.quote(self.directory)} /bin/sh -c {shlex.quote(back)}"
        command = ["/bin/sh", "-c", back]
        put(self.armed, json.dumps(marker))
        if os.path.isdir("/run/systemd/system"):
            timer = ["systemd-run", f"--on-active={seconds}s", f"--unit={_UNIT}", "--collect"]
            timer.append("--timer-property=AccuracySec=1s")
            put(self.armed, json.dumps({**marker, "unit": _UNIT}))
            status, output = run([*timer, *command])
            if status:
                put(self.armed, None)
                raise Refused(f"the way back could not be armed: {output.strip()}")
            return
        command[2] = f"sleep {seconds}; {command[2]}"
        put(self.armed, json.dumps({**marker, "pid": outliving(command)}))

    def pending(self) -> dict[str, Any]:
        """Return what waits to be taken back; empty for nothing, as after a restart, which took it back.

        Nobody is asked unless the marker is there. One that cannot be read, or whose timer cannot be asked, is a
        problem.
        """
        try:
            waiting = self._read_marker()
            if not waiting:
                return {}
            seconds = max(0, round(waiting["until"] - time.time()))
            runs = self._runs(waiting)
        except (OSError, ValueError, KeyError, TypeError, Refused) as error:
            return {"seconds": 0, "problem": f"{self.armed}: {type(error).__name__}: {error}"}
        return {"seconds": seconds, "problem": ""} if runs else {}

    def _read_marker(self) -> dict[str, Any]:
        """Return what is known of what waits; empty for nothing.

        Who was stopped while arming left a marker that names no process. Nothing was written then, but its process may
        wait all the same, and has to be found before it takes a later change back.
        """
        text = content_of(self.armed)
        if text is None:
            return {}
        waiting = json.loads(text)
        if "unit" in waiting or "pid" in waiting or "until" not in waiting:
            return {"until": waiting["until"], **waiting}
        found = [name for name in os.listdir("/proc") if name.isdigit() and self._is_waiting(int(name))]
        return {**waiting, "pid": os.getpgid(int(found[0]))} if found else {}

    def _is_waiting(self, pid: int) -> bool:
        return pid != os.getpid() and self.armed in (content_of_process(f"/proc/{pid}/cmdline") or "")

    def _runs(self, waiting: dict[str, Any]) -> bool:
        """Return whether what would take the change back still waits, or is about to."""
        if "unit" in waiting:
            return any(_is_active(f"{waiting['unit']}.{kind}") for kind in ("timer", "service"))
        return self.before in (content_of_process(f"/proc/{int(waiting['pid'])}/cmdline") or "")

    def disarm(self) -> bool:
        """Keep the table as it is now; return whether anything was armed still.

        Raises Refused when it cannot be stopped.
        """
        waits = self.pending()
        if not waits or waits["problem"]:
            if waits:
                raise Refused(f"what would take the change back cannot be asked: {waits['problem']}")
            put(self.armed, None)
            return False
        waiting = self._read_marker()
        if "unit" in waiting:
            run(["systemctl", "stop", f"{waiting['unit']}.timer", f"{waiting['unit']}.service"])
        else:
            os.killpg(waiting["pid"], signal.SIGTERM)
        if not waited(5, lambda: not self._runs(waiting)):
            raise Refused("what would take the change back does not stop; fix: wait until it has")
        put(self.armed, None)
        return True

    def refuse_pending(self) -> None:
        """Raise Refused while a change waits to be taken back: the state that it goes back to must stay."""
        waits = self.pending()
        if waits:
            why = waits["problem"] or f"it is taken back in {waits['seconds']} s"
            raise Refused(f"a change of an earlier run waits to be confirmed ({why}); nothing was written")


def _is_active(unit: str) -> bool:
    """Return whether a unit of systemd runs or waits; raises Refused when systemd does not say."""
    status, output = run(["systemctl", "show", "--property=ActiveState", "--value", unit])
    if status or not output.strip():
        raise Refused(f"systemctl does not tell of {unit}: {output.strip()}")
    return output.strip() not in ("inactive", "failed")


def apply(options: dict[str, Any]) -> dict[str, Any]:
    """Make the change; raises Refused with nothing changed."""
    os.makedirs(options["directory"], mode=0o700, exist_ok=True)
    files = Rollback(options["directory"])
    with locked(files.directory):
        files.refuse_pending()
        if fingerprint() != options["fingerprint"]:
            raise Refused("the table was changed by somebody else in the middle of this run; fix: run again")
        rollback = files.save()
        waits = bool(options["script"] and options["confirm_seconds"])
        if options["script"]:
            _load_script(files, options["script"], options["confirm_seconds"], rollback)
        if not waits:
            _keep_or_take_back(files, options)
    return {"rollback": rollback, "armed": waits, "checked": bool(options["script"]), **gather(options)}


def _load_script(files: Rollback, script: str, seconds: int, rollback: str) -> None:
    """Try a script, let the table come back by itself if seconds are given, and run the script."""
    candidate = os.path.join(files.directory, "nftables-candidate.nft")
    put(candidate, script)
    try:
        output_of(*nft("-c", "-f", candidate))
        if seconds:
            files.arm(seconds, rollback)
        status, output = nft("-f", candidate)
        if status:
            files.disarm()
        output_of(status, output)
    finally:
        put(candidate, None)


def _keep_or_take_back(files: Rollback, options: dict[str, Any]) -> None:
    """Make the file what it is to hold; raises Refused, with the table as it was, when that is not possible."""
    try:
        keep(options)
    except OSError as error:
        if options["script"]:
            output_of(*nft("-f", files.before))
        raise Refused(f"{options['path']} cannot be written, and the table is as it was: {error}") from error


def keep(options: dict[str, Any]) -> None:
    """Make the file what it is to hold."""
    if options["path"]:
        os.makedirs(os.path.dirname(options["path"]), mode=0o755, exist_ok=True)
        put(options["path"], options["content"] or None)


def confirm(options: dict[str, Any]) -> dict[str, Any]:
    """Keep the change; raises Refused when it was taken back already, and OSError when the file cannot be written.

    The file goes first: while that is not possible, the change goes back by itself, and both are as before.
    """
    files = Rollback(options["directory"])
    with locked(files.directory):
        old = content_of(options["path"]) if options["path"] else None
        is_kept = False
        if files.pending():
            keep(options)
            try:
                is_kept = files.disarm()
            finally:
                if not is_kept and options["path"]:
                    put(options["path"], old)
        elif os.path.exists(files.armed):
            put(files.armed, None)
        if not is_kept:
            fix = "run again, with more confirm_minutes"
            raise Refused(f"the change was taken back before it was confirmed; fix: {fix}")
    return gather(options)


def revert(options: dict[str, Any]) -> dict[str, Any]:
    """Take the change back now; raises Refused when nothing waits, or nft refuses."""
    files = Rollback(options["directory"])
    with locked(files.directory):
        if not files.disarm():
            raise Refused("nothing waits to be taken back; fix: leave pending out")
        output_of(*nft("-f", files.before))
    return gather(options)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_SPEC, supports_check_mode=True)
    options: dict[str, Any] = module.params
    try:
        if options["operation"] == "gather" or module.check_mode:
            module.exit_json(changed=False, **told(gather(options)))
        work = {"apply": apply, "confirm": confirm, "revert": revert}[options["operation"]]
        module.exit_json(changed=True, **told(work(options)))
    except Refused as error:
        module.fail_json(**told({"msg": str(error)}))
    except (OSError, ValueError) as error:
        module.fail_json(**told({"msg": f"{type(error).__name__}: {error}"}))


if __name__ == "__main__":
    main()
