# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Imports a topology of a number of machines once: prints the seconds, and how many hosts were made.

    python -m tests.bench.topology_once 500
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from ansible_collections.msuc.lync.plugins.plugin_utils._topology.run import Request, run_import

from tests.simulators.topologies import Document

POOL_SIZE = 8


def topology(machines: int) -> str:
    """Return a topology of Front End pools with a database and a share each, of so many machines together."""
    document = Document(sip_domains=["contoso.com"])
    for number in range(machines // (POOL_SIZE + 2)):
        servers = [f"fe{number:03}{place}.contoso.com" for place in range(POOL_SIZE)]
        pool = document.cluster(f"pool{number:03}.contoso.com", servers)
        sql, file = (document.cluster(f"{kind}{number:03}.contoso.com") for kind in ("sql", "fs"))
        store, share = document.store("UserStore", sql, 8), document.share(file, 8)
        document.front_end(pool, 8, store=store, share=share, external=f"web{number:03}.contoso.com")
        document.mediation(pool, 8)
    return document.published_text()


def main() -> None:
    """Import it, from the file to the files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "topology.xml")
        path.write_text(topology(int(sys.argv[1])), encoding="utf-8")
        started = time.perf_counter()
        made = run_import(Request(path, Path(folder, "inventory")))
        seconds = time.perf_counter() - started
        print(seconds, made.lines[1].split()[1])


if __name__ == "__main__":
    main()
