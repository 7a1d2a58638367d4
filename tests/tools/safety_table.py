# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table provider x safety step of docs/safety.md, made of the providers themselves.

    python -m tests.tools.safety_table        # writes it between the two marks of the page

A provider is found because it is a class, so none can be added without its column.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeGuard

from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Done, NotApplicable, Provider, SafetyStep

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "safety.md"
BEGIN, END = "<!-- safety table -->\n", "<!-- end of the safety table -->\n"
_PACKAGE = "ansible_collections.msuc.lync.plugins.plugin_utils"
_CORE = ROOT / "plugins" / "plugin_utils"
# Column of the table, by the name of the class; its order is that of the table.
COLUMNS = {
    "WindowsFirewallProvider": "Windows rules",
    "RestoreProvider": "Windows rollback",
    "IpsecProvider": "IPsec",
    "NftablesProvider": "nftables",
    "HaproxyProvider": "HAProxy",
    "NftablesUdpProvider": "UDP",
    "NginxProvider": "nginx, earlier",
    "PublicationsProvider": "publications",
    "F5Provider": "F5",
    "NetScalerProvider": "NetScaler",
    "KempProvider": "Kemp",
    "DnsProvider": "DNS",
}
STEPS = {
    SafetyStep.RIGHT_HOST: "it is the right device",
    SafetyStep.READ_WHOLE: "everything of ours was read",
    SafetyStep.OWNERSHIP: "what is changed is ours",
    SafetyStep.GUARD: "nobody is locked out",
    SafetyStep.FINGERPRINT: "nobody else changed it meanwhile",
    SafetyStep.VALID_CANDIDATE: "the device would take it",
    SafetyStep.SAVED: "what was there before is saved",
    SafetyStep.REVERT_ARMED: "it comes back unless confirmed",
    SafetyStep.REREAD_EQUAL: "read again, it is as wanted",
    SafetyStep.CONFIRMED: "the change was confirmed",
}


def providers() -> list[type[Provider]]:
    """Return the classes of all devices: those that no other class is derived from."""
    for path in sorted(_CORE.rglob("*.py")):
        importlib.import_module(".".join([_PACKAGE, *path.relative_to(_CORE).with_suffix("").parts]))
    modules = [module for name, module in sys.modules.items() if name.startswith(_PACKAGE)]
    # By the names of our own modules, so what tests derive from a provider hides none.
    found = {value for module in modules for value in vars(module).values() if _is_provider(value)}
    bases = {base for provider in found for base in provider.__mro__[1:]}
    return sorted(found - bases, key=lambda provider: list(COLUMNS).index(provider.__name__))


def _is_provider(value: object) -> TypeGuard[type[Provider]]:
    return isinstance(value, type) and issubclass(value, Provider)


def rendered(classes: Sequence[type[Provider]]) -> str:
    """Return the table as Markdown: yes, or a letter; the reasons of the letters stand below."""
    reasons: dict[str, str] = {}
    rows = [_row(STEPS[step], (_cell(provider, step, reasons) for provider in classes)) for step in SafetyStep]
    head = _row("Before or after a change", (COLUMNS[provider.__name__] for provider in classes))
    rule = "|---" * (len(classes) + 1) + "|"
    lines = [head, rule, *rows, "", *(f"* {letter}: {why}" for why, letter in reasons.items())]
    return "\n".join(lines) + "\n"


def _row(title: str, cells: Iterable[str]) -> str:
    return f"| {title} | {' | '.join(cells)} |"


def _cell(provider: type[Provider], step: SafetyStep, reasons: dict[str, str]) -> str:
    cell = provider.safety[step]
    if isinstance(cell, Done):
        return "yes"
    assert isinstance(cell, NotApplicable)
    why = cell.why[0].lower() + cell.why[1:].rstrip(".")
    return reasons.setdefault(why, chr(ord("a") + len(reasons)))


def on_page(text: str) -> str:
    """Return the table that the page has."""
    return text.partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}{rendered(providers())}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
