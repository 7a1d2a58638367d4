# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTPS with an appliance.

One connection that is kept, TLS verified, requests counted, every failure one clear sentence.

    with Https(Connection("lb01", user="nsroot", password="...")) as https:
        answer = https.send("GET", "/nitro/v1/config/nsrunningconfig")

Only what keeps an answer from arriving raises; what the answer says is for the driver to judge.
"""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._base.errors import AnswerError, DeviceError
from .._base.libraries import requests

if TYPE_CHECKING:
    from typing import Self

_SHOWN = 300


@dataclass(frozen=True)
class Connection:
    """How an appliance is reached.

    host: name or address. user and password, or token: whatever the driver sends; never shown.
    ca: a file of authorities to trust instead of the system's; None takes those of the requests library.
    """

    host: str
    port: int = 443
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    validate_certs: bool = True
    ca: str | None = None
    timeout_seconds: float = 30

    @classmethod
    def from_options(cls, given: Mapping[str, Any]) -> Self:
        """Return the option provider of a module as one."""
        texts = {name: str(given.get(name) or "") for name in ("host", "user", "password", "token")}
        return cls(
            **texts,
            port=int(given.get("port") or 443),
            validate_certs=bool(given.get("validate_certs", True)),
            ca=given.get("ca"),
            timeout_seconds=float(given.get("timeout") or 30),
        )

    @property
    def place(self) -> str:
        """Return how the appliance is named in messages."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """An answer: its HTTP status, its headers by lower-case name, its body."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def ok(self) -> bool:
        """Return whether the status is one of success."""
        return 200 <= self.status < 300

    def document(self) -> object:
        """Return the body as JSON, None when it is empty; raises AnswerError when it is something else."""
        if not self.text.strip():
            return None
        try:
            return json.loads(self.text)
        except ValueError as error:
            raise AnswerError(f"the answer, HTTP {self.status}, is no JSON: {self.text[:_SHOWN]!r}") from error


class Https:
    """A kept connection to one appliance; requests is how many were sent."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.requests = 0
        self._session = requests.Session()
        # Neither proxies nor .netrc of whoever runs ansible: credentials go where the inventory says.
        self._session.trust_env = False
        self._session.verify = (connection.ca or True) if connection.validate_certs else False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._session.close()

    def send(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request, a body as JSON, and return the answer; raises DeviceError when none comes."""
        self.requests += 1
        host = f"[{self.connection.host}]" if ":" in self.connection.host else self.connection.host
        url = f"https://{host}:{self.connection.port}{path}"
        content = None if body is None else json.dumps(body).encode()
        sent = {**({} if content is None else {"Content-Type": "application/json"}), **(headers or {})}
        try:
            with _silence_warning(self.connection.validate_certs):
                seconds = self.connection.timeout_seconds
                found = self._session.request(
                    method, url, data=content, headers=sent, timeout=seconds, allow_redirects=False
                )
        except requests.exceptions.RequestException as error:
            raise DeviceError(_explain_silence(self.connection, error)) from None
        except OSError as error:  # requests says so when the file of authorities is not there
            raise DeviceError(f"{self.connection.place}: {error}; fix: correct ca") from None
        return Answer(found.status_code, {name.lower(): value for name, value in found.headers.items()}, found.text)


def _explain_silence(connection: Connection, error: Exception) -> str:
    """Return why no answer came, without the URL and what else the library puts around it."""
    if isinstance(error, requests.exceptions.SSLError):
        fix = "name the authority in ca, or set validate_certs to false"
        return f"{connection.place}: its certificate is not trusted: {_innermost_reason(error)}; fix: {fix}"
    if isinstance(error, requests.exceptions.Timeout):
        fix = "check the address and the firewalls between, or raise timeout"
        return f"{connection.place}: no answer within {connection.timeout_seconds:g} s; fix: {fix}"
    return f"{connection.place}: cannot be reached: {_innermost_reason(error)}; fix: check host and port"


def _innermost_reason(error: BaseException) -> str:
    """Return the innermost reason of an exception of the library."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None) or seen.__cause__ or seen.__context__ or next(iter(seen.args), None)
        if not isinstance(inner, BaseException) or inner is seen:
            return str(seen).rpartition("] ")[2] or type(seen).__name__
        seen = inner


@contextlib.contextmanager
def _silence_warning(verified: bool) -> Iterator[None]:
    """Keep urllib3's warning of an unverified request off the output: the user asked for it."""
    with warnings.catch_warnings():
        if not verified:
            warnings.simplefilter("ignore")
        yield
