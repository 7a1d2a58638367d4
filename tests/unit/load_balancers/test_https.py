# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long and how large an answer of an appliance may be, and that no message has a secret in it."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers import https
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.https import Answer, Connection, Https

from tests.simulators.https_server import HttpsServer, Request, Response

LETTERS = "text/plain; charset=iso-8859-1"


def ask(response: Response, wait_seconds: float = 0, **connection: Any) -> tuple[Answer, Request]:
    """Return the answer of a server, and what it was asked."""

    def respond(_request: Request) -> Response:
        time.sleep(wait_seconds)
        return response

    with HttpsServer(respond) as server:
        given = Connection("127.0.0.1", server.port, ca=str(server.ca), **connection)
        with Https(given) as made:
            return made.send("GET", "/"), server.requests[0]


def test_an_answer_that_is_not_complete_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https, "DEADLINE_TIMEOUTS", 0.01)
    start = time.monotonic()
    with pytest.raises(DeviceError, match=r"the answer was not complete after 0\.3 s; fix: look what keeps"):
        ask(Response(200, {}), wait_seconds=2, timeout_seconds=30)
    # The server is waited for at the end of the test, not the answer.
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("size", [1000, 1001])
def test_an_answer_that_is_too_large_is_given_up(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(https, "ANSWER_BYTES_MAXIMUM", 1000)
    if size == 1000:
        assert ask(Response(200, text="x" * size))[0].text == "x" * size
        return
    with pytest.raises(DeviceError, match=r"127\.0\.0\.1:\d+: the answer is larger than"):
        ask(Response(200, text="x" * size))


def test_nothing_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(Response(200, {}))[1].headers["accept-encoding"] == "identity"
    with pytest.raises(DeviceError, match=r"the answer is packed \(gzip\), which nobody asked for"):
        ask(Response(200, {}, headers={"Content-Encoding": "gzip"}))


def test_what_is_no_utf_8_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Response, "body", lambda _response: b'{"a": "M\xfcller"}')
    assert ask(Response(200, {}))[0].document() == {"a": "M\u00fcller"}
    monkeypatch.setattr(Response, "body", lambda _response: '{"a": "M\u00fcller"}'.encode())
    assert ask(Response(200, text="x", content_type=LETTERS))[0].document() == {"a": "M\u00fcller"}


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "{'x-nitro-pass': 'x'}"])
def test_what_is_no_json_of_any_measure_is_said(text: str) -> None:
    with pytest.raises(DeviceError, match="the answer, HTTP 200, is no JSON"):
        Answer(200, {}, text).document()


SECRET = 'hunter2"\\S3cr\u00e9t'
BASIC = base64.b64encode(f"nsroot:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    "said",
    [SECRET, repr(SECRET), json.dumps(SECRET), base64.b64encode(SECRET.encode()).decode(), f"Basic {BASIC}", "t0k3n"],
)
def test_a_message_has_no_secret_however_it_is_spelled(said: str) -> None:
    connection = Connection("lb01", user="nsroot", password=SECRET, token="t0k3n")
    shown = connection.without_secrets(f"the answer is {said}, of nsroot")
    assert "********" in shown and "nsroot" in shown
    assert not any(secret in shown for secret in (SECRET, BASIC, "t0k3n", repr(SECRET)[1:-1], json.dumps(SECRET)[1:-1]))


def test_without_secrets_nothing_is_hidden() -> None:
    assert Connection("lb01").without_secrets("a b") == "a b"


def test_nobody_is_told_to_trust_a_wrong_name() -> None:
    with (
        HttpsServer(lambda _request: Response(200, {})) as server,
        Https(Connection("localhost", server.port, ca=str(server.ca))) as made,
        pytest.raises(DeviceError, match="write the name that the certificate has in host") as caught,
    ):
        made.send("GET", "/")
    assert "validate_certs" not in str(caught.value)
