# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pictures of the documentation: the drift report of examples/contoso, after some things were changed by hand.

    python -m tests.lab.screenshots [DIRECTORY]     # docs/images unless told otherwise

The report is a real one: site.yml and drift.yml against simulated hosts.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.tools.browser import Browser

from ..simulators.tamper import main as tamper
from .lab import ROOT
from .site_lab import SiteLab

EXAMPLE = "examples/contoso"
BY_HAND = (
    ("fe02", "Lync fe-sip-tls (TCP in)", "enabled=false"),
    ("fe02", "Lync fe-focus (TCP in)", "localport=444,9999"),
    ("edge01", "Lync edge-web-conferencing (TCP in)", "remoteip=203.0.113.7"),
)


# Parts of the page by the words of their links, and the names of their pictures; the page begins with what differs.
PARTS = {"": "drift", "Topology": "drift-topology", "Certificates": "drift-certificates"}


def report(directory: Path) -> Path:
    """Return the page of a drift report, made below a directory."""
    with SiteLab(EXAMPLE, directory / "lab") as lab:
        lab.playbook("site")
        for host, rule, value in BY_HAND:
            tamper(["--store", str(directory / "lab" / "store"), host, "--rule", rule, "--set", value])
        played = lab.playbook("drift", "-e", f"lync_report_dir={directory}", "-e", "lync_change_reference=CHG0042")
    if not (directory / "drift.html").is_file():
        raise SystemExit(played.output)
    return directory / "drift.html"


def main() -> int:
    """Take the pictures; return the exit status."""
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, Browser(Path(scratch) / "profile", height=1100) as browser:
        browser.open(report(Path(scratch)).as_uri())
        for words, name in PARTS.items():
            browser.value(
                f"[...document.querySelectorAll('nav a')].find(link => link.textContent === '{words}')?.click()"
            )
            browser.value("new Promise(resolve => setTimeout(resolve, 200))")
            (pictures / f"{name}.png").write_bytes(browser.picture())
    return 0


if __name__ == "__main__":
    sys.exit(main())
