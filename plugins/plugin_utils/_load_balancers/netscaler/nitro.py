# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NITRO over HTTPS: credentials per request or a session, and answers that say what went wrong.

    https://developer-docs.netscaler.com/en-us/adc-nitro-api/current-release/api-reference

One GET of the running configuration tells everything that a comparison needs, in as many requests as there are
appliances; reading the same by GETs of resources takes one per kind, and binding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from ..._base.errors import DeviceError
from ..._base.untyped import Object, mappings, number
from ..https import Answer, Connection, Https
from .steps import CONFIG_PATH, Request, Step

if TYPE_CHECKING:
    from typing import Self

# "Session expired or killed", "Not logged in", and "Use of Basic Authentication is Disabled".
_SESSION_OVER = (444, 354)
_NO_CREDENTIALS_PER_REQUEST = 1244
_SESSION_SECONDS = 600
_MEANINGS: Mapping[int, str] = {
    400: "the appliance does not understand the request",
    401: "user or password is refused",
    403: "the user may not do this",
    404: "an object is not there",
    409: "an object is there already, or in use",
    503: "the appliance is busy; try again",
    599: "the appliance refuses",
}
_BULK_FAILED = 1243
_COMMAND = re.compile(r"^\s*(set|add|bind|enable)\s", re.MULTILINE | re.IGNORECASE)


class Authentication(str, Enum):
    """How the user is known: with each request, by a session, or a session only where the appliance wants one."""

    AUTO = "auto"
    REQUEST = "request"
    SESSION = "session"


class NitroError(DeviceError):
    """The appliance refused a request; code is its own number of the error."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Nitro:
    """One appliance; leaving the context logs out, whatever happened."""

    def __init__(self, connection: Connection, authentication: Authentication = Authentication.AUTO) -> None:
        self.connection = connection
        self._https = Https(connection)
        self._authentication = authentication
        self._token = connection.token
        self._has_session = False

    @property
    def requests(self) -> int:
        """Return how many requests were sent, logging in and out among them."""
        return self._https.requests

    def __enter__(self) -> Self:
        self._https.__enter__()
        if self._authentication is Authentication.SESSION and not self._token:
            self._login()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._has_session:
                self._https.send("POST", f"{CONFIG_PATH}/logout", {"logout": {}}, self._headers())
        except DeviceError:
            pass  # The session ends by itself; what went wrong before counts more.
        finally:
            self._https.__exit__(kind, error, trace)

    def running_configuration(self) -> str:
        """Return the running configuration as command lines, of every traffic domain of this partition."""
        found = self._get("nsrunningconfig", "reading the running configuration")
        text = found.get("response") if isinstance(found, dict) else found
        # Every appliance has at least its own address in it: an empty one is not that of an appliance without services.
        if not isinstance(text, str) or not _COMMAND.search(text):
            raise DeviceError(
                f"{self.connection.place}: the running configuration is not in the answer; "
                "fix: allow the user to show ns runningConfig"
            )
        return text

    def is_saved(self) -> bool:
        """Return whether the appliance says that nothing changed since its configuration was saved."""
        found = self._get("nsconfig", "asking whether the configuration is saved")
        parts = mappings(found if isinstance(found, list) else [found])
        return [str(part.get("configchanged")).lower() for part in parts] in (["false"], ["no"])

    def saved_configuration(self) -> str:
        """Return the configuration that a restart brings back, as command lines; empty when nothing was ever saved."""
        found = self._get("nssavedconfig", "reading the saved configuration")
        texts = [part.get("textblob") for part in mappings(found if isinstance(found, list) else [found])]
        if len(texts) != 1 or not isinstance(texts[0], str):
            raise DeviceError(
                f"{self.connection.place}: the saved configuration is not in the answer; "
                "fix: allow the user to show ns savedConfig"
            )
        return texts[0]

    def units(self) -> list[dict[str, Any]]:
        """Return the units of a pair; the one that answers has the id 0."""
        found = self._get("hanode", "asking for the units of the pair")
        units = found if isinstance(found, list) else [found]
        if not units or not all(isinstance(unit, dict) and unit for unit in units):
            raise DeviceError(f"{self.connection.place}: asking for the units of the pair: the answer has none")
        return cast("list[dict[str, Any]]", units)

    def do(self, step: Step) -> None:
        """Do a step."""
        request = step.request()
        answer = self._send(request.method, request.path, request.body, {"X-NITRO-ONERROR": request.on_error})
        _require_success(self.connection, answer, f"{step.action.value} {_count_items(request)}", request)

    def save(self) -> None:
        """Save the configuration, so that it outlives a restart."""
        _require_success(
            self.connection,
            self._send("POST", f"{CONFIG_PATH}/nsconfig?action=save", {"nsconfig": {}}),
            "saving the configuration",
        )

    def _get(self, name: str, what: str) -> object:
        answer = self._send("GET", f"{CONFIG_PATH}/{name}")
        _require_success(self.connection, answer, what)
        document = answer.document()
        return document.get(name, {}) if isinstance(document, dict) else {}

    def _send(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request; log in once where a session has ended, or credentials per request are off."""
        answer = self._https.send(method, path, body, {**self._headers(), **(headers or {})})
        code = _error_code(answer)
        over = self._has_session and code in _SESSION_OVER
        wanted = (
            self._authentication is Authentication.AUTO
            and not self._has_session
            and code == _NO_CREDENTIALS_PER_REQUEST
        )
        if over or wanted:
            # The request was refused as a whole, so that sending it again does nothing twice.
            self._login()
            answer = self._https.send(method, path, body, {**self._headers(), **(headers or {})})
        return answer

    def _headers(self) -> dict[str, str]:
        if self._token:
            return {"Cookie": f"NITRO_AUTH_TOKEN={self._token}"}
        return {"X-NITRO-USER": self.connection.user, "X-NITRO-PASS": self.connection.password}

    def _login(self) -> None:
        self._has_session, self._token = False, ""
        user = {"username": self.connection.user, "password": self.connection.password, "timeout": _SESSION_SECONDS}
        answer = self._https.send("POST", f"{CONFIG_PATH}/login", {"login": user})
        _require_success(self.connection, answer, "logging in")
        document = answer.document()
        self._token = str(document.get("sessionid", "")) if isinstance(document, dict) else ""
        if not self._token:
            raise DeviceError(f"{self.connection.place}: logging in: the answer has no session")
        self._has_session = True


def _count_items(request: Request) -> str:
    return ", ".join(f"{len(items)} {kind}" for kind, items in request.body.items())


def _error_code(answer: Answer) -> int:
    try:
        document = answer.document()
    except DeviceError:
        return -1
    return _code_of(document) if isinstance(document, dict) else 0


def _code_of(part: Mapping[str, Any]) -> int:
    """Return the error code of an answer, or of a part of it; -1, which is none of success, when it is no number."""
    return number(part.get("errorcode", 0), -1)


def _require_success(connection: Connection, answer: Answer, what: str, request: Request | None = None) -> None:
    """Raise NitroError when the answer, or a part of a bulk answer, is no success."""
    document = answer.document() if answer.ok or "json" in answer.headers.get("content-type", "") else {}
    found: dict[str, Any] = document if isinstance(document, dict) else {}
    code = _code_of(found)
    if answer.ok and answer.status != 207 and code == 0:
        return
    parts = mappings(found.get("response"))
    failed = [part for part in parts if _code_of(part)]
    if answer.status == 207 and not failed and code == 0:
        return
    undone = "" if request is None or request.on_error == "rollback" else ", what came before it is done"
    word = f"a part failed{undone}" if answer.status == 207 else _MEANINGS.get(answer.status, f"HTTP {answer.status}")
    reasons = [f"{part.get('errorcode')} {part.get('message')}" for part in failed]
    reasons = reasons or ([f"{code} {found.get('message', '')}"] if code else [])
    name = _failed_object(parts, request)
    why = f"{': ' if reasons else ''}{'; '.join(reasons)}{f' ({name})' if name else ''}"
    message = f"{connection.place}: {what}: {word}{why}"
    raise NitroError(message, code if code != _BULK_FAILED or not failed else _code_of(failed[0]))


def _failed_object(parts: list[Object], request: Request | None) -> str:
    """Return which object failed, where the answer has a part for each object up to that one."""
    if request is None or not parts:
        return ""
    items = [(kind, values) for kind, group in request.body.items() for values in group]
    index = next((place for place, part in enumerate(parts) if _code_of(part)), -1)
    if index < 0 or (len(parts) == 1 and len(items) > 1):
        return ""
    kind, values = items[index]
    return f"{kind} {' '.join(str(value) for value in list(values.values())[:3])}"
