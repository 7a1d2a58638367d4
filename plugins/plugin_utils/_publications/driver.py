# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a driver of reverse proxies is: one program's spelling of publications, in one or more files of its own.

    driver.parse(driver.render(publications)) == [driver.expressible(each) for each in publications]    # the law
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from .._load_balancers.driver import Impact, NotRendered
from .model import Publication

CERTIFICATE_CHANGES = Impact("changes the certificate clients see")
RELOADS = Impact("reloads: new connections go by the new configuration, open ones stay where they are")
# What a change of a field does to traffic, "" for all others; the label is the same for every program.
IMPACTS: Mapping[str, Impact] = {"mode": CERTIFICATE_CHANGES, "certificate": CERTIFICATE_CHANGES, "": RELOADS}


class PublishingDriver(Protocol):
    """One program.

    name: as in lync_reverse_proxy_driver. files: what each of its files is for.
    """

    name: str
    files: tuple[str, ...]

    def render(self, publications: Sequence[Publication]) -> Mapping[str, str]:
        """Return the text of each file in the order in which they are to be written, empty for a file that is not needed."""

    def parse(self, texts: Mapping[str, str]) -> tuple[Publication, ...]:
        """Return the publications of these texts, sorted by name; raises InvalidInputError when they are none of this driver's."""

    def expressible(self, publication: Publication) -> Publication:
        """Return the publication as this driver can say it."""

    def not_rendered(self, publication: Publication) -> tuple[NotRendered, ...]:
        """Return what of the publication it cannot say, and why."""
