# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rows of reading Windows rules without COM: the registry of a host, and the evidence that it may be believed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import (
    Task,
    WindowsFirewallProvider,
)

from tests.unit.firewall.memory import link_to
from tests.unit.firewall.windows.test_reading import BUILD, EQUAL

from .device_cells import NASTY, PENDING_REVERT
from .devices import NEW_RULE, WindowsDevice, documents, gone, half, runs_over, windows
from .model import Cell, Expect, Fault, NotApplicable, Put, Source

REFUSED, HARMLESS = Expect.REFUSED, Expect.HARMLESS
COM_ASKED = "the registry does not count then, and COM is asked"
BOTH_READ = "it is no evidence then, so both are read"
_CLOSED = "Requested registry access is not allowed."
_STRANGE = "v9.99|Action=Allow|Active=TRUE|Dir=In|Quantum=1|Name=Theirs|"


class RegistryDevice(WindowsDevice):
    """A Windows host that is read through its registry, as evidence of its build allows."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = tempfile.TemporaryDirectory()
        self.evidence = Path(self._kept.name, f"{BUILD}.json")
        self.evidence.write_text(json.dumps(EQUAL), encoding="utf-8")

    def provider(self, more: bool) -> Provider:
        options = {"gather_through": "auto", "evidence_dir": self._kept.name}
        task = Task.from_options({"rules": [windows.SIP, *([NEW_RULE] if more else [])], **options})
        return WindowsFirewallProvider(task, link_to(self.store, spoil=self.answer))


def _theirs(change: Callable[[str], str]) -> Put:
    """Give the rule of somebody else another text in the registry."""

    def changed(stored: Mapping[str, Any]) -> dict[str, Any]:
        rules = {key: change(text) if "|Name=Theirs|" in text else text for key, text in stored["rules"].items()}
        return {**stored, "rules": rules}

    return documents("stored", changed)


def _stored(**parts: object) -> Put:
    return documents("stored", lambda stored: {**stored, **parts})


def _evidence(text: str) -> Put:
    return lambda device: device.evidence.write_text(text, encoding="utf-8")


def _lies(device: RegistryDevice) -> None:
    """Let the registry tell of our rule what COM does not show, where the evidence says that both are the same."""
    ours = next(rule for rule in device.store.document["rules"] if rule["Name"] != "Theirs")
    text = "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5070|Name=SIP|EmbedCtxt=msuc.lync|"
    device.store.change(registry={"rules": {ours["id"]: text}, "problem": ""})


def _in_the_way(device: RegistryDevice) -> None:
    device.evidence.unlink()
    device.evidence.mkdir()


STORED_RULES = Source(
    "Windows rules: rules of the registry",
    runs_over(RegistryDevice),
    {
        Fault.ABSENT: Cell(documents("stored", gone), REFUSED),
        Fault.EMPTY: Cell(_stored(rules={}), HARMLESS, COM_ASKED),
        Fault.UNREADABLE: Cell(_stored(rules={}, problem=_CLOSED), HARMLESS, COM_ASKED),
        Fault.CUT_OFF: Cell(_theirs(half), HARMLESS, COM_ASKED),
        Fault.MALFORMED_FOREIGN: Cell(_theirs(lambda _text: "no rule at all"), HARMLESS, COM_ASKED),
        Fault.HOSTILE: Cell(_theirs(lambda _text: NASTY), HARMLESS, COM_ASKED),
        Fault.OTHER_VERSION: Cell(_theirs(lambda _text: _STRANGE), HARMLESS, COM_ASKED),
        Fault.PENDING: Cell(PENDING_REVERT, REFUSED),
    },
    WindowsFirewallProvider,
)  # fmt: skip
EVIDENCE = Source(
    "Windows rules: evidence of a build",
    runs_over(RegistryDevice),
    {
        Fault.ABSENT: Cell(lambda device: device.evidence.unlink(), HARMLESS, BOTH_READ),
        Fault.EMPTY: Cell(_evidence(""), HARMLESS, BOTH_READ),
        Fault.UNREADABLE: Cell(_in_the_way, HARMLESS, BOTH_READ),
        Fault.CUT_OFF: Cell(_evidence(half(json.dumps(EQUAL))), HARMLESS, BOTH_READ),
        Fault.MALFORMED_FOREIGN: Cell(_evidence(json.dumps({**EQUAL, "build": "20348.1"})), HARMLESS, BOTH_READ),
        Fault.HOSTILE: Cell(_lies, REFUSED),
        Fault.OTHER_VERSION: Cell(_evidence(json.dumps({"build": BUILD, "equal": True})), HARMLESS, BOTH_READ),
        Fault.PENDING: NotApplicable("A file says what was compared, and is replaced at once."),
    },
)
SOURCES: tuple[Source, ...] = (STORED_RULES, EVIDENCE)
