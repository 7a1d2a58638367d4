# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The firewall of a simulated Windows host: a store on disk, and over it what COM shows of it.

    store = FirewallStore.open(directory, "fe01")
    for rule in store.policy().rules(): rule["Name"]

Each host is one JSON file: its addresses, profiles, switches, and rules as COM reads them back, each with the hidden id
that COM does not show. Names may repeat; Remove(name) takes one of the namesakes; each put on a rule of the store is
checked and committed at once; a new rule is checked when it is added (netfw.h documentation, [MS-FASP] 2.2.37).
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import pathlib
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from . import windows_rules
from .hive_file import policy_hive
from .rule_strings import interface_id, registry_string
from .windows_rules import E_ACCESSDENIED, E_FAIL, EVERY_PROFILE, ComError, Switches

Document = dict[str, Any]
ERROR_DISK_FULL, EPT_S_NOT_REGISTERED, ERROR_SERVICE_DISABLED = 0x80070070, 0x800706D9, 0x80070422
# What HNetCfg.FWRule has before anything is put: not enabled, any protocol, everything else without a limit.
NEW_RULE: Mapping[str, object] = {
    "Name": None,
    "Grouping": None,
    "Description": None,
    "Direction": 1,
    "Action": 1,
    "Protocol": 256,
    "ApplicationName": None,
    "ServiceName": None,
    "LocalPorts": "*",
    "RemotePorts": "*",
    "IcmpTypesAndCodes": "*",
    "LocalAddresses": "*",
    "RemoteAddresses": "*",
    "Profiles": EVERY_PROFILE,
    "Interfaces": None,
    "InterfaceTypes": "All",
    "EdgeTraversalOptions": 0,
    "SecureFlags": 0,
    "Enabled": False,
}
_PORT_PROPERTIES = ("LocalPorts", "RemotePorts")
# What a host knows beside its own rules, and the module of exemptions does not tell.
READ_ONLY = ("group_policy", "mdm", "products", "older_lists", "services")
WINRM_PORT, CONTROLLER = 5985, "10.9.0.5"
MANAGEMENT = (("winrm", WINRM_PORT), ("winrm", 5986), ("ssh", 22), ("rdp", 3389))
ENVIRONMENT = {
    "SystemRoot": "C:\\Windows",
    "windir": "C:\\Windows",
    "SystemDrive": "C:",
    "ProgramFiles": "C:\\Program Files",
    "ProgramFiles(x86)": "C:\\Program Files (x86)",
    "ProgramData": "C:\\ProgramData",
}


class ConnectionDroppedError(Exception):
    """The connection to the host breaks here; what was written stays written."""


@dataclass(frozen=True)
class Faults:
    """What is wrong with a host, switchable while it runs: the content of HOST.faults.json.

    unreachable: it does not answer. unauthorized: it refuses the password. access_denied: the account may not write.
    com_error_at_write: the number of the write, from 1, that fails. drop_after_write: the number of the write after
    which the connection breaks. shut_after_write: the number of the write after which new connections are refused,
    and those that are there go on. refuses_connections: they are refused now. garbage: it answers with text that is
    no result. service_stopped: the firewall service does not run. disk_full: nothing more fits on the disk.
    netsh_lies: netsh -f ends with 0 and has done nothing. scheduler_stopped: there is no Task Scheduler.
    scheduler_never: it takes a task and never runs it. no_administrator: the account reads the registry, and the
    services of the firewall, of services and of tasks refuse it, as the strictest reading of who may ask them.
    """

    unreachable: bool = False
    unauthorized: bool = False
    access_denied: bool = False
    com_error_at_write: int = 0
    drop_after_write: int = 0
    shut_after_write: int = 0
    refuses_connections: bool = False
    garbage: bool = False
    service_stopped: bool = False
    disk_full: bool = False
    netsh_lies: bool = False
    scheduler_stopped: bool = False
    scheduler_never: bool = False
    no_administrator: bool = False


@dataclass
class Counters:
    """How often things were done in one run of the module."""

    enumerations: int = 0
    writes: int = 0
    com_enumerations: int = 0


@dataclass
class FirewallStore:
    """The files of one host below a directory: NAME.json, NAME.faults.json and NAME.counters.json."""

    directory: pathlib.Path
    name: str
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def path(self) -> pathlib.Path:
        """Return the file that is the host's firewall."""
        return self.directory / f"{self.name}.json"

    def create(
        self, addresses: list[str], rules: list[Mapping[str, object]], switches: Mapping[str, bool] | None = None
    ) -> None:
        """Make the host, with rules given as the properties in which they differ from a new rule."""
        document = {
            "addresses": addresses,
            "profiles": {"active": 1, "local_policy_modify_state": 0},
            # What differs from a firewall that is on, blocks inbound and allows outbound traffic, by the bit of the
            # profile.
            "settings": {},
            "group_policy": {"rules": {}, "profiles": {}},
            "mdm": {"rules": {}, "profiles": {}},
            # Firewalls of others, as INetFwProducts shows them ([MS-FASP] 2.2.47).
            "products": [],
            # What the lists of Group Policy from before Windows Vista admit ([MS-GPFAS] 2.2.3.11, 2.2.3.12).
            "older_lists": [],
            # The names of the services that run.
            "services": ["BFE", "MpsSvc", "WinRM"],
            "build": "20348.2700",
            "listeners": [f"0.0.0.0 {WINRM_PORT}"],
            "connections": [f"{address} {WINRM_PORT} {CONTROLLER}" for address in addresses[:1]],
            "files": {},
            "exports": 0,
            "task": None,
            "now": 0,
            "switches": dict(switches or {}),
            "rules": [{"id": f"{{{uuid.uuid4()}}}", **_stored(rule, Switches())} for rule in rules],
        }
        self.write(document)

    def read(self) -> Document:
        """Return the whole document."""
        document: Document = json.loads(self.path.read_text(encoding="utf-8"))
        return document

    def write(self, document: Document) -> None:
        """Replace the document at once, so that an independent look never sees half of it."""
        _write_json(self.path, document)

    def change(self, **parts: object) -> None:
        """Replace parts of the document."""
        with self.lock:
            self.write({**self.read(), **parts})

    def advance(self, minutes: int, is_off: bool = False) -> None:
        """Let time pass on the host; a task that is due imports its snapshot, once.

        is_off: the host is off meanwhile. A task that missed its time starts 10 minutes later when it has an end
        boundary, and otherwise never (TaskSettings.StartWhenAvailable of the Task Scheduler's reference).
        """
        with self.lock:
            document = self.read()
            document["now"] += minutes
            if document["task"]:
                document["task"] = _passed(document, {"end": None, **document["task"]}, is_off)
            self.write(document)

    def faults(self) -> Faults:
        """Return the faults that are switched on now."""
        path = self.directory / f"{self.name}.faults.json"
        return Faults(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else Faults()

    def set_faults(self, **faults: bool | int) -> None:
        """Switch exactly these faults on; none switches all off. Raises ValueError for a fault that does not exist."""
        unknown = sorted(set(faults) - {known.name for known in fields(Faults)})
        if unknown:
            raise ValueError(f"no fault {', '.join(unknown)}")
        _write_json(self.directory / f"{self.name}.faults.json", faults)

    def counts(self) -> dict[str, int]:
        """Return the totals of requests, executions, enumerations and writes since the host was made."""
        path = self.directory / f"{self.name}.counters.json"
        return {**_NOTHING, **(json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {})}

    def count(self, **amounts: int) -> None:
        """Add to the totals."""
        with self.lock:
            totals = self.counts()
            for what, amount in amounts.items():
                totals[what] += amount
            _write_json(self.directory / f"{self.name}.counters.json", totals)

    def policy(self, document: Document | None = None) -> FwPolicy:
        """Return what HNetCfg.FwPolicy2 shows of the document, read anew unless given.

        Valid for one run of the module.
        """
        return FwPolicy(self, document or self.read(), self.faults())


SCHED_S_TASK_RUNNING = 0x41301
_DELAY, _KEPT = 10, 7 * 24 * 60


def _passed(document: Document, task: Document, is_off: bool) -> Document | None:
    """Return the task after time has passed, None when it has expired for long; a host that is on runs it."""
    now, end = document["now"], task["end"]
    if end is not None and now > end + _KEPT:
        return None
    starts = task.get("starts", task["due"])
    if task["has_run"] or starts is None or starts > now:
        return task
    if is_off:
        return {**task, "starts": None if end is None else now + _DELAY}
    if end is not None and now > end:
        return task
    result = 0 if task["path"] in document["files"] else 1
    if not result:
        _import(document, task["path"])
    return {**task, "has_run": True, "result": result}


# enumerations: of firewall rules by COM and of connection security rules; com_enumerations: the former alone.
_NOTHING = {"requests": 0, "executions": 0, "enumerations": 0, "writes": 0, "com_enumerations": 0}


def _write_json(path: pathlib.Path, content: object) -> None:
    scratch = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
    scratch.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(scratch, path)


def hive_of(rules: list[Document]) -> bytes:
    """Return the export of rules as netsh advfirewall export writes it."""
    return policy_hive([(rule["id"], registry_string(rule)) for rule in rules])


def export_ipsec(document: Document, path: str) -> None:
    """Put the connection security rules beside the firewall rules of an export; that they belong to it is inferred."""
    if "ipsec" in document:
        document.setdefault("ipsec_files", {})[path] = dict(document["ipsec"]["rules"])


def _import(document: Document, path: str) -> None:
    document["rules"] = copy.deepcopy(document["files"][path])
    import_ipsec(document, path)


def import_ipsec(document: Document, path: str) -> None:
    """Replace the connection security rules by those of an export."""
    if "ipsec" in document:
        document["ipsec"]["rules"] = dict(document.get("ipsec_files", {}).get(path, {}))


class FwPolicy:
    """The firewall policy of one host, with the numbers of what was done to it."""

    def __init__(self, store: FirewallStore, document: Document, faults: Faults) -> None:
        self._store = store
        self._document = document
        self._faults = faults
        self.switches = Switches(**document["switches"])
        self.counters = Counters()

    def ask_service(self) -> None:
        """Ask what tells an administrator alone; raises ComError."""
        if self._faults.no_administrator:
            raise ComError(E_ACCESSDENIED, "Access is denied.")

    @property
    def is_refused(self) -> bool:
        """Return whether the account reads the registry alone."""
        return self._faults.no_administrator

    @property
    def profiles(self) -> dict[str, object]:
        """Return the active profiles and the state of each."""
        usual = {"firewall_enabled": True, "block_all_inbound": False, "default_inbound": 0, "default_outbound": 1}
        settings = [{"profile": bit, **usual, **self._document["settings"].get(str(bit), {})} for bit in (1, 2, 4)]
        return {**self._document["profiles"], "settings": settings}

    @property
    def surroundings(self) -> dict[str, object]:
        """Return what the host knows beside COM: Group Policy and MDM of the registry, listeners, connections, ports of
        management.
        """
        management = [{"kind": kind, "port": port} for kind, port in MANAGEMENT]
        return {
            **{name: self._document[name] for name in (*READ_ONLY, "build", "listeners", "connections")},
            "management": management,
        }

    def group_policy_profiles(self) -> dict[str, dict[str, int]]:
        """Return what Group Policy sets of each profile."""
        profiles = self._document["group_policy"]["profiles"]
        return {name: dict(profiles.get(name, {})) for name in ("domain", "private", "public")}

    def fingerprint(self) -> str:
        """Return a hash of rules, profiles and Group Policy, whatever the order of the rules."""
        rules = sorted(json.dumps(FwRule(None, stored).values(), sort_keys=True) for stored in self._document["rules"])
        parts = [rules, self.profiles, self._document["group_policy"], self._document["mdm"]]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    # --- netsh advfirewall export and import, which move the whole policy, and the task that runs the latter ---------

    @property
    def task(self) -> Document | None:
        """Return the task that imports a snapshot.

        path, due and end (minutes), has_run, result (how netsh ended), starts (the minute, when it missed its time).
        """
        task: Document | None = self._document["task"]
        return task

    @property
    def revert_state(self) -> str:
        """Return what became of the task: none, waits, running, done, failed or expired.

        Raises ComError without a scheduler.
        """
        task = self.task
        if task is None:
            return "none"
        if self._faults.scheduler_stopped:
            raise ComError(ERROR_SERVICE_DISABLED, "The service cannot be started, because it is disabled.")
        if task["due"] > self._document["now"]:
            # One that was run by hand runs at its time all the same.
            return "waits"
        if task["has_run"]:
            if task.get("result") == SCHED_S_TASK_RUNNING:
                return "running"
            return "failed" if task.get("result") else "done"
        end = task.get("end")
        return "expired" if end is not None and self._document["now"] > end else "waits"

    @property
    def pending_revert(self) -> dict[str, object]:
        """Return what an answer says of the task: nothing when it is not there, is not shown, or has run well."""
        if self.is_refused:
            return {}
        try:
            state = self.revert_state
        except ComError as error:
            return {"seconds": 0, "problem": str(error), "state": "unknown", "result": 0}
        if state in ("none", "done") or self.task is None:
            return {}
        seconds = max(0, 60 * (self.task["due"] - self._document["now"]))
        result = self.task.get("result") if state == "failed" else 0
        return {"seconds": seconds, "problem": "", "state": state, "result": result or 0}

    def export(self, directory: str, keep: int) -> str:
        """Export the rules to a new file, keep the newest ones of the folder, and return the path."""
        if self._faults.disk_full:
            raise ComError(
                ERROR_DISK_FULL, "netsh advfirewall export ended with 1: There is not enough space on the disk."
            )
        files = self._document["files"]
        path = f"{directory}\\firewall-20260101T{self._document['exports']:09}Z-{uuid.uuid4().hex[:8]}.wfw"
        self._document["exports"] += 1
        files[path] = copy.deepcopy(self._document["rules"])
        export_ipsec(self._document, path)
        for old in self.snapshots(directory)[keep:]:
            del files[old]
        self._store.write(self._document)
        return path

    def snapshots(self, directory: str) -> list[str]:
        """Return the paths of the snapshots of a folder, newest first."""
        return sorted((path for path in self._document["files"] if path.startswith(directory + "\\")), reverse=True)

    @property
    def files(self) -> Mapping[str, object]:
        """Return the exports by their paths."""
        files: Mapping[str, object] = self._document["files"]
        return files

    def exported(self, path: str) -> bytes:
        """Return the content of an export: a hive, or what somebody has put in its place."""
        found = self._document["files"][path]
        return found.encode() if isinstance(found, str) else hive_of(found)

    def import_(self, path: str) -> None:
        """Replace all rules by those of a snapshot."""
        _import(self._document, path)
        self._store.write(self._document)

    def arm(self, path: str, minutes: int) -> None:
        """Make the task that imports a snapshot in so many minutes, and at the latest a day after that."""
        if self._faults.scheduler_stopped:
            raise ComError(ERROR_SERVICE_DISABLED, "The service cannot be started, because it is disabled.")
        if self._faults.scheduler_never:
            raise ComError(
                E_FAIL, "the task that takes the change back was made and would not run; nothing was written"
            )
        due = self._document["now"] + minutes
        name = f"msuc.lync firewall revert {uuid.uuid4()}"
        self._document["task"] = {"name": name, "path": path, "due": due, "end": due + 24 * 60, "has_run": False}
        self._store.write(self._document)

    def disarm(self) -> None:
        """Remove the task."""
        self._document["task"] = None
        self._store.write(self._document)

    @property
    def addresses(self) -> list[str]:
        """Return the addresses of the host's network interfaces."""
        return list(self._document["addresses"])

    def rules(self) -> Iterator[FwRule]:
        """Enumerate the rules of the local store once."""
        if self._faults.service_stopped:
            raise ComError(EPT_S_NOT_REGISTERED, "There are no more endpoints available from the endpoint mapper.")
        self.ask_service()
        self.counters.enumerations += 1
        self.counters.com_enumerations += 1
        return iter([FwRule(self, stored) for stored in self._document["rules"]])

    def item(self, name: str) -> FwRule | None:
        """Return the rule that COM finds by a name, without an enumeration; of namesakes any one, here the first."""
        found = [stored for stored in self._document["rules"] if stored["Name"] == name]
        return FwRule(self, found[-1 if self.switches.removes_last else 0]) if found else None

    def stored(self) -> Document:
        """Return the rules as the registry has them, and what is needed to read them."""
        now = {rule["id"]: registry_string(rule) for rule in self._document["rules"]}
        shown = self._document.get("registry_seen", now) if self.switches.registry_lags else now
        if self.switches.registry_lags and self._document.get("registry_seen") != now:
            self._document["registry_seen"] = now
            self._store.write(self._document)
        by_hand = self._document.get("registry", {})
        rules = {**shown, **by_hand.get("rules", {})}
        count = len(self._document["rules"])
        found = {"rules": rules, "interfaces": self.interfaces, "count": count, "problem": by_hand.get("problem", "")}
        parts = [rules, count, self.profiles, self._document["group_policy"], self._document["mdm"]]
        return {**found, "fingerprint": hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()}

    @property
    def interfaces(self) -> dict[str, str]:
        """Return the names of the network interfaces by their identifiers."""
        names = {name for rule in self._document["rules"] for name in rule["Interfaces"] or ()}
        return {interface_id(name): name for name in sorted(names)}

    def new_rule(self) -> FwRule:
        """Return a new rule, not yet in force, that reads back as this host's rules do."""
        return FwRule(switches=self.switches)

    def add(self, rule: FwRule) -> None:
        """Check a new rule and add it; a name that is there already is no obstacle."""
        windows_rules.check_rule(rule.stored)
        self.commit(lambda: self._document["rules"].append({"id": f"{{{uuid.uuid4()}}}", **rule.stored}))

    def remove(self, name: str) -> None:
        """Remove one rule of this name, without a word when there is none."""
        rules = self._document["rules"]
        found = [stored for stored in rules if stored["Name"] == name]
        gone = found[-1 if self.switches.removes_last else 0] if found else None
        self.commit(lambda: gone is None or rules.remove(gone))

    def commit(self, write: Callable[[], object]) -> None:
        """Make one write, unless a fault stands against it, and put it on disk."""
        if self._faults.access_denied or self._faults.no_administrator:
            raise ComError(E_ACCESSDENIED, "Access is denied.")
        if self._faults.com_error_at_write == self.counters.writes + 1:
            raise ComError(E_FAIL, "Unspecified error")
        write()
        self._store.write(self._document)
        self.counters.writes += 1
        if self._faults.shut_after_write == self.counters.writes:
            self._store.set_faults(refuses_connections=True)
        if self._faults.drop_after_write == self.counters.writes:
            raise ConnectionDroppedError


class FwRule:
    """One rule: of the store when it has a policy, otherwise new and not in force."""

    def __init__(
        self, policy: FwPolicy | None = None, stored: Document | None = None, switches: Switches | None = None
    ) -> None:
        self._policy = policy
        self._switches = switches or (Switches() if policy is None else policy.switches)
        self.stored: Document = dict(NEW_RULE) if stored is None else stored

    def values(self) -> Document:
        """Return the properties that are not null, as COM reads them back."""
        shown = {name: value for name, value in self.stored.items() if name != "id" and value is not None}
        if shown["Protocol"] not in (windows_rules.TCP, windows_rules.UDP):
            for name in _PORT_PROPERTIES:
                del shown[name]
        if shown["Protocol"] not in (1, 58):
            del shown["IcmpTypesAndCodes"]
        return shown

    def put(self, name: str, value: object) -> None:
        """Put one property. On a rule of the store the whole rule is checked and the put is in force at once."""
        if name not in NEW_RULE:
            raise ComError(0x80020006, f"Unknown name: {name}")
        # Ports of a rule whose protocol has none are refused at the put itself.
        if (
            name in _PORT_PROPERTIES
            and value not in ("", "*")
            and self.stored["Protocol"] not in (windows_rules.TCP, windows_rules.UDP)
        ):
            raise ComError(windows_rules.E_INVALIDARG, "The parameter is incorrect: ports before the protocol")
        changed = {**self.stored, name: _normal(name, value, self._switches)}
        if self._policy is None:
            self.stored.update(changed)
            return
        windows_rules.check_rule(changed)
        self._policy.commit(lambda: self.stored.update(changed))


def _stored(properties: Mapping[str, object], switches: Switches) -> Document:
    return {**NEW_RULE, **{name: _normal(name, value, switches) for name, value in properties.items()}}


def _expanded(value: object) -> str | None:
    text = str(value or "")
    for name, content in ENVIRONMENT.items():
        text = text.replace(f"%{name}%", content)
    return text or None


def _normal(name: str, value: object, switches: Switches) -> object:
    return _NORMAL[name](value, switches) if name in _NORMAL else value


_NORMAL: Mapping[str, Callable[[object, Switches], object]] = {
    "ApplicationName": lambda value, switches: _expanded(value),
    "LocalAddresses": lambda value, switches: windows_rules.normal_addresses(value, switches, local=True),
    "RemoteAddresses": windows_rules.normal_addresses,
    "LocalPorts": lambda value, switches: windows_rules.normal_ports(value),
    "RemotePorts": lambda value, switches: windows_rules.normal_ports(value, remote=True),
    "IcmpTypesAndCodes": lambda value, switches: value or "*",
    "Interfaces": lambda value, switches: value or None,
    "InterfaceTypes": lambda value, switches: windows_rules.normal_interface_types(value),
}
