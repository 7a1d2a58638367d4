#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: nftables_rules
short_description: Brings the nftables rules of a Linux host to what is wanted
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
extends_documentation_fragment: [msuc.lync.step]
description:
  - Enforces the firewall rules of a plan on a Linux reverse proxy or load balancer, as
    M(msuc.lync.windows_firewall_rules) does on Windows.
  - The rules are table C(inet msuc_lync), which is ours as a whole; every other table is left alone. A rule carries
    its name as comment.
  - A change is one script, tried by C(nft -c) and then made by C(nft -f), whole or not at all. It names the lines
    that differ only, so that the others keep their counters. Where nothing differs nothing is written.
  - Loopback, answers to what the host began, and the discovery of neighbours of IPv6 are always admitted.
  - A change that would shut the SSH port for those who are connected to it, or for O(management_networks), is refused.
options:
  rules:
    description:
      - Rules, as C(firewall_rules) of a plan file has them. Options are O(rules[].name), O(rules[].direction),
        O(rules[].action), O(rules[].protocol), O(rules[].localport), O(rules[].remoteport), O(rules[].localip),
        O(rules[].remoteip) and O(rules[].interfaces), as in M(msuc.lync.windows_firewall_rules), with numbers and
        addresses only.
      - A rule with a limit that nftables does not have (a program, a service, a profile) is refused. C(description)
        is not kept.
      - With O(state=deleted), the names of those to remove; none for all.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name, by which the rule is found again. At most 120 bytes.
        type: str
      direction:
        description: Which way.
        type: str
        choices: [in, out]
        default: in
      action:
        description: What becomes of what matches. What one rule blocks, no other admits.
        type: str
        choices: [allow, block]
        default: allow
      protocol:
        description: V(tcp), V(udp), V(icmpv4), V(icmpv6), V(any), or a number, such as 112 for VRRP.
        type: str
        default: any
      localport:
        description: Ports of the host.
        type: list
        elements: str
      remoteport:
        description: Ports of the peers.
        type: list
        elements: str
      localip:
        description:
          - Addresses of the host. They need not be there yet, so that a standby balancer may have the rules of its
            virtual addresses.
        type: list
        elements: str
      remoteip:
        description: Addresses of the peers.
        type: list
        elements: str
      interfaces:
        description: Names of the host's network interfaces.
        type: list
        elements: str
  state:
    description:
      - V(merged) adds and changes, V(replaced) also removes what else is in the table, V(deleted) removes. Without a
        rule the table goes.
      - V(gathered) returns what the host has, V(rendered) and V(parsed) translate without one.
      - V(overridden) is for Windows and is refused here, because other tables are never changed.
    type: str
    choices: [merged, replaced, overridden, deleted, gathered, parsed, rendered]
    default: replaced
  phase:
    description:
      - V(open) makes only what admits more, V(close) the rest, V(all) both. The policy becomes V(drop) in phase
        V(close).
    type: str
    choices: [all, open, close]
    default: all
  policy:
    description:
      - What becomes of inbound traffic that no rule admits. Outbound traffic is admitted unless a rule blocks it.
    type: str
    choices: [accept, drop]
    default: drop
  persist:
    description: Whether O(path) keeps the table for the next start of the host.
    type: bool
    default: true
  path:
    description:
      - The file that keeps the table. The host has to include it in C(/etc/nftables.conf); a warning says when it
        does not.
    type: str
    default: /etc/nftables.d/msuc-lync.nft
  expected_addresses:
    description: Addresses that the host must have; on another host nothing is written.
    type: list
    elements: str
    default: []
  management_networks:
    description: From where the host is managed.
    type: list
    elements: str
    default: []
  confirm_minutes:
    description:
      - After how many minutes the table as it was comes back, unless the change was confirmed over a new connection;
        0 for never.
      - The timer is systemd's, or a process of its own where there is no systemd. O(path) is written when the change
        is confirmed.
    type: int
    default: 0
  pending:
    description:
      - What becomes of a change of an earlier run that was not confirmed and waits to be taken back. V(confirm) keeps
        it, V(revert) takes it back now; empty leaves it, and nothing is written until it is back.
    type: str
    choices: ["", confirm, revert]
    default: ""
  running_config:
    description:
      - The text of the table, for O(state=parsed), as C(nft list table inet msuc_lync) prints it, with or without
        C(-j), or as rendered.
    type: str
requirements:
  - nft 1.0 or newer, python3 and iproute2 on the host
attributes:
  action:
    description:
      - Decides on the controller as an action plugin; M(msuc.lync.nftables_remote) gathers and applies on the host.
    support: full
  check_mode:
    description: Reads the host and writes nothing.
    support: full
  diff_mode:
    description: Shows per rule the properties that differ.
    support: full
seealso:
  - module: msuc.lync.windows_firewall_rules
"""

EXAMPLES = r"""
# Before state of each example:
#
# - {name: HTTP, protocol: tcp, localport: 80}
# - {name: SSH, protocol: tcp, localport: 22, remoteip: 10.9.0.0/24}

# Using merged:

- name: Admit HTTPS to one address too, and leave the other rules of our table alone
  msuc.lync.nftables_rules:
    state: merged
    rules:
      - {name: HTTPS, protocol: tcp, localport: 443, localip: 10.1.0.100}
    management_networks: [10.9.0.0/24]

# Task output:
#
# commands:
#   - "add rule HTTPS: allow in, protocol tcp, localport 443, localip 10.1.0.100"
#   - >-
#     change file /etc/nftables.d/msuc-lync.nft: content from other rules to the rules of the
#     table
#
# After state:
#
# - {name: HTTP, protocol: tcp, localport: 80}
# - {name: HTTPS, protocol: tcp, localport: 443, localip: 10.1.0.100}
# - {name: SSH, protocol: tcp, localport: 22, remoteip: 10.9.0.0/24}

# Using replaced:

- name: SSH and HTTPS, nothing else; taken back where the host cannot be reached any more
  msuc.lync.nftables_rules:
    state: replaced
    rules:
      - {name: HTTPS, protocol: tcp, localport: 443, localip: 10.1.0.100}
      - {name: SSH, protocol: tcp, localport: 22, remoteip: 10.9.0.0/24}
    management_networks: [10.9.0.0/24]
    confirm_minutes: 5

# Task output:
#
# commands:
#   - "add rule HTTPS: allow in, protocol tcp, localport 443, localip 10.1.0.100"
#   - "remove rule HTTP: it is not wanted"
#   - >-
#     change file /etc/nftables.d/msuc-lync.nft: content from other rules to the rules of the
#     table
#
# After state:
#
# - {name: HTTPS, protocol: tcp, localport: 443, localip: 10.1.0.100}
# - {name: SSH, protocol: tcp, localport: 22, remoteip: 10.9.0.0/24}

# Using overridden:

- name: Refused, since tables of others are never changed
  msuc.lync.nftables_rules:
    state: overridden
    rules:
      - {name: SSH, protocol: tcp, localport: 22, remoteip: 10.9.0.0/24}

# Task output:
#
# msg: >-
#   1 error in the input: - state: 'overridden' is for Windows: here every other table is
#   somebody else's, and none of them is changed; allowed: merged, replaced, deleted,
#   gathered, rendered, parsed; fix: write replaced
#
# After state:
#
# - {name: HTTP, protocol: tcp, localport: 80}
# - {name: SSH, protocol: tcp, localport: 22, remoteip: 10.9.0.0/24}

# Using deleted:

- name: Remove one rule; without rules, the table goes
  msuc.lync.nftables_rules:
    state: deleted
    rules:
      - {name: HTTP}

# Task output:
#
# commands:
#   - "remove rule HTTP: it is to be deleted"
#   - >-
#     change file /etc/nftables.d/msuc-lync.nft: content from other rules to the rules of the
#     table
#
# After state:
#
# - {name: SSH, protocol: tcp, localport: 22, remoteip: 10.9.0.0/24}

# Using gathered:

- name: The rules of our table
  msuc.lync.nftables_rules:
    state: gathered

# Task output:
#
# gathered:
#   - {name: HTTP, protocol: tcp, localport: 80}
#   - {name: SSH, protocol: tcp, localport: 22, remoteip: 10.9.0.0/24}

# Using rendered:

- name: A rule as a script of nft, without the host
  msuc.lync.nftables_rules:
    state: rendered
    rules:
      - {name: SSH, protocol: tcp, localport: 22, remoteip: 10.9.0.0/24}
  register: made

# Task output:
#
# rendered: |
#   ...
#     chain input {
#       type filter hook input priority filter; policy drop;
#   ...
#     chain allowed_in {
#       ip saddr 10.9.0.0/24 tcp dport 22 counter accept comment "SSH"
#     }
#   ...

# Using parsed:

- name: What is in such a script, or in what "nft list table inet msuc_lync" prints
  msuc.lync.nftables_rules:
    state: parsed
    running_config: "{{ made.document }}"

# Task output:
#
# parsed:
#   - {name: SSH, protocol: tcp, localport: 22, remoteip: 10.9.0.0/24}
"""

RETURN = r"""
changes:
  description:
    - What differs, rule by rule; also policy, frame and file. Each has C(kind), C(name), C(cause) and C(reason),
      C(properties) that differ with their values before and after, C(opens), C(closes) and C(changes_admission), and
      C(effects), what it does to traffic, each with C(kind), C(by) and C(text); C(effect) is that as one text.
  returned: save when rendering or parsing
  type: list
  elements: dict
commands:
  description: The same as lines of text.
  returned: save when rendering or parsing
  type: list
  elements: str
  sample: ["add rule SSH: allow in, protocol tcp, localport 22, remoteip 10.9.0.0/24"]
script:
  description: What check mode would give nftables.
  returned: save when rendering or parsing
  type: str
summary:
  description: How many rules are added, changed, disabled and removed, and how many of these change what is admitted.
  returned: save when rendering or parsing
  type: dict
effects:
  description:
    - What each rule does beside the others. C(kinds) and C(by) are for programs, C(effect) is text, and C(effective)
      tells whether anything of the rule is in force.
  returned: save when rendering or parsing
  type: list
  elements: dict
before:
  description: The rules before.
  returned: save when rendering or parsing
  type: list
  elements: dict
after:
  description: The rules after.
  returned: save when rendering or parsing
  type: list
  elements: dict
policy:
  description: The policy of inbound traffic before and after; that of the table in the text with O(state=parsed).
  returned: save when rendering
  type: raw
pending_revert:
  description:
    - Of a change of an earlier run that waits to be taken back the C(seconds) until then, and a C(problem) where that
      is not known; empty when none waits.
  returned: save when rendering or parsing
  type: dict
pending:
  description: Whether O(phase=open) left something for O(phase=close).
  returned: save when rendering or parsing
  type: bool
refused:
  description: Why the changes would be refused if this were no check mode, a text each.
  returned: save when rendering or parsing
  type: list
  elements: str
snapshot:
  description:
    - C(rollback) is the command that brings the table back as it was, C(armed) tells whether it comes back by itself.
  returned: when something was written
  type: dict
stats:
  description: Round trips, and things written.
  returned: save when rendering or parsing
  type: dict
host:
  description: The addresses of the host.
  returned: save when rendering or parsing
  type: dict
gathered:
  description: The rules of the host.
  returned: O(state=gathered)
  type: list
  elements: dict
rendered:
  description: The lines of the script.
  returned: O(state=rendered)
  type: list
  elements: str
document:
  description: The text of the script.
  returned: O(state=rendered)
  type: str
parsed:
  description: The rules in the text.
  returned: O(state=parsed)
  type: list
  elements: dict
"""
