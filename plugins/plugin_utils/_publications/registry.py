# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs that publish, by lync_reverse_proxy_driver; a new one is one file beside this one and one entry here."""

from __future__ import annotations

from collections.abc import Mapping

from . import haproxy, nginx
from .driver import PublishingDriver

DRIVERS: Mapping[str, PublishingDriver] = {driver.name: driver for driver in (haproxy.DRIVER, nginx.DRIVER)}
