# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs on a Linux host whose configuration is files.

One of them is ours as a whole, and a module on the host reads and writes it.

Whoever else listens, in other files or as other processes, stops the pool that wants the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._base.changes import State
from .._base.errors import AnswerError, DeviceError, InvalidInputError, shown
from .._base.reconcile import Done, NotApplicable, SafetyStep, SafetyTable
from .config_syntax import first_strange_line, listeners_of
from .driver import Driver
from .model import Service
from .reconcile import Gathered, Order, ServicesProvider, Task, Work

Remote = Callable[[Mapping[str, object]], Mapping[str, Any]]
"""The module on the host: its options in, its answer out."""
_ANSIBLE = "the connection is Ansible's, which knows hosts by their keys"
_TRAFFIC = "it changes where traffic goes, and not who reaches the host"
_RESTORED = "the host puts the old file back itself when the program does not take the new one"
FILE_SAFETY: SafetyTable = {
    SafetyStep.RIGHT_HOST: NotApplicable(_ANSIBLE),
    SafetyStep.READ_WHOLE: Done("RemoteFile.gather: the file, its digest, the other files and who listens"),
    SafetyStep.OWNERSHIP: Done(
        "plan: the file is ours as a whole, and an address of somebody else stops what wants it"
    ),
    SafetyStep.GUARD: NotApplicable(_TRAFFIC),
    SafetyStep.FINGERPRINT: Done("RemoteFile.apply: the digest of the file as it was gathered, under a lock"),
    SafetyStep.VALID_CANDIDATE: Done("RemoteFile.apply: the program checks the whole configuration with the new file"),
    SafetyStep.SAVED: NotApplicable(_RESTORED),
    SafetyStep.REVERT_ARMED: NotApplicable(_RESTORED),
    SafetyStep.REREAD_EQUAL: Done("verify: the host is read again and compared"),
    SafetyStep.CONFIRMED: NotApplicable("nothing comes back by itself"),
}
_ANSWERED_WHOLE = frozenset({"content", "digest", "files", "listeners"})


def refuse_to_keep(strange: Sequence[str]) -> None:
    """Raise DeviceError: something of files of ours is to be kept, and not all of them is understood."""
    fix = "set the file right, or run for everything at once with state replaced, which writes it anew"
    text = f"{'; '.join(strange)}; what it has is not known, and something of it is to be kept; nothing was written"
    raise DeviceError(f"{text}; fix: {fix}")


def tell_not_known(strange: Sequence[str]) -> None:
    """Raise DeviceError: what files of ours have is not known, so nobody can tell what is different."""
    fix = "look at the file; a run that waits for nobody writes it anew, with what is planned alone"
    raise DeviceError(f"{'; '.join(strange)}; what it has is not known; fix: {fix}")


def written_anew_texts(strange: Sequence[str]) -> list[str]:
    """Return what a result says of files that were written anew, or would be."""
    return [f"{text}; it is written anew with what is planned alone, and what else it had is gone" for text in strange]


class RemoteFile:
    """One file of ours on a host; answer: what the host's module gathered last, requests: how often it was asked."""

    def __init__(self, remote: Remote, path: str) -> None:
        self._remote, self.path = remote, path
        self.answer: Mapping[str, Any] = {}
        self.requests = 0

    @property
    def text(self) -> str:
        """Return the text of the file as it was gathered, empty for none."""
        return self.answer.get("content") or ""

    def strange_text(self, why: str) -> str:
        """Return why the file is not understood, in words; empty when it is."""
        return f"{self.path} cannot be read whole: {why}" if why else ""

    def compare(self, driver: str, expected: str, earlier: str = "") -> str:
        """Return the first line that a rendering of what was read lacks, in words; empty when all is understood.

        earlier: the same in the layout of a version before, which is as good.
        """
        if self.answer.get("content") is None or (earlier and not first_strange_line(driver, self.text, earlier)):
            return ""
        return self.strange_text(first_strange_line(driver, self.text, expected))

    def has(self, text: str) -> bool:
        """Return whether the file is this text; an empty one means that there is no file."""
        return bool((text or None) == self.answer.get("content"))

    @property
    def is_whole(self) -> bool:
        """Return whether the host answered with everything that a comparison needs."""
        return self.answer.keys() >= _ANSWERED_WHOLE

    def gather(self) -> None:
        """Read the file and who else listens; raises DeviceError."""
        answer = self._ask("gather")
        if not isinstance(answer.get("content"), (str, type(None))):
            raise AnswerError(f"{self.path}: the host's answer holds no text of it: {shown(answer['content'])}")
        self.answer = answer

    def check(self, text: str) -> None:
        """Let the host try a candidate; raises DeviceError with what it answers."""
        self._ask("check", content=text or None)

    def apply(self, text: str, listeners: Sequence[Sequence[object]], commands: Sequence[str] = ()) -> set[SafetyStep]:
        """Write the file by commands of the running program or a reload; return the steps that the host took.

        listeners: protocol, address and port of what must listen afterwards. Raises DeviceError when the file changed
        since it was gathered, when the program does not take the whole configuration, and when the reload fails.
        """
        digest = str(self.answer.get("digest") or "")
        asked = {"content": text or None, "expected": digest, "listeners": listeners, "commands": list(commands)}
        answer = self._ask("apply", **asked)
        # The host answers so only after it compared the digest and tried the candidate.
        return {SafetyStep.FINGERPRINT, SafetyStep.VALID_CANDIDATE} if "reloaded" in answer else set()

    def _ask(self, operation: str, **more: object) -> Mapping[str, Any]:
        self.requests += 1
        answer = self._remote({"operation": operation, "path": self.path, **more})
        if answer.get("failed"):
            raise DeviceError(str(answer.get("msg") or "the host's module failed without a message"))
        return answer


class ConfigFileProvider(ServicesProvider):
    """The services of one program in one file on a host; what the running program knows is the subclass's."""

    safety = FILE_SAFETY

    def __init__(self, task: Task, driver: Driver, remote: Remote, path: str) -> None:
        """Check what needs no host; raises InvalidInputError."""
        super().__init__(task, driver)
        self.file = RemoteFile(remote, path)
        self._services: tuple[Service, ...] = ()
        self._strange = ""
        self._is_current = True
        self._anew: list[str] = []
        self._text = ""
        self._commands_to_run: tuple[str, ...] = ()
        self._wanted: tuple[Service, ...] = ()

    # What programs differ in.

    def earlier(self, text: str) -> str:
        """Return a file as an earlier version of this collection wrote it, empty where that was no other."""
        return ""

    def text_read(self, services: tuple[Service, ...]) -> str:
        """Return the text of a file with services that were read of one, to compare both."""
        return self.driver.render(services).text

    def running(self, services: tuple[Service, ...]) -> tuple[Service, ...]:
        """Return the services of the file as the running program has them."""
        return services

    def facts(self, services: tuple[Service, ...]) -> Mapping[str, object]:
        """Return what is known of the running program."""
        return {}

    def commands(self, before: tuple[Service, ...], after: tuple[Service, ...]) -> tuple[str, ...]:
        """Return commands that lead the running program from before to after; none when that takes a reload."""
        return ()

    @property
    def requests(self) -> int:
        """Return how often the host was asked."""
        return self.file.requests

    def read(self) -> Gathered:
        """Return the services of our file, members as the running program has them, and who else listens."""
        self.file.gather()
        if self.file.is_whole:
            self.evidence.add(SafetyStep.READ_WHOLE)
        in_file, is_known = self._parse_file()
        self._services = self.running(in_file)
        listeners = tuple(listeners_of(self.file.answer, self.driver.name))
        facts = self.facts(in_file)
        self._anew += written_anew_texts([self._strange]) if self._strange else []
        facts = {**facts, "warnings": [*_list_warnings(facts), *self._anew]} if self._anew else facts
        return Gathered(self._services, listeners, facts, is_known=is_known)

    def _parse_file(self) -> tuple[tuple[Service, ...], bool]:
        """Return the services of the file, and whether they are known; takes down what of it is not understood."""
        try:
            services = self.driver.parse(self.file.text)
            text = self.text_read(services)
            self._strange = self.file.compare(self.driver.name, text, self.earlier(text))
            self._is_current = self.file.has(text) or not self.earlier(text)
        except InvalidInputError as error:
            first = error.problems[0]
            self._strange = self.file.strange_text(f"{first.place}: {first.message}")
            return (), False
        return services, bool(services) or not self._strange

    def refuse_unknown(self) -> None:
        """Refuse what needs more than is known of the file: keeping a part of it, or telling what it has."""
        is_brought = self.task.state is State.REPLACED or (self.task.state is State.DELETED and not self.task.services)
        if not self._strange:
            return
        if self.task.state is State.GATHERED:
            tell_not_known([self._strange])
        keeps = bool(self._conflicts) or self.presence.is_holding
        if not is_brought or keeps:
            refuse_to_keep([self._strange])

    def prepare(self, order: Order) -> Work:
        """Return what has to be done: commands of the running program where members alone change, else a reload."""
        kept = tuple(service for service in self._services if service.name in order.kept)
        self._wanted = tuple(sorted((*order.asked, *kept), key=lambda service: service.name))
        self._text = self.driver.render(self._wanted).text
        after = tuple(map(self.driver.expressible, self._wanted))
        is_written = self.file.has(self._text)
        if is_written and after == self._services:
            return Work()
        # What runs in another layout is not led to today's by commands.
        self._commands_to_run = self.commands(self._services, after) if self._is_current else ()
        shown = [line.lstrip("?") for line in self._commands_to_run] or ["reload"]
        rewritten = frozenset(service.name for service in after if not is_written and service in self._services)
        lines = (*([] if is_written else [f"write {self.file.path}"]), *shown)
        return Work(lines, rewritten if after == self._services else frozenset())

    def forecast(self, refusals: Sequence[str]) -> None:
        """Let the host try the candidate, which apply does otherwise; raises DeviceError with what it answers."""
        self.file.check(self._text)
        if not self._have.is_known:
            tell_not_known([self._strange])
        super().forecast(refusals)

    def write(self) -> None:
        """Write and reload, or run the commands and write."""
        listeners = [[service.protocol, service.vip, service.port] for service in self._wanted]
        self.evidence |= self.file.apply(self._text, listeners, self._commands_to_run)


def _list_warnings(facts: Mapping[str, object]) -> list[object]:
    found = facts.get("warnings")
    return list(found) if isinstance(found, list) else []
