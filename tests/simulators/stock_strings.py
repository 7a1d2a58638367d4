# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rule strings of a whole host, as an export of a Windows host that nobody changed has them.

Seeded, so always the same.

452 rules in the numbers of a real export: names that repeat, AppX packages, indirect texts, keywords, three versions of
strings.
"""

from __future__ import annotations

import random

RULES, OF_APPX, TWINS = 452, 84, 117
_PORTS = ("RPC", "RPC-EPMap", "Teredo", "80", "135", "445", "5357", "5985", "3389")


def stock_strings(seed: int = 2018) -> list[tuple[str, str]]:
    """Return pairs of rule id and string."""
    dice = random.Random(seed)
    appx = [(f"{{{number:08X}-0000-4000-8000-00000000A99A}}", _appx(dice, number)) for number in range(OF_APPX)]
    rest = RULES - OF_APPX
    # So many names are used twice, and every other one once.
    names = [number % (rest - TWINS) for number in range(rest)]
    return appx + [(f"Stock-Rule-{number}-In", _stock(dice, name)) for number, name in enumerate(names)]


def _appx(dice: random.Random, number: int) -> str:
    resource = f"@{{Package{number % 28}?ms-resource://Package{number % 28}/Resources/Name}}"
    return (
        f"v2.28|Action=Allow|Active=TRUE|Dir={dice.choice(('In', 'Out'))}|Profile=Domain|Profile=Private|"
        f"Profile=Public|Name={resource}|Desc={resource}|"
        f"LUOwn=S-1-5-21-1-2-3-{1000 + number}|AppPkgId=S-1-15-2-{number}|EmbedCtxt={resource}|"
        f"Platform=2:6:2|Platform2=GTEQ|"
    )


def _stock(dice: random.Random, name: int) -> str:
    protocol = dice.choice((6, 6, 6, 17, 17, 58, 1, None))
    parts = [
        f"v2.{dice.choice((0, 10, 28))}",
        "Action=Allow",
        f"Active={dice.choice(('TRUE', 'FALSE'))}",
        f"Dir={dice.choice(('In', 'Out'))}",
    ]
    parts += [f"Protocol={protocol}"] if protocol else []
    parts += [
        f"Profile={profile}"
        for profile in dice.choice(((), ("Domain",), ("Private", "Public"), ("Domain", "Private", "Public")))
    ]
    parts += [f"LPort={dice.choice(_PORTS)}"] if protocol in (6, 17) else []
    parts += ["ICMP6=128:*"] if protocol == 58 else ["ICMP4=8:*"] if protocol == 1 else []
    parts += ["RA4=LocalSubnet", "RA6=LocalSubnet"] if dice.random() < 0.35 else []
    parts += ["App=%SystemRoot%\\system32\\svchost.exe", "Svc=Dnscache"] if dice.random() < 0.5 else ["App=System"]
    group = f"@FirewallAPI.dll,-{25000 + name % 78}"
    return "|".join(
        [
            *parts,
            f"Name=@FirewallAPI.dll,-{30000 + name}",
            f"Desc=@FirewallAPI.dll,-{40000 + name}",
            f"EmbedCtxt={group}",
            "",
        ]
    )
