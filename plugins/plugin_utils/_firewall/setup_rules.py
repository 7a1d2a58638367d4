# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Firewall rules that the product's setup and its updates make, by name; an update makes them again.

    made_by_setup("CS RTCSRV") -> True
"""

from __future__ import annotations

# What their names begin with. A whole list is nowhere public; a name with a source of its own stands beside it.
_BEGINNINGS: tuple[str, ...] = (
    # "CS RTCSRV" (Edge), "CS RTCMEDSRV" (Mediation): OfficeDocs-SkypeForBusiness, Troubleshoot your Cloud Connector.
    "cs ",
    # "OCS SQL RTC Access" for sqlservr.exe: seen on Lync Server 2010.
    "ocs ",
    # "SQL RTC Access": alvinchen1/ExchangeSkypeMDTAutomate, USS-SKYPE-CONFIG-2.ps1, for Skype for Business Server 2019.
    "sql rtc",
)


def made_by_setup(name: str) -> bool:
    """Return whether a rule of this name is one that setup makes, in whatever case."""
    return name.casefold().startswith(_BEGINNINGS)
