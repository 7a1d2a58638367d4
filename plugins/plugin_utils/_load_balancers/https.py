# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTPS with an appliance.

One connection that is kept, TLS verified, requests counted, answers bounded in time and size, every failure one clear
sentence.

    with Https(Connection("lb01", user="nsroot", password="...")) as https:
        answer = https.send("GET", "/nitro/v1/config/nsrunningconfig")

Only what keeps an answer from arriving raises; what the answer says is for the driver to judge.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._base.errors import AnswerError, DeviceError
from .._base.libraries import requests

if TYPE_CHECKING:
    from typing import Self

    from requests import Response

# The limit of time of the library counts from one byte to the next, so that an appliance that sends a byte a second
# never reaches it. A whole answer may take so many of those limits: a running configuration of thousands of objects is
# put together and sent in parts.
DEADLINE_TIMEOUTS = 4
# The largest answer known is that of every virtual server with all its parts: some 5 kB each, a few thousand of them.
# As JSON it may take twenty times as much of the controller's memory.
ANSWER_BYTES_MAXIMUM = 32 << 20
_PIECE_BYTES = 1 << 16
_SHOWN = 300
_HIDDEN = "********"


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

    @property
    def deadline_seconds(self) -> float:
        """Return how long a whole answer may take."""
        return self.timeout_seconds * DEADLINE_TIMEOUTS

    def without_secrets(self, text: str) -> str:
        """Return a text without password and token, in every spelling in which an appliance may give them back."""
        for secret in self._spelled_secrets():
            text = text.replace(secret, _HIDDEN)
        return text

    def _spelled_secrets(self) -> list[str]:
        """Return the secrets as they are, quoted as in JSON and in Python, and encoded as headers have them."""
        basic = f"{self.user}:{self.password}" if self.password else ""
        plain = [secret for secret in (self.password, self.token) if secret]
        encoded = [base64.b64encode(secret.encode()).decode() for secret in (basic, *plain) if secret]
        quoted = [spelling(secret)[1:-1] for secret in plain for spelling in (json.dumps, repr)]
        return sorted({*plain, *encoded, *quoted}, key=len, reverse=True)


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
        except (ValueError, RecursionError) as error:
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
        return self._within_deadline(lambda: self._exchange(method, url, content, sent))

    def _within_deadline(self, work: Callable[[], Answer]) -> Answer:
        """Return an answer, which is waited for no longer than the deadline, whatever part of it comes slowly.

        Nothing in a program can end a read that others keep alive, so it happens in a thread that is left behind.
        """
        found: list[Answer] = []
        errors: list[BaseException] = []

        def _work() -> None:
            try:
                found.append(work())
            except BaseException as error:  # raised again where it is waited for
                errors.append(error)

        worker = threading.Thread(target=_work, daemon=True)
        worker.start()
        worker.join(self.connection.deadline_seconds)
        if errors:
            raise errors[0]
        if not found:
            raise DeviceError(_explain_slowness(self.connection))
        return found[0]

    def _exchange(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        # What is unpacked has no size that is known before.
        sent = {**headers, "Accept-Encoding": "identity"}
        end = time.monotonic() + self.connection.deadline_seconds
        try:
            with (
                _silence_warning(self.connection.validate_certs),
                self._session.request(
                    method,
                    url,
                    data=content,
                    headers=sent,
                    timeout=self.connection.timeout_seconds,
                    allow_redirects=False,
                    stream=True,
                ) as found,
            ):
                text = _read_body(self.connection, found, end)
        except requests.exceptions.RequestException as error:
            raise DeviceError(_explain_silence(self.connection, error)) from None
        except OSError as error:  # requests says so when the file of authorities is not there
            raise DeviceError(f"{self.connection.place}: {error}; fix: correct ca") from None
        return Answer(found.status_code, {name.lower(): value for name, value in found.headers.items()}, text)


def _read_body(connection: Connection, found: Response, end: float) -> str:
    """Return the body of an answer; raises DeviceError when it is packed, too large, or too slow.

    JSON is UTF-8 (RFC 8259); what is not is read as Latin-1, so that a comment of somebody else hides nothing.
    """
    packed = found.headers.get("Content-Encoding", "identity").lower()
    if packed not in ("identity", ""):
        raise AnswerError(f"{connection.place}: the answer is packed ({packed[:_SHOWN]}), which nobody asked for")
    pieces, size = [], 0
    for piece in found.iter_content(_PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > ANSWER_BYTES_MAXIMUM:
            raise AnswerError(f"{connection.place}: the answer is larger than {ANSWER_BYTES_MAXIMUM >> 20} MB")
        if time.monotonic() > end:
            raise DeviceError(_explain_slowness(connection))
    content = b"".join(pieces)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _explain_slowness(connection: Connection) -> str:
    fix = "look what keeps the appliance busy, or raise timeout"
    return f"{connection.place}: the answer was not complete after {connection.deadline_seconds:g} s; fix: {fix}"


def _explain_silence(connection: Connection, error: Exception) -> str:
    """Return why no answer came, without the URL and what else the library puts around it."""
    if isinstance(error, requests.exceptions.SSLError):
        reason = _innermost_reason(error)
        fix = "name the authority in ca, or set validate_certs to false"
        if _is_wrong_name(reason):
            fix = "write the name that the certificate has in host, or give the appliance a certificate for this one"
        return f"{connection.place}: its certificate is not trusted: {reason}; fix: {fix}"
    if isinstance(error, requests.exceptions.Timeout):
        fix = "check the address and the firewalls between, or raise timeout"
        return f"{connection.place}: no answer within {connection.timeout_seconds:g} s; fix: {fix}"
    return f"{connection.place}: cannot be reached: {_innermost_reason(error)}; fix: check host and port"


def _is_wrong_name(reason: str) -> bool:
    """Return whether a trusted certificate is that of another host."""
    return "mismatch" in reason or "doesn't match" in reason or "not valid for" in reason


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
