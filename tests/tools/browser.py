# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A headless Chromium for a test, driven over a pipe by the DevTools protocol.

No driver program and no port are needed.

    with Browser(profile) as browser:
        browser.open(path.as_uri())
        browser.value("document.title"), browser.requests, browser.complaints

The protocol: https://chromedevtools.github.io/devtools-protocol. Messages are JSON, each ended by a zero byte
(headless/README and content/browser/devtools/devtools_pipe_handler.cc of Chromium).
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROGRAM = "chromium"
MISSING = f"there is no {PROGRAM}: apt-get install chromium"
PATIENCE_SECONDS = 60
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip


def is_here() -> bool:
    """Return whether this machine has the browser."""
    return shutil.which(PROGRAM) is not None


class BrowserError(Exception):
    """The browser ended, does not answer, or refuses what was asked."""


class Browser:
    """One tab of a browser of its own; requests and complaints are those since the last open."""

    def __init__(self, profile: Path, width: int = 1280, height: int = 900) -> None:
        self._size = (width, height)
        self._profile = profile
        self._left = b""
        self._number = 0
        self._session: str | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._loaded = False

    def __enter__(self) -> Browser:
        # Chromium reads messages from its file descriptor 3 and writes them to 4; bash moves ours there.
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        command = ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash", PROGRAM, *_FLAGS]
        size = f"--window-size={self._size[0]},{self._size[1]}"
        log = self._profile.with_suffix(".log").open("wb")
        self._process = subprocess.Popen(
            [*command, size, f"--user-data-dir={self._profile}", "about:blank"],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        for handle in (theirs_in, theirs_out):
            os.close(handle)
        log.close()
        pages = [target for target in self.call("Target.getTargets")["targetInfos"] if target["type"] == "page"]
        target = pages[0]["targetId"] if pages else self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._to)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._from)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Return what a method of the protocol answers; raises BrowserError."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._note(answer)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        found: dict[str, Any] = answer["result"]
        return found

    def open(self, address: str) -> None:
        """Load a page and wait until everything of it is there."""
        self.requests.clear()
        self.complaints.clear()
        self._loaded = False
        self.call("Page.navigate", url=address)
        while not self._loaded:
            self._note(self._next())

    def value(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, awaited; raises BrowserError when it throws."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def look(self, medium: str = "", scheme: str = "light") -> None:
        """Show the page on paper (medium "print") or on a screen, in a light or dark scheme."""
        self.call(
            "Emulation.setEmulatedMedia", media=medium, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def press(self, key: str) -> None:
        """Press and let go a key that stands for one character."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **({"text": key} if kind == "keyDown" else {}))

    def write(self, text: str) -> None:
        """Type a text at once, where the focus is."""
        self.call("Input.insertText", text=text)

    def picture(self) -> bytes:
        """Return what is to be seen as a PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def _next(self) -> dict[str, Any]:
        """Return the next message of the browser."""
        end = time.monotonic() + PATIENCE_SECONDS
        while b"\0" not in self._left:
            if not select.select([self._from], [], [], max(0.0, end - time.monotonic()))[0]:
                raise BrowserError(f"no answer for {PATIENCE_SECONDS} s")
            more = os.read(self._from, 1 << 16)
            if not more:
                raise BrowserError(f"{PROGRAM} ended; see {self._profile.with_suffix('.log')}")
            self._left += more
        message, _zero, self._left = self._left.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _note(self, event: Mapping[str, Any]) -> None:
        """Keep what an event tells of requests, complaints and loading."""
        method, told = event.get("method"), event.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("warning", "error"):
            self.complaints.append(told["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"].get("exception", told["exceptionDetails"])))
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("warning", "error", "assert"):
            self.complaints.append(str(told["args"]))
