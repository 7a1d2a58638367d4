# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topologies of the examples, as Topology Builder and Get-CsTopology would have them.

    python -m tests.tools.topology_examples      writes examples/topologies
"""

from __future__ import annotations

from pathlib import Path

from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_topology

from ..unit.compiler.examples import example
from ..unit.topology.topology_of import document_of

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = ROOT / "examples" / "topologies"
DOMAIN = "fabrikam.com"


def texts() -> dict[str, str]:
    """Return the files by name."""
    small, fabrikam = (document_of(read_topology(example(name)), DOMAIN) for name in ("small", "fabrikam"))
    return {"small.tbxml": f"{small.builder_text()}\n", "fabrikam.xml": f"{fabrikam.published_text()}\n"}


if __name__ == "__main__":
    for file_name, content in texts().items():
        (DIRECTORY / file_name).write_text(content, encoding="utf-8")
