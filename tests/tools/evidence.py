# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What real Windows hosts answered, and the table of it in README.md.

    {"kind": "rules", "build": "20348.2700", "date": "2026-12-01", "seconds": 900, "scenarios": 76, "outcomes":
     [{"name": ..., "verdict": "confirmed", ...}]}                         made by run.ps1 -Report, selftest.yml
    {"kind": "ipsec", ...}                                                the same, made by run_ipsec.ps1 -Report
    {"kind": "revert_fired", "build": "20348.2700", "date": "2026-12-01", "passed": true, "note": "how it was seen"}

Each file of tests/evidence is one of these. What nobody has seen is an empty cell. scenarios: how many there are; a
report of some of them, as -Name makes it, proves nothing.

PYTHONPATH=.collections:. .venv/bin/python -m tests.tools.evidence      prints the table
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.builds import RELEASES

FOLDER = Path(__file__).resolve().parents[1] / "evidence"
KINDS: Mapping[str, str] = {
    "rules": "assumptions about rules",
    "ipsec": "assumptions about IPsec exemptions",
    "revert_fired": "a change that nobody confirmed came back",
    "revert_not_fired": "a confirmed change stayed",
    "reboot": "came back after a restart over the due minute",
}
_COUNTED = ("rules", "ipsec")
_VERDICTS = ("confirmed", "refuted", "not asked")
_BUILD = re.compile(r"[0-9]{4,5}(\.[0-9]+)?")


class EvidenceError(ValueError):
    """A file is no evidence."""


@dataclass(frozen=True)
class Evidence:
    """What one file says; text: of its cell. is_good: it showed what the product relies on."""

    release: int
    build: str
    kind: str
    date: str
    text: str
    is_good: bool


def read_evidence(folder: Path = FOLDER) -> list[Evidence]:
    """Return what the files of a folder say; raises EvidenceError with the file, what is wrong, and what is allowed."""
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def _read(path: Path) -> Evidence:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        build, kind = str(found["build"]), str(found["kind"])
        date = datetime.date.fromisoformat(found["date"]).isoformat()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvidenceError(f"{path.name}: {type(error).__name__}: {error}") from error
    if kind not in KINDS:
        raise EvidenceError(f"{path.name}: kind {kind!r}; allowed: {', '.join(KINDS)}")
    if not _BUILD.fullmatch(build) or int(build.partition(".")[0]) not in RELEASES:
        allowed = ", ".join(map(str, RELEASES))
        raise EvidenceError(f"{path.name}: build {build!r}; allowed: one of {allowed}, with its update")
    text, is_good = _count(path, found) if kind in _COUNTED else _say(path, found.get("passed"))
    return Evidence(int(build.partition(".")[0]), build, kind, date, text, is_good)


def _count(path: Path, found: Mapping[str, object]) -> tuple[str, bool]:
    """Return the text of a cell, and whether all scenarios were run and none that could be asked was refuted."""
    verdicts, total = _verdicts(path, found.get("outcomes")), found.get("scenarios")
    if not isinstance(total, int) or isinstance(total, bool) or total < len(verdicts):
        raise EvidenceError(f"{path.name}: scenarios {total!r}; allowed: how many there are, {len(verdicts)} or more")
    counts = {word: verdicts.count(word) for word in _VERDICTS}
    refuted = f", {counts['refuted']} refuted" if counts["refuted"] else ""
    partial = f", **only {len(verdicts)} of {total} run**" if len(verdicts) < total else ""
    is_good = bool(counts["confirmed"]) and not refuted and not partial
    return f"{counts['confirmed']} confirmed{refuted}{partial}", is_good


def _verdicts(path: Path, outcomes: object) -> list[object]:
    verdicts = [one.get("verdict") for one in outcomes if isinstance(one, dict)] if isinstance(outcomes, list) else []
    if not verdicts or set(verdicts) - set(_VERDICTS):
        raise EvidenceError(f"{path.name}: outcomes; allowed: a list of scenarios with {', '.join(_VERDICTS)}")
    return verdicts


def _say(path: Path, passed: object) -> tuple[str, bool]:
    if not isinstance(passed, bool):
        raise EvidenceError(f"{path.name}: passed {passed!r}; allowed: true, false")
    return ("yes" if passed else "**no**"), passed


def table(evidence: Iterable[Evidence]) -> str:
    """Return the table: a row for each release, and in each cell the newest evidence, or nothing."""
    newest = _newest(evidence)
    rows = [["Windows", *KINDS.values()], ["---"] * (len(KINDS) + 1)]
    for release, name in RELEASES.items():
        rows.append([f"{name} ({release})", *(_cell(newest.get((release, kind))) for kind in KINDS)])
    return "".join(f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in row)}|\n" for row in rows)


def proven(evidence: Iterable[Evidence]) -> frozenset[int]:
    """Return the releases of which the newest evidence of every kind is there and good."""
    good = {key for key, one in _newest(evidence).items() if one.is_good}
    return frozenset(release for release in RELEASES if all((release, kind) in good for kind in KINDS))


def reverting(evidence: Iterable[Evidence]) -> frozenset[int]:
    """Return the releases of which the newest evidence has a change come back that nobody confirmed."""
    newest = _newest(evidence)
    return frozenset(release for (release, kind), one in newest.items() if kind == "revert_fired" and one.is_good)


def _newest(evidence: Iterable[Evidence]) -> dict[tuple[int, str], Evidence]:
    return {(one.release, one.kind): one for one in sorted(evidence, key=lambda one: one.date)}


def _cell(one: Evidence | None) -> str:
    return f"{one.text} ({one.build}, {one.date})" if one else ""


if __name__ == "__main__":
    print(table(read_evidence()), end="")
