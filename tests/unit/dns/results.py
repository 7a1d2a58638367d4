# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real results of msuc.lync.dns_records: the provider over a server in memory. Tests of reports read these.

    record_goes() -> {"changed": True, "changes": [{"kind": "remove", "name": "pool01.contoso.com", ...}], ...}

Each takes check_mode; the pool is pool01.contoso.com in the zone contoso.com.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.marks import Scope
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import DnsProvider, Task
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.records import Key, RecordSet

from .memory_server import MemoryServer, connection

Answer = dict[str, Any]
ZONE, POOL, OTHER = "contoso.com", "pool01.contoso.com", "pool02.contoso.com"
FIRST, SECOND = "10.1.0.93", "10.1.0.94"
OLD, NEW = "10.1.0.11", "10.1.0.12"
MARK_KEY = "a key of marks, for tests"


def mark(*values: str, key: str = MARK_KEY) -> str:
    """Return the line of the mark of the pool's addresses, as the collection writes it."""
    made = Scope(mark_key=key.encode()).mark(RecordSet(Key(ZONE, POOL, "A"), 300, values), POOL)
    return f'{POOL}._msuc-lync 300 TXT "{made.text}"'


_OWNED = f"pool01 300 A {OLD}\npool01 300 A {NEW}\n{mark(OLD, NEW)}\n"
_OPTIONS: Mapping[str, Any] = {
    "step": None, "state": "replaced", "records": [], "servers": [], "owners": [], "take_over": [], "gone": [],
    "mark_key": MARK_KEY, "timeout_seconds": 1.0, "wait_seconds": 0.0,
}  # fmt: skip


def record(*values: str, name: str = POOL, **more: Any) -> Answer:
    """Return an entry of the option records."""
    return {"name": name, "type": "A", "values": list(values), "zone": ZONE, "owner": POOL, **more}


def entry(address: str = FIRST, **more: Any) -> Answer:
    """Return an entry of the option servers."""
    return {"address": address, "zones": [ZONE], **more}


def provider(
    servers: Mapping[str, MemoryServer], entries: Sequence[Answer], records: Sequence[Answer], **options: Any
) -> DnsProvider:
    """Return the provider of a task over servers in memory, by their addresses."""
    task = Task.from_options({**_OPTIONS, "servers": list(entries), "records": list(records), **options})
    return DnsProvider(task, connection(servers))


def answer(run: DnsProvider, check_mode: bool = False) -> Answer:
    """Return what the module returns."""
    failure: Answer = {}
    try:
        reconcile(run, check_mode=check_mode)
    except DeviceError as error:
        failure = {"failed": True, "msg": str(error)}
    return {**run.result(), **failure, "check_mode": check_mode}


def of_zone(lines: str, records: Sequence[Answer], check_mode: bool = False, **options: Any) -> Answer:
    """Return the result of one server with one zone of these lines."""
    return answer(provider({FIRST: MemoryServer({ZONE: lines})}, [entry()], records, **options), check_mode)


def nothing_to_do(check_mode: bool = False) -> Answer:
    """Return the result of a zone that is as wanted."""
    return of_zone(_OWNED, [record(OLD, NEW)], check_mode)


def record_comes(check_mode: bool = False) -> Answer:
    """Return the result of a name that was missing."""
    return of_zone("", [record(OLD, NEW)], check_mode)


def record_goes(check_mode: bool = False) -> Answer:
    """Return the result of a pool that no longer wants its name."""
    return of_zone(_OWNED, [], check_mode, owners=[POOL])


def value_changes(check_mode: bool = False) -> Answer:
    """Return the result of a name one of whose addresses was replaced by another."""
    return of_zone(_OWNED.replace(NEW, "10.1.0.99"), [record(OLD, NEW)], check_mode)


def unknown_value_stays(check_mode: bool = False) -> Answer:
    """Return the result of a first run that finds a value that nobody knows."""
    return of_zone(f"pool01 300 A {OLD}\npool01 300 A 10.1.0.99\n", [record(OLD)], check_mode)


def not_marked(check_mode: bool = False) -> Answer:
    """Return the result of a first run that finds all as wanted, without a mark."""
    return of_zone(f"pool01 300 A {OLD}\n", [record(OLD)], check_mode)


def failed_zone(check_mode: bool = False) -> Answer:
    """Return the result of two views, of which the external one refuses the update and the internal one takes it."""
    servers = {FIRST: MemoryServer({ZONE: ""}), SECOND: MemoryServer({ZONE: ""}, refuses="update")}
    records = [record(OLD), record("203.0.113.1", name=OTHER, owner=OTHER, view="external")]
    return answer(provider(servers, [entry(), entry(SECOND, view="external")], records), check_mode)


def silent_zone(check_mode: bool = False) -> Answer:
    """Return the result of a server that refuses to answer."""
    return answer(provider({FIRST: MemoryServer({ZONE: ""}, refuses="query")}, [entry()], [record(OLD)]), check_mode)


def lagging(check_mode: bool = False) -> Answer:
    """Return the result of a zone whose second server does not follow the first."""
    servers = {FIRST: MemoryServer({ZONE: _OWNED}), SECOND: MemoryServer({ZONE: _OWNED})}
    return answer(provider(servers, [entry(), entry(SECOND)], [record(OLD)]), check_mode)


def windows_tasks(check_mode: bool = False) -> Answer:
    """Return the result of a zone of Active Directory, whose changes are left to tasks on its Windows host."""
    run = provider({FIRST: MemoryServer({ZONE: _OWNED})}, [entry(windows_host="dc01")], [record(OLD)])
    return answer(run, check_mode)


def windows_tasks_not_made() -> Answer:
    """Return the result of step verify of such a zone, after tasks that changed nothing."""
    run = provider({FIRST: MemoryServer({ZONE: _OWNED})}, [entry(windows_host="dc01")], [record(OLD)], step="verify")
    return answer(run, check_mode=True)


def no_server(check_mode: bool = False) -> Answer:
    """Return the result of records of a zone that no server takes."""
    return answer(provider({}, [], [record(OLD)]), check_mode)
