# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that work on a Linux host share.

Their options, reading and replacing one file whole, a lock, who listens, who is connected.

main:  carried_out(AnsibleModule(argument_spec={**OPTIONS, ...}, supports_check_mode=True), Host)
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import ipaddress
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule

OPTIONS = {
    "operation": {"type": "str", "choices": ["gather", "check", "apply"], "required": True},
    "path": {"type": "str", "required": True},
    "content": {"type": "str"},
    "expected": {"type": "str", "default": ""},
    "commands": {"type": "list", "elements": "str", "default": []},
    "listeners": {"type": "list", "elements": "list", "default": []},
    "seconds": {"type": "int", "default": 20},
}
_TEMPORARY = ".msuc-lync-"
_LISTENS = {"tcp": "0A", "udp": "07"}
_ESTABLISHED = "01"

if TYPE_CHECKING:  # older Pythons of hosts have neither
    from typing import Protocol

    Sockets = set[tuple[str, str, int]]

    class Host(Protocol):
        """A program on this host that reads a file of ours."""

        path: str

        def gather(self) -> dict[str, Any]:
            """Return what the program reads, and who else listens."""

        def check(self, content: str | None) -> None:
            """Raise Refused unless the whole configuration is good with this content for our file."""

        def refusal(self, commands: list[str]) -> str:
            """Run commands in the running process up to the first that is refused.

            Return its answer, empty when it took all.
            """

        def reload(self, wanted: Sockets) -> None:
            """Reload and look that the program took over and listens; raises Refused when not."""


class Refused(Exception):
    """The host does not do what it was asked; the text is for the user, restored tells what became of the old file."""

    def __init__(self, message: str, restored: bool = False) -> None:
        super().__init__(message)
        self.restored = restored


def content_of(path: str) -> str | None:
    """Return the text of a file, None when there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def digest(text: str | None) -> str:
    """Return what tells two contents apart; empty for no file."""
    return "" if text is None else hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as it can be given: bytes of files of somebody else need not be text."""
    return {key: _readable(value) for key, value in answer.items()}


def _readable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, dict):
        return told(value)
    return [_readable(item) for item in value] if isinstance(value, (list, tuple)) else value


@contextmanager
def locked(directory: str) -> Iterator[None]:
    """Keep other runs out of a directory; raises Refused when one is in it."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Refused(f"another run is writing in {directory}; fix: wait for it") from error
    finally:
        os.close(handle)


def put(path: str, text: str | None) -> None:
    """Make a file this text by a rename, so that a reader never sees half of it; None removes it.

    When that is not possible, as on a full disk, nothing is left beside the file as it was.
    """
    if text is None:
        with suppress(FileNotFoundError):
            os.unlink(path)
        return
    handle, name = tempfile.mkstemp(dir=os.path.dirname(path), prefix=_TEMPORARY)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)
        os.rename(name, path)
    except BaseException:
        os.unlink(name)
        raise


@contextmanager
def kept_beside(path: str) -> Iterator[str | None]:
    """Keep a file beside itself as it is, for a way back that takes no room on the disk; None for no file."""
    for left in glob.glob(os.path.join(glob.escape(os.path.dirname(path)), f"{_TEMPORARY}*")):
        os.unlink(left)  # of a run that was killed: the lock says that no other one is here
    if not os.path.exists(path):
        yield None
        return
    beside = os.path.join(os.path.dirname(path), f"{_TEMPORARY}before")
    try:
        try:
            os.link(path, beside)
        except OSError:  # not every file system has links
            shutil.copy2(path, beside)
        yield beside
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside)


def run(arguments: list[str], seconds: int = 60) -> tuple[int, str]:
    """Return exit status and output of a program; raises Refused when it is not there or does not end."""
    try:
        done = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise Refused(f"{arguments[0]} is not on this host; fix: install its package") from error
    except subprocess.TimeoutExpired as error:
        raise Refused(f"{' '.join(arguments)} did not end in {seconds} s") from error
    return done.returncode, done.stdout + done.stderr


def waited(seconds: float, is_so: Callable[[], bool]) -> bool:
    """Return whether something became so in time."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def await_listeners(seconds: float, wanted: Sockets) -> None:
    """Wait until something listens on all of these; raises Refused when not in time."""
    waited(seconds, lambda: wanted <= listening())
    missing = sorted(wanted - listening())
    if missing:
        names = ", ".join(f"{protocol} {address} port {port}" for protocol, address, port in missing)
        raise Refused(f"nothing listens on {names} after the reload")


def with_lines(output: str, candidate: str, live: str, text: str) -> str:
    """Return what a check complains of, with the live path for the candidate's, and each line that it means.

    A complaint that names no line quotes words of it: the longest one that the file has tells the line.
    """
    lines = text.splitlines()
    numbers = sorted({int(number) for number in re.findall(re.escape(candidate) + r":(\d+)", output)})
    quoted = [word for word in re.findall(r"'([^' ]+)'", output) if any(word in line for line in lines)]
    if not numbers and quoted:
        numbers = [next(number for number, line in enumerate(lines, 1) if max(quoted, key=len) in line)]
    shown = [f"{live}:{number}: {lines[number - 1].strip()}" for number in numbers if 0 < number <= len(lines)]
    complaints = (part.strip() for part in output.replace(candidate, live).splitlines())
    return "; ".join([*(part for part in complaints if part and not part.startswith("[NOTICE]")), *shown])


def listeners(skip: set[int]) -> list[dict[str, object]]:
    """Return who listens: protocol, address, port, process and pid; those of the skipped processes are left out."""
    owners: dict[str, tuple[int, str]] | None = None
    found: list[dict[str, object]] = []
    for protocol, address, port, inode in _read_proc_sockets():
        owners = _owners() if owners is None else owners
        pid, name = owners.get(inode, (0, "a process of this host"))
        if pid not in skip:
            found.append({"protocol": protocol, "address": address, "port": port, "process": name, "pid": pid})
    return found


def held_by(pid: int) -> list[dict[str, object]]:
    """Return what listens by sockets that one process holds, as listeners does."""
    own = {inode for inode, (holder, _name) in _owners(f"/proc/{pid}/fd/*").items() if holder == pid}
    name = f"{(content_of_process(f'/proc/{pid}/comm') or '').strip()}, which inherited the socket,"
    return [
        {"protocol": protocol, "address": address, "port": port, "process": name, "pid": pid}
        for protocol, address, port, inode in _read_proc_sockets()
        if inode in own
    ]


def listening() -> Sockets:
    """Return (protocol, address, port) of everything that listens."""
    return {(protocol, address, port) for protocol, address, port, _inode in _read_proc_sockets()}


def connections(ports: set[int]) -> set[tuple[str, int, str]]:
    """Return (address, port, peer) of every established TCP connection to one of the ports."""
    return {(address, port, peer) for address, port, peer in _read_established() if port in ports}


def _read_established() -> Iterator[tuple[str, int, str]]:
    for own, peer, _inode in _read_proc_table("tcp", _ESTABLISHED):
        yield (*own, peer[0])


def _read_proc_sockets() -> Iterator[tuple[str, str, int, str]]:
    for protocol, state in _LISTENS.items():
        for (address, port), _peer, inode in _read_proc_table(protocol, state):
            yield protocol, address, port, inode


def _read_proc_table(protocol: str, state: str) -> Iterator[tuple[tuple[str, int], tuple[str, int], str]]:
    """Yield both ends and inode of the sockets in a state; a line that cannot be read is not one that is missing."""
    for path in (f"/proc/net/{protocol}", f"/proc/net/{protocol}6"):
        for line in (content_of(path) or "").splitlines()[1:]:
            try:
                parts = line.split()
                if parts[3] == state:
                    yield _decode_proc_end(parts[1]), _decode_proc_end(parts[2]), parts[9]
            except (LookupError, ValueError) as error:
                raise Refused(f"{path} is not understood: {line.strip()[:80]!r}") from error


def _decode_proc_end(text: str) -> tuple[str, int]:
    address, _colon, port = text.partition(":")
    return _decode_proc_address(address), int(port, 16)


def _decode_proc_address(text: str) -> str:
    """Return an address of /proc/net.

    Words of 4 bytes in the order of the machine, which is little-endian wherever this runs.
    """
    groups = [bytes.fromhex(text[place : place + 8])[::-1] for place in range(0, len(text), 8)]
    return str(ipaddress.ip_address(b"".join(groups)))


def _owners(where: str = "/proc/[0-9]*/fd/*") -> dict[str, tuple[int, str]]:
    """Return pid and name of the process that holds each socket, by inode; one that forks keeps the first."""
    found: dict[str, tuple[int, str]] = {}
    for path in glob.glob(where):
        try:
            target = os.readlink(path)
            if target.startswith("socket:["):
                pid = int(path.split("/")[2])
                found.setdefault(target[8:-1], (pid, (content_of(f"/proc/{pid}/comm") or "").strip()))
        except OSError:
            continue
    return found


def children(pid: int) -> dict[int, str]:
    """Return the command line of each child of a process, by pid."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        text = content_of_process(path)
        if text and int(text.rpartition(")")[2].split()[1]) == pid:
            child = int(path.split("/")[2])
            found[child] = (content_of_process(f"/proc/{child}/cmdline") or "").replace("\0", " ").strip()
    return found


def content_of_process(path: str) -> str | None:
    """Return a file of a process, None when the process is gone."""
    try:
        return content_of(path)
    except OSError:
        return None


def carried_out(module: AnsibleModule, host: Host) -> None:
    """Do what such a module is asked for, and end it."""
    options: dict[str, Any] = module.params
    try:
        if options["operation"] == "gather":
            module.exit_json(changed=False, **told(host.gather()))
        if options["operation"] == "check" or module.check_mode:
            host.check(options["content"])
            module.exit_json(changed=False)
        module.exit_json(changed=True, **told(apply(host, options)))
    except Refused as error:
        module.fail_json(**told({"msg": str(error), "restored": error.restored}))
    except OSError as error:
        message = f"{type(error).__name__}: {error}; nothing was written"
        module.fail_json(**told({"msg": message, "restored": False}))


def apply(host: Host, options: dict[str, Any]) -> dict[str, Any]:
    """Make the content live, by commands of the running process or by a reload.

    The file goes first: what the running process has and the file lacks would end with the next reload of anybody.
    Raises OSError before anything is changed, and Refused with the old file back in its place.
    """
    content, wanted = options["content"], {(str(each[0]), str(each[1]), int(each[2])) for each in options["listeners"]}
    with locked(os.path.dirname(host.path)):
        old = content_of(host.path)
        if digest(old) != options["expected"]:
            raise Refused(f"{host.path} was changed by somebody else in the middle of this run; fix: run again")
        host.check(content)
        with kept_beside(host.path) as before:
            put(host.path, content)
            try:
                refused = host.refusal(options["commands"])
                if options["commands"] and not refused:
                    return {"reloaded": False}
                host.reload(wanted)
            except (Refused, OSError) as error:
                _restore(host, before, error)
    return {"reloaded": True, "refused_command": refused}


def _restore(host: Host, before: str | None, error: Exception) -> None:
    """Put the old file back and let the program read it, so that the next reload is good; raises Refused."""
    if before is None:
        put(host.path, None)
    else:
        os.rename(before, host.path)
    try:
        host.reload(set())
    except (Refused, OSError) as second:
        text = f"{error}; the old file is back, and to read it failed too, so that what runs may be something else"
        raise Refused(f"{text}: {second}", restored=True) from second
    raise Refused(f"{error}; the old file is back", restored=True) from error
