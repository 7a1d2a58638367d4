# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run of msuc.lync.publications: read the options, gather, say what changes, write file by file.

    run(Task.from_options(options), Proxy(driver, hands, {"haproxy": "/etc/haproxy/conf.d/x.cfg"}), write=not check_mode)

The files are ours as a whole. The hands are those of load balancers: they try a candidate, rename, reload, and put the old file back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._base.errors import InvalidInputError, Problem
from .._load_balancers.changes import State
from .._load_balancers.conflicts import Listener, messages, stops
from .._load_balancers.https import DeviceError
from .._load_balancers.listeners import others
from .._load_balancers.model import Monitor, Service
from .._load_balancers.results import not_rendered, plain
from .changes import as_results, publication_changes, target
from .driver import PublishingDriver
from .model import Publication
from .options import read_publications

Hands = Callable[[Mapping[str, object]], Mapping[str, Any]]


@dataclass(frozen=True)
class Task:
    """The options of the module, read; texts: what is to be parsed, by what each file is for."""

    state: State
    publications: tuple[Publication, ...]
    texts: Mapping[str, str]

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Task:
        """Return the options read; raises InvalidInputError with every problem."""
        state, texts = State(options["state"]), options.get("running_config") or {}
        if state is State.PARSED and not texts:
            raise InvalidInputError([Problem("running_config", "state parsed needs what is to be parsed", fix="give the texts of the files")])
        return cls(state, read_publications(options["publications"]), texts)


class Proxy:
    """The files of one driver on one host; hands: options of the host's module -> its answer."""

    def __init__(self, driver: PublishingDriver, hands: Hands, paths: Mapping[str, str]) -> None:
        self.driver, self._hands, self._paths = driver, hands, paths
        self._answers: dict[str, Mapping[str, Any]] = {}
        self.requests = 0

    def _host(self, kind: str, operation: str, **more: object) -> Mapping[str, Any]:
        self.requests += 1
        answer = self._hands({"operation": operation, "path": self._paths[kind], **more})
        if answer.get("failed"):
            raise DeviceError(str(answer.get("msg") or "the host's module failed without a message"))
        return answer

    def gather(self) -> tuple[Publication, ...]:
        """Return what the files publish; files that somebody broke by hand publish nothing and are written anew."""
        self._answers = {kind: self._host(kind, "gather") for kind in self.driver.files}
        try:
            return self.driver.parse({kind: self.text(kind) for kind in self.driver.files})
        except InvalidInputError:
            return ()

    def text(self, kind: str) -> str:
        """Return the text of one file as it was gathered."""
        return self._answers[kind].get("content") or ""

    def others(self) -> Iterator[Listener]:
        """Yield who else listens: other files of the program, and other processes."""
        return others(self._answers[self.driver.files[0]], self.driver.name, tuple(self._paths.values()))

    def check(self, texts: Mapping[str, str]) -> None:
        """Let the host try candidates; raises DeviceError with what it says of them."""
        for kind, text in texts.items():
            self._host(kind, "check", content=text or None)

    def apply(self, texts: Mapping[str, str], sockets: Sequence[tuple[str, int]]) -> None:
        """Write files, each followed by a reload; the last one must leave all sockets listening."""
        for kind in texts:
            listeners = [["tcp", address, port] for address, port in sockets] if kind == list(texts)[-1] else []
            digest = str(self._answers[kind].get("digest") or "")
            self._host(kind, "apply", content=texts[kind] or None, expected=digest, listeners=listeners)

    def lines(self, texts: Mapping[str, str]) -> list[str]:
        """Return what writing these files does on the host, in words."""
        return [line for kind, text in texts.items() for line in (f"{'write' if text else 'remove'} {self._paths[kind]}", "reload")]


def run(task: Task, proxy: Proxy, write: bool) -> dict[str, Any]:
    """Return the result of the module; raises InvalidInputError and DeviceError."""
    driver = proxy.driver
    if task.state is State.RENDERED:
        return {"changed": False, "rendered": driver.render(task.publications), **_left_out(driver, task.publications)}
    if task.state is State.PARSED:
        return {"changed": False, "parsed": [plain(each) for each in driver.parse(task.texts)]}
    have = proxy.gather()
    if task.state is State.GATHERED:
        return {"changed": False, "gathered": [plain(each) for each in have], "requests": proxy.requests}
    wanted = target(task.publications, have, task.state)
    stopped = stops([service for each in wanted for service in _as_services(each)], proxy.others())
    return _stopped(messages(stopped), proxy) if stopped else _reconciled(proxy, wanted, have, write)


def _reconciled(proxy: Proxy, wanted: tuple[Publication, ...], have: tuple[Publication, ...], write: bool) -> dict[str, Any]:
    driver = proxy.driver
    rendered = driver.render(wanted)
    texts = {kind: text for kind, text in rendered.items() if text != proxy.text(kind)}
    after = tuple(map(driver.expressible, wanted))
    changes = publication_changes(after, have, bool(texts))
    if not write or len(texts) > 1:
        # All candidates before any is written, or a broken second one would leave half.
        proxy.check(texts)
    if write:
        proxy.apply(texts, [socket for each in wanted for socket in each.sockets])
    return {
        "changed": bool(texts),
        "before": [plain(each) for each in have],
        "after": [plain(each) for each in after],
        **as_results(changes),
        "lines": proxy.lines(texts),
        "requests": proxy.requests,
        "stopped": [],
        **_left_out(driver, wanted),
    }


def _left_out(driver: PublishingDriver, publications: Sequence[Publication]) -> dict[str, Any]:
    return {"not_rendered": not_rendered(item for each in publications for item in driver.not_rendered(each))}


def _as_services(publication: Publication) -> Iterator[Service]:
    """Yield what a publication listens on in the words of load balancers, for the look at who else does."""
    for address, port in publication.sockets:
        yield Service(publication.name, publication.name, address, port, "tcp", port, (), Monitor(port))


def _stopped(sentences: list[str], proxy: Proxy) -> dict[str, Any]:
    fix = "fix: remove what is there, or choose another address"
    message = f"{'; '.join(sentences)}; nothing was written; {fix}"
    return {"changed": False, "failed": True, "msg": message, "stopped": sentences, "requests": proxy.requests}
