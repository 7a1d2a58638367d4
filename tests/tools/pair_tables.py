# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tables of docs/class-pairs.md: what each component takes from each other one, made of the catalogue itself.

python -m tests.tools.pair_tables        # writes them between the two marks of the page
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.components import (
    Component,
    Reason,
    components,
    reasons,
    sources,
    unknown,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import (
    Catalogue,
    Direction,
    PortRow,
    PortSide,
    Scope,
    Version,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.pairs import pair_rows
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.query import answer_row

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "class-pairs.md"
BEGIN, END = "<!-- tables of pairs -->\n", "<!-- end of the tables of pairs -->\n"
_EVERYBODY = "everybody"
_VERSIONS = {version: version.value.upper() if version is Version.SFB_SE else version.value for version in Version}


def all_sources() -> dict[str, str]:
    """Return the pages that rows and reasons name, by key."""
    named = read_document(default_path())["sources"]
    assert isinstance(named, Mapping)
    return {**named, **sources()}


def rendered() -> str:
    """Return the tables as Markdown: a section per receiver, with its rows, reasons and what is unknown."""
    catalogue = parse(read_document(default_path()))
    lines = [line for receiver in components().values() for line in _section(catalogue, receiver)]
    return "\n".join([_counts(catalogue), "", *lines, *_source_lines(catalogue)]) + "\n"


def _counts(catalogue: Catalogue) -> str:
    everybody = components().values()
    total = len(everybody) ** 2
    of_rows = total - len(reasons()) - len(unknown())
    return (
        f"Of {total} pairs of {len(everybody)} components {of_rows} have rows, "
        f"{len(reasons())} a reason, and {len(unknown())} are unknown."
    )


def _section(catalogue: Catalogue, receiver: Component) -> Iterator[str]:
    """Yield the lines of one receiver."""
    yield from (f"## {receiver.title}", "", f"{receiver.note} Asked for as `{receiver.name}`.".strip(), "")
    senders: dict[str, list[str]] = {}
    for sender in components().values():
        for row in pair_rows(catalogue, sender, receiver):
            senders.setdefault(row.id, []).append(sender.title)
    rows = (_row_cells(row, senders[row.id]) for row in catalogue.ports if row.id in senders)
    yield from _table(("Row", "Ports", "Speaks", "From", "When", "Source"), rows)
    yield from _table(("No row from", "Why", "Source"), _reason_cells(receiver))
    lacking = [sender.title for sender in components().values() if (sender.name, receiver.name) in unknown()]
    if lacking:
        yield from (f"Unknown, without a row, from: {'; '.join(lacking)}.", "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    body = [f"| {' | '.join(cells)} |" for cells in rows]
    if body:
        yield from (f"| {' | '.join(head)} |", "|---" * len(head) + "|", *body, "")


def _row_cells(row: PortRow, senders: list[str]) -> tuple[str, ...]:
    answer = answer_row(row)
    port = f"{str(answer['transport']).upper()} {answer['port']}"
    side = " of the sender" if row.direction is Direction.OUT and row.port_side is PortSide.LOCAL else ""
    everybody = len(senders) == len(components())
    named = _EVERYBODY if everybody else "; ".join(senders)
    own = " of the same pool" if all(peer.scope is Scope.OWN_POOL for peer in row.peers) else ""
    guess = " (inferred)" if row.inferred else ""
    return (f"`{row.id}`", port + side, row.application, named + own + guess, _when(row), row.source)


def _when(row: PortRow) -> str:
    """Return in which versions and with which features a row counts; empty for always."""
    versions = ", ".join(_VERSIONS[version] for version in Version if version in row.versions)
    parts = ["" if row.versions == frozenset(Version) else versions, " or ".join(f"`{name}`" for name in row.features)]
    return "; ".join(filter(None, parts))


def _reason_cells(receiver: Component) -> Iterator[tuple[str, ...]]:
    grouped: dict[Reason, list[str]] = {}
    for sender in components().values():
        reason = reasons().get((sender.name, receiver.name))
        if reason is not None:
            grouped.setdefault(reason, []).append(sender.title)
    return (("; ".join(titles), reason.why, reason.source) for reason, titles in grouped.items())


def _source_lines(catalogue: Catalogue) -> Iterator[str]:
    """Yield the pages that the tables name."""
    texts = [*(row.source for row in catalogue.ports if row.enabled), *(reason.source for reason in reasons().values())]
    used = {key.strip() for text in texts for key in text.split(",")}
    yield from ("## Sources", "")
    yield from _table(("Key", "Page"), ((key, page) for key, page in all_sources().items() if key in used))


def on_page(text: str) -> str:
    """Return the tables that the page has."""
    return text.partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    """Write the tables into the page."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}{rendered()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
