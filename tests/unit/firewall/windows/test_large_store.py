# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A store of 7,000 rules of policy version 2.33 with every known token: each token is read, and none takes its time.

The strings are made of a table of tokens beside what each must become, never of the reader's own tables.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.audit import audited
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.registry_strings import parse_rules

COUNT, SECONDS = 7_000, 2.0
GUID = "{6BFA4B3C-0000-4000-8000-0000000000AA}"
Choice = tuple[str, dict[str, Any]]
# Tokens of one kind, and which options they become: one of each row is in a rule.
TOKENS: tuple[tuple[Choice, ...], ...] = (
    (
        ("Action=Allow|", {"action": "allow"}),
        ("Action=Block|", {"action": "block"}),
        ("Action=ByPass|", {"action": "bypass"}),
    ),
    (("Active=TRUE|", {"enabled": True}), ("Active=FALSE|", {"enabled": False}), ("", {"enabled": False})),
    (("Dir=In|", {"direction": "in"}), ("Dir=Out|", {"direction": "out"})),
    (
        ("", {"profiles": ["domain", "private", "public"]}),
        ("Profile=Domain|", {"profiles": ["domain"]}),
        ("Profile=Private|Profile=Public|", {"profiles": ["private", "public"]}),
    ),
    (
        ("Protocol=6|", {"protocol": "tcp", "localport": ["any"], "remoteport": ["any"]}),
        ("Protocol=6|LPort=5061|LPort=443|", {"protocol": "tcp", "localport": ["443", "5061"]}),
        ("Protocol=6|LPort2_10=49152-57500|LPort2_10=1-66|", {"protocol": "tcp", "localport": ["1-66", "49152-57500"]}),
        ("Protocol=6|LPort=RPC|", {"protocol": "tcp", "localport": ["RPC"]}),
        ("Protocol=6|LPort=RPC-EPMap|", {"protocol": "tcp", "localport": ["RPC-EPMap"]}),
        ("Protocol=6|LPort2_10=IPHTTPSIn|", {"protocol": "tcp", "localport": ["IPHTTPS"]}),
        ("Protocol=17|LPort=Teredo|", {"protocol": "udp", "localport": ["Teredo"]}),
        ("Protocol=17|LPort2_20=Ply2Disc|", {"protocol": "udp", "localport": ["Ply2Disc"]}),
        ("Protocol=17|LPort2_24=mDNS|", {"protocol": "udp", "localport": ["mDNS"]}),
        ("Protocol=17|LPort2_29=TcpCDPSvc|", {"protocol": "udp", "localport": ["TcpCDPSvc"]}),
        ("Protocol=17|RPort=53|RPort2_10=3478-3490|", {"protocol": "udp", "remoteport": ["53", "3478-3490"]}),
        ("Protocol=6|RPort2_28=CortanaOut|", {"protocol": "tcp", "remoteport": ["CortanaOut"]}),
        ("Protocol=1|ICMP4=3:4|ICMP4=8:*|", {"protocol": "icmpv4", "icmp_type_code": ["3:4", "8:*"]}),
        ("Protocol=58|ICMP6=134:*|", {"protocol": "icmpv6", "icmp_type_code": ["134:*"]}),
        ("Protocol=47|", {"protocol": "47"}),
        ("", {"protocol": "any"}),
    ),
    (
        ("", {"interfacetypes": ["any"]}),
        ("IFType=Lan|IFType=Wireless|", {"interfacetypes": ["lan", "wireless"]}),
        (f"IF={GUID}|", {"interfaces": [GUID]}),
    ),
    (
        ("", {"localip": ["any"]}),
        ("LA4=192.168.1.0/255.255.255.0|LA6=fe80::/64|", {"localip": ["192.168.1.0/24", "fe80::/64"]}),
    ),
    (
        ("", {"remoteip": ["any"]}),
        ("RA4=192.168.1.1|", {"remoteip": ["192.168.1.1"]}),
        ("RA4=10.0.0.1-10.0.0.9|RA6=2001:db8::1|", {"remoteip": ["10.0.0.1-10.0.0.9", "2001:db8::1"]}),
        ("RA4=LocalSubnet|RA6=LocalSubnet|", {"remoteip": ["LocalSubnet"]}),
        ("RA4=LocalSubnet|", {"remoteip": ["LocalSubnet4"]}),
        ("RA42=IntrAnet|RA62=IntrAnet|", {"remoteip": ["Intranet"]}),
    ),
    (("", {"program": "any"}), ("App=%SystemRoot%\\a.exe|", {"program": "%SystemRoot%\\a.exe"})),
    (("", {"service": "any"}), ("Svc=Dnscache|", {"service": "Dnscache"}), ("Svc=*|", {"service": "*"})),
    (("", {"description": ""}), ("Desc=@x.dll,-1|", {"description": "@x.dll,-1"})),
    (("", {"group": ""}), ("EmbedCtxt=@x.dll,-2|", {"group": "@x.dll,-2"})),
    (
        ("", {"edge": "no"}),
        ("Edge=TRUE|", {"edge": "yes"}),
        ("Edge=TRUE|Defer=App|", {"edge": "deferapp"}),
        ("Edge=TRUE|Defer=User|", {"edge": "deferuser"}),
    ),
    (
        ("", {"security": "notrequired"}),
        ("Security=Authenticate|", {"security": "authenticate"}),
        ("Security=Authenticate|Security2_9=An-NoEncap|", {"security": "authnoencap"}),
        ("Security=AuthenticateEncrypt|Security2=AnE-Nego|", {"security": "authdynenc"}),
    ),
)
# What no option holds: how the token stands in a rule's restrictions; a flag that is off is none.
ASIDE: tuple[tuple[str, tuple[str, str]], ...] = (
    ("AppPkgId=S-1-15-2-1|", ("LocalAppPackageId", "S-1-15-2-1")),
    ("LUOwn=S-1-5-21-1|", ("LocalUserOwner", "S-1-5-21-1")),
    ("LUAuth=O:LSD:|", ("LocalUserAuthorizedList", "O:LSD:")),
    ("LUAuth2_24=O:LSD:|", ("LUAuth2_24", "O:LSD:")),
    ("RUAuth=O:LSD:|", ("RemoteUserAuthorizedList", "O:LSD:")),
    ("RMauth=O:LSD:|", ("RemoteMachineAuthorizedList", "O:LSD:")),
    ("Platform=2:6:2|", ("Platform", "2:6:2")),
    ("Platform2=GTEQ|", ("Platform2", "GTEQ")),
    ("SkipVer=2.10|", ("SkipVer", "2.10")),
    ("LSM=TRUE|", ("LSM", "TRUE")),
    ("LOM=TRUE|", ("LOM", "TRUE")),
    ("PCross=TRUE|", ("PCross", "TRUE")),
    ("AuthByPassOut=TRUE|", ("AuthByPassOut", "TRUE")),
    ("LSM=FALSE|", ("", "")),
    ("TTK=ICSIP|", ("TTK", "ICSIP")),
    ("TTK2_22=ProxRD|", ("TTK2_22", "ProxRD")),
    ("TTK2_27=WFDP|", ("TTK2_27", "WFDP")),
    ("TTK2_28=WFDC|", ("TTK2_28", "WFDC")),
    ("NNm=x|", ("NNm", "x")),
    ("SecurityRealmId=1|", ("SecurityRealmId", "1")),
)


def made() -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return strings by their id, and what of each rule's options they must become."""
    dice = random.Random(233)
    strings, expected = {}, []
    for number in range(COUNT):
        chosen = [row[number % len(row)] if number < 16 else dice.choice(row) for row in TOKENS]
        token, (name, value) = ASIDE[number % len(ASIDE)]
        strings[f"{{{number}}}"] = f"v2.33|{''.join(text for text, _options in chosen)}Name=n{number}|{token}"
        options = {key: found for _text, part in chosen for key, found in part.items()}
        expected.append({"name": f"n{number}", "restrictions": {name: value} if name else {}, **options})
    return strings, expected


def test_every_token_is_read_as_what_it_says() -> None:
    strings, expected = made()
    parsed = parse_rules(strings.items())
    assert (parsed.refused, len(parsed.rules)) == ((), COUNT)
    for stored, wanted in zip(parsed.rules, expected, strict=True):
        options = {"restrictions": {}, **stored.rule.to_options()}
        assert {name: options[name] for name in wanted} == wanted, strings[stored.rule_id]


@pytest.mark.no_cover
def test_an_audit_of_it_takes_no_time_effects_included(tmp_path: Path) -> None:
    (tmp_path / "fe01.json").write_text(json.dumps(made()[0]))
    rules = [
        {"name": f"Lync {number}", "protocol": "tcp", "localport": [5000 + number], "remoteip": ["10.1.0.0/24"]}
        for number in range(60)
    ]
    start = time.process_time()
    found = audited({"fe01": {"host": "fe01", "firewall_rules": rules}}, tmp_path)
    assert time.process_time() - start < SECONDS
    assert (found.hosts["fe01"].problem, len(found.hosts["fe01"].documents["firewall"]["changes"])) == ("", 60)  # type: ignore[arg-type]
