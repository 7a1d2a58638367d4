# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the documentation of modules of firewall rules has in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The rules of Windows Firewall, key by key."""

    DOCUMENTATION = r"""
options:
  rules:
    description:
      - The wanted rules, with the options of C(community.windows.win_firewall_rule) and O(rules[].interfaces).
      - Lists are accepted beside comma separated text.
      - A rule is declared whole. What is not given has its default, which is no limit (V(any)) where none is told.
      - Windows takes 1000 entries of each kind (IPv4 networks, IPv4 ranges, IPv6, ports) in a list of a rule.
      - A rule with a longer list of addresses or ports is kept in rules C(NAME (1 of 3)) to C(NAME (3 of 3)), and is
        one rule in all results but RV(changes), RV(commands), RV(effects) and RV(summary).
      - With O(state=deleted) only the names matter.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name, by which the rule is found again within its group.
        type: str
        required: true
      description:
        description: A text for people.
        type: str
      direction:
        description: Which way. With V(out), the local side is still the host.
        type: str
        choices: [in, out]
        default: in
      action:
        description: What becomes of what matches. What one rule blocks, no other admits.
        type: str
        choices: [allow, block]
        default: allow
      enabled:
        description: Whether the rule is in force.
        type: bool
        default: true
      group:
        description: The group, which is O(group) where it is given.
        type: str
      profiles:
        description: The profiles in which it is in force, V(domain), V(private) and V(public), or V(any).
        type: list
        elements: str
        choices: [domain, private, public, any]
      program:
        description: The path of the program that it is limited to, or V(any).
        type: str
      service:
        description: The short name of the Windows service that it is limited to, or V(any).
        type: str
      protocol:
        description: V(tcp), V(udp), V(icmpv4), V(icmpv6), V(any), or a number.
        type: str
        default: any
      localport:
        description:
          - Ports of the host, such as V(5061) and V(49152-65535), or V(any).
          - Inbound rules also take V(RPC), V(RPC-EPMap), V(IPHTTPS) (TCP), V(Teredo) and V(Ply2Disc) (UDP).
        type: list
        elements: str
      remoteport:
        description: Ports of the peers, or V(any). Outbound rules also take V(IPHTTPS).
        type: list
        elements: str
      localip:
        description: Addresses of the host, or V(any).
        type: list
        elements: str
      remoteip:
        description:
          - Addresses, networks and ranges of the peers, or V(any).
          - Also V(LocalSubnet), V(DNS), V(DHCP), V(WINS), V(DefaultGateway), and from Windows Server 2012 on
            V(Intranet), V(Internet), V(Ply2Renders), V(RmtIntranet), V(CaptivePortal).
        type: list
        elements: str
      interfaces:
        description: Names of network interfaces, as the host shows them.
        type: list
        elements: str
      interfacetypes:
        description: Kinds of network interfaces.
        type: list
        elements: str
        choices: [any, lan, wireless, ras]
      icmp_type_code:
        description: Types and codes of ICMP, such as V(8:*), or V(any).
        type: list
        elements: str
      edge:
        description: Whether traffic that came through an edge device is admitted.
        type: str
        choices: ['no', 'yes', deferapp, deferuser]
        default: 'no'
      security:
        description: What has to be authenticated or encrypted by IPsec.
        type: str
        choices: [notrequired, authnoencap, authenticate, authdynenc, authenc]
        default: notrequired
      rows:
        description: The rows of the catalogue that ask for it; a trace, which is not written.
        type: list
        elements: str
"""
