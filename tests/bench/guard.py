# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge the changes of one host beside so many foreign rules and connections, and print the CPU seconds.

    PYTHONPATH=.collections python -m tests.bench.guard 7400 2000

Of the foreign rules, half are for ports and addresses, half for programs and users. Sixty rules are ours: a third is
missing, a third differs, a third is not wanted. Connections are to thirty ports that rules of ours admit, and to WinRM.
"""

from __future__ import annotations

import sys
import time

from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.comparison import Comparison
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.effects import describe_effects, rule_effects
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.host_facts import (
    Connection,
    Host,
    Listener,
    ManagementPort,
    Present,
    Profile,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.planner import applied, plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.safety import Safety, judge

ADDRESSES = ("10.1.0.11", "10.1.0.12")
PORTS = tuple(range(5040, 5070))
GROUP = "msuc.lync"


def own(ports: range | tuple[int, ...], peers: str) -> list[dict[str, object]]:
    """Return rules of ours for ports, as options of the module."""
    return [
        {"name": f"Own {port}", "protocol": "tcp", "localport": str(port), "remoteip": peers} for port in ports
    ]


def foreign(count: int) -> list[dict[str, object]]:
    """Return so many rules of others, as options of the module."""
    kinds = (
        lambda n: {"protocol": "tcp", "localport": str(5000 + n % 500), "remoteip": f"10.{n % 250}.{n // 250 % 250}.7"},
        lambda n: {"protocol": "tcp", "localport": str(10000 + n), "remoteip": "LocalSubnet"},
        lambda n: {"protocol": "tcp", "program": f"c:\\programs\\{n}.exe"},
        lambda n: {"direction": "out", "action": "block", "remoteip": f"10.{n % 250}.{n // 250 % 250}.9"},
    )
    return [{"name": f"Foreign {number}", **kinds[number % 4](number)} for number in range(count)]


def host(rules: int, connections: int) -> Host:
    """Return a host with so many rules of others and connections."""
    mine = rules_from_options(own(PORTS[:20], "10.0.0.0/8") + own(range(6000, 6020), "10.0.0.0/8"), GROUP)
    theirs = rules_from_options(foreign(rules), "Contoso")
    remote = rules_from_options([{"name": "WinRM", "protocol": "tcp", "localport": "5985"}], "Contoso")
    peers = (f"10.{number % 200}.{number // 200}.5" for number in range(connections))
    ports = (5985, *PORTS)
    return Host(
        rules=tuple(Present(rule, {}) for rule in (*theirs, *remote, *mine)),
        addresses=ADDRESSES,
        environment={},
        profiles=(Profile("domain"), Profile("private", active=False), Profile("public", active=False)),
        listeners=tuple(Listener("0.0.0.0", port) for port in (*ports, *range(6000, 6020), *range(49152, 49352))),
        connections=tuple(
            Connection(ADDRESSES[number % 2], ports[number % len(ports)], peer) for number, peer in enumerate(peers)
        ),
        management=(ManagementPort("winrm", 5985),),
        unread=(),
        fingerprint="",
        enumerations=0,
        writes=0,
    )


def wanted() -> tuple[Rule, ...]:
    """Return the rules that the host should have."""
    return rules_from_options(own(PORTS[10:20], "10.0.0.0/9") + own(PORTS[20:], "10.0.0.0/8"), GROUP)


def main() -> None:
    """Print seconds, changes and cuts, which shows that there was work to do."""
    found = host(int(sys.argv[1]), int(sys.argv[2]))
    want = wanted()
    safety = Safety(networks=AddressSet.parse(["10.9.0.0/24"]))
    start = time.process_time()
    planned = plan_changes(want, found.rules, State.REPLACED, group=GROUP)
    changes = describe_effects(found.rules, planned, found.profiles)
    rule_effects(found.rules, changes, found.profiles, GROUP)
    verdict = judge(found, Comparison(found.rules, applied(found.rules, changes.now), changes.now), safety)
    print(f"{time.process_time() - start:.4f} {len(changes.now)} {len(verdict.cuts)}")


if __name__ == "__main__":
    main()
