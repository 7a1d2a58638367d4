# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AS3 and the REST interface of a BIG-IP over HTTPS.

What answers mean, how long they are waited for, which unit is active.

Success is when the result of every tenant has the code 200, whatever the HTTP status says: AS3 answers 207 for mixed
results and 200 around a tenant that failed. A call that takes longer than 45 s becomes a task by itself (202).
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..._base.errors import AnswerError, DeviceError, shown
from ..._base.untyped import Object, items, mapping, number, text
from ..https import Answer, Connection, Https

_DEVICES = "cm/device?$select=name,hostname,failoverState,selfDevice,managementIp"
AS3_PATH = "/mgmt/shared/appsvcs"
_BUSY, _TASK, _NOTHING, _MISSING, _REFUSED = 503, 202, 204, 404, 401
_HINTS = {
    "0107176c": "the address belongs to another partition; remove it there, or give the pool another vip",
    "01020066": "an address of a member is a node of another partition; remove it there, or move it to Common",
    "The hash you submitted": "somebody changed the tenant since it was looked at; run again to see what it is now",
    "save sys config": "the configuration is active but not saved; save it on the device (tmsh save sys config)",
}


@dataclass(frozen=True)
class Waits:
    """How long a task, or a busy AS3, is waited for, and how often it is asked."""

    limit_seconds: float = 600
    poll_seconds: float = 2


@dataclass(frozen=True)
class Declared:
    """What AS3 says of a declaration: the results of the tenants, and the traces when they were asked for."""

    results: tuple[Object, ...]
    traces: Object = field(default_factory=dict)


class BigIp:
    """One unit; every method raises DeviceError with one sentence for the user when it cannot do what it is for."""

    def __init__(self, connection: Connection, waits: Waits = Waits()) -> None:
        self.https = Https(connection)
        self._waits = waits
        self._headers = _authentication_headers(connection)

    @property
    def place(self) -> str:
        """Return how the unit is named in messages."""
        return self.https.connection.place

    def declare(self, document: object, *, dry_run: bool) -> Declared:
        """Send a declaration and return what came of it.

        A dry run changes nothing and has the traces of what is there.
        """
        query = "?controls.dryRun=true&controls.traceResponse=true" if dry_run else ""
        answer = self._send("POST", f"{AS3_PATH}/declare{query}", document)
        outcome = self._awaited(answer) if answer.status == _TASK else mapping(answer.document())
        found = self._judged(answer, outcome)
        if dry_run and any(
            text(result.get("message")) == "success" and not result.get("dryRun") for result in found.results
        ):
            raise DeviceError(
                f"{self.place}: AS3 did not take the request for a dry run; 3.30 or newer is needed, "
                f"this is {self.version()}"
            )
        return found

    def stored(self) -> Object:
        """Return the declaration that AS3 keeps, with the key of the optimistic lock in each tenant.

        Empty when there is none.
        """
        answer = self._send("GET", f"{AS3_PATH}/declare?showHash=true")
        if answer.status == _NOTHING:
            return {}
        return self._object(self._ok(answer, "read the declaration"), "the declaration")

    def collection(self, path: str) -> list[Object]:
        """Return the items of a collection of the REST interface, of all partitions."""
        answer = self._ok(self._send("GET", f"/mgmt/tm/{path}"), f"read {path.partition('?')[0]}")
        found = self._object(answer, path)
        # A collection of nothing has no items, and says all the same that it is one.
        is_empty = "items" not in found and text(found.get("kind")).endswith("collectionstate")
        listed = [] if is_empty else found.get("items")
        if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
            raise AnswerError(f"{self.place}: {path.partition('?')[0]} is not a list of objects: {shown(listed)}")
        return listed

    def _object(self, answer: Answer, what: str) -> Object:
        """Return the object that an answer is; raises AnswerError for anything else, which tells nothing."""
        found = answer.document()
        if not isinstance(found, Mapping):
            raise AnswerError(f"{self.place}: {what.partition('?')[0]} is not an object: {shown(found)}")
        return found

    def sync_status(self) -> str:
        """Return the state of the configuration between the units, in the device's words, for example In Sync."""
        answer = self._ok(self._send("GET", "/mgmt/tm/cm/sync-status"), "read the state of the synchronisation")
        entries = mapping(mapping(answer.document()).get("entries"))
        stats = (mapping(mapping(mapping(entry).get("nestedStats")).get("entries")) for entry in entries.values())
        return next(
            (text(mapping(found.get("status")).get("description")) for found in stats if "status" in found), "unknown"
        )

    def sync_groups(self) -> list[str]:
        """Return the names of the device groups whose units take over from each other, sorted."""
        found = self.collection("cm/device-group?$select=fullPath,type")
        return sorted(text(item.get("fullPath")) for item in found if item.get("type") == "sync-failover")

    def version(self) -> str:
        """Return the version of AS3."""
        return text(
            mapping(self._ok(self._send("GET", f"{AS3_PATH}/info"), "read AS3's version").document()).get("version")
        )

    def close(self) -> None:
        """End the connection."""
        self.https.close()

    def _send(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request; a busy AS3 is asked again within the limit."""
        end = time.monotonic() + self._waits.limit_seconds
        while True:
            answer = self.https.send(method, path, body, self._headers)
            if answer.status != _BUSY:
                return self._admitted(answer, path)
            if time.monotonic() + self._waits.poll_seconds > end:
                raise DeviceError(
                    f"{self.place}: AS3 is busy with another declaration for more than "
                    f"{self._waits.limit_seconds:g} s: {_message_of(answer)}"
                )
            time.sleep(self._waits.poll_seconds)

    def _admitted(self, answer: Answer, path: str) -> Answer:
        if answer.status == _REFUSED:
            raise DeviceError(
                f"{self.place}: HTTP 401, the credentials are wrong or the token has expired; "
                "fix: correct user and password, or get a new token"
            )
        absent = answer.status == _MISSING and "No record found" not in answer.text
        if path.startswith(AS3_PATH) and (absent or (answer.status == 400 and "appsvcs" in answer.text)):
            raise DeviceError(
                f"{self.place}: AS3 does not answer at {AS3_PATH}, HTTP {answer.status}; "
                "fix: install AS3 3.30 or newer on the device"
            )
        return answer

    def _ok(self, answer: Answer, doing: str) -> Answer:
        if not answer.ok:
            raise DeviceError(f"{self.place}: cannot {doing}: HTTP {answer.status}: {_message_of(answer)}")
        return answer

    def _awaited(self, answer: Answer) -> Object:
        """Return the record of a task once every tenant is done, not just one of them."""
        task = text(mapping(answer.document()).get("id"))
        end = time.monotonic() + self._waits.limit_seconds
        while True:
            record = mapping(self._ok(self._send("GET", f"{AS3_PATH}/task/{task}"), f"read task {task}").document())
            results = [mapping(result) for result in items(record.get("results"))]
            if results and not any(_is_tenant_pending(result) for result in results):
                return record
            if time.monotonic() + self._waits.poll_seconds > end:
                raise DeviceError(
                    f"{self.place}: task {task} is not done after {self._waits.limit_seconds:g} s; "
                    "fix: raise wait_seconds, run again"
                )
            time.sleep(self._waits.poll_seconds)

    def _judged(self, answer: Answer, outcome: Object) -> Declared:
        results = tuple(mapping(result) for result in items(outcome.get("results")))
        bad = [result for result in results if number(result.get("code"), -1) != 200]
        if bad or not results:
            reason = _explain_tenants(bad) or f"HTTP {answer.status}: {_message_of(answer)}"
            raise DeviceError(f"{self.place}: AS3 refuses the declaration: {reason}{self._hint(reason)}")
        return Declared(results, mapping(outcome.get("traces")))

    def _hint(self, reason: str) -> str:
        """Return what to do about an answer, when that is known."""
        if "/schemaVersion" in reason:
            return f"; fix: AS3 there is {self.version()}, install 3.30 or newer"
        return next((f"; fix: {hint}" for mark, hint in _HINTS.items() if mark in reason), "")


def _authentication_headers(connection: Connection) -> Mapping[str, str]:
    if connection.token:
        return {"X-F5-Auth-Token": connection.token}
    return {"Authorization": "Basic " + base64.b64encode(f"{connection.user}:{connection.password}".encode()).decode()}


def _is_tenant_pending(result: Object) -> bool:
    """Return whether the task still works on a tenant; a cancelled task has the code 0 too, and is over."""
    message = text(result.get("message"))
    return number(result.get("code")) == 0 and message != "task cancelled"


def _explain_tenants(results: list[Object]) -> str:
    return "; ".join(
        f"tenant {text(result.get('tenant')) or '?'}: {number(result.get('code'))} {', '.join(_tenant_texts(result))}"
        for result in results
    )


def _tenant_texts(result: Object) -> Iterator[str]:
    yield text(result.get("message"))
    if result.get("response"):
        yield text(result["response"])
    yield from (text(error) for error in items(result.get("errors")))


def _message_of(answer: Answer) -> str:
    """Return what an answer says of itself."""
    try:
        found = mapping(answer.document())
    except DeviceError:
        return answer.text[:200]
    return ", ".join(word for word in _tenant_texts(found) if word) or answer.text[:200]


@dataclass(frozen=True)
class Unit:
    """The unit that is worked on. active: whether it carries the traffic. others: the names of the units beside it."""

    name: str
    active: bool
    active_name: str
    others: tuple[str, ...]


def find_active(
    connection: Connection, peers: Sequence[str], connect: Callable[[Connection], BigIp]
) -> tuple[BigIp, Unit]:
    """Return the active unit among a host and its peers, connected; the host itself when none of them is active."""
    first = connect(connection)
    found = unit_of(first)
    if found.active:
        return first, found
    for host in peers:
        other = connect(replace(connection, host=host))
        unit = unit_of(other)
        if unit.active:
            first.close()
            return other, unit
        other.close()
    return first, found


def unit_of(device: BigIp) -> Unit:
    """Return what a unit says of itself and of the others."""
    devices = device.collection(_DEVICES)
    own = next(
        (item for item in devices if text(item.get("selfDevice")) == "true"), devices[0] if len(devices) == 1 else {}
    )
    if not own:
        raise DeviceError(f"{device.place}: does not say which of the units it is")
    active = next((_unit_name(item) for item in devices if item.get("failoverState") == "active"), "")
    return Unit(
        _unit_name(own),
        own.get("failoverState") == "active",
        active,
        tuple(_unit_name(item) for item in devices if item is not own),
    )


def _unit_name(item: Object) -> str:
    return text(item.get("hostname") or item.get("name"))
