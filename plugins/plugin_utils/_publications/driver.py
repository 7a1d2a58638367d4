# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a driver of reverse proxies is: one program's spelling of publications, in one or more files of its own.

driver.parse(driver.render(publications)) == [driver.expressible(each) for each in publications]    # the law
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol

from .._load_balancers.driver import NotRendered
from . import haproxy, nginx
from .model import Publication


class EffectKind(str, Enum):
    """What a change of a publication does to clients."""

    PUBLISHES = "publishes"
    UNPUBLISHES = "unpublishes"
    RELOADS = "reloads"
    CERTIFICATE = "certificate"
    REPAIRS = "repairs"

    @property
    def text(self) -> str:
        """Return it in words."""
        return _TEXTS[self]


_TEXTS: Mapping[EffectKind, str] = {
    EffectKind.PUBLISHES: "publishes names; nothing else is touched",
    EffectKind.UNPUBLISHES: "publishes no longer: clients of these names are refused",
    EffectKind.RELOADS: "reloads: new connections go by the new configuration, open ones stay where they are",
    EffectKind.CERTIFICATE: "changes the certificate clients see",
    EffectKind.REPAIRS: "sets right what the fields of a publication do not show",
}
EFFECTS: Mapping[str, EffectKind] = {
    "mode": EffectKind.CERTIFICATE,
    "certificate": EffectKind.CERTIFICATE,
    "": EffectKind.RELOADS,
}
"""What a change of a field does, "" for all others; the same for every program."""


class PublishingDriver(Protocol):
    """One program.

    name: as in lync_reverse_proxy_driver. files: what each of its files is for.
    """

    name: str
    files: tuple[str, ...]

    def render(self, publications: Sequence[Publication]) -> Mapping[str, str]:
        """Return the text of each file in the order in which to write them, empty for one that is not needed."""

    def parse(self, texts: Mapping[str, str]) -> tuple[Publication, ...]:
        """Return the publications of these texts by name.

        Raises InvalidInputError when they are none of this driver's.
        """

    def expressible(self, publication: Publication) -> Publication:
        """Return the publication as this driver can express it."""

    def not_rendered(self, publication: Publication) -> tuple[NotRendered, ...]:
        """Return what of the publication it cannot express, and why."""


DRIVERS: Mapping[str, PublishingDriver] = {driver.name: driver for driver in (haproxy.DRIVER, nginx.DRIVER)}
