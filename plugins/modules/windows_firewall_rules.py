# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This file holds the documentation of the action plugin of the same name.

DOCUMENTATION = r"""
module: windows_firewall_rules
short_description: Brings all firewall rules of one group on a Windows host to what is wanted, in one pass
description:
  - Gathers the local firewall rules of a host once, compares them with the wanted ones, and writes what differs and nothing else.
  - A host that is as wanted costs one round trip, one enumeration of its rules and no write. Otherwise there is a second round
    trip that writes, looks at the rules again and fails when they are not as wanted.
  - Rules are compared as sets of addresses and ports, whatever their spelling, and matched by name within O(group).
  - Rules outside O(group) are never written. They are read to say what a change really does (RV(changes[].effect)).
  - All options are validated before the host is contacted, and all errors are reported at once.
version_added: 0.1.0
options:
  rules:
    description:
      - The wanted rules. Each is a dictionary with the options of C(community.windows.win_firewall_rule), namely C(name), C(description),
        C(direction), C(action), C(enabled), C(group), C(profiles), C(program), C(service), C(protocol), C(localport), C(remoteport),
        C(localip), C(remoteip), C(interfacetypes), C(icmp_type_code), C(edge) and C(security).
      - Lists are accepted beside comma separated text.
      - A rule is declared whole. What is not given has its default, which is C(direction) V(in), C(action) V(allow), C(enabled) V(true)
        and V(any) for the rest.
      - A key C(rows), with which a plan traces a rule, is accepted and not written.
      - With O(state=deleted) only the names matter.
    type: list
    elements: dict
    default: []
  state:
    description:
      - V(merged) adds and changes the rules of O(rules) and leaves the other rules of O(group) alone.
      - V(replaced) makes O(group) exactly O(rules), and so removes its other rules.
      - V(deleted) removes the rules named in O(rules), or all rules of O(group) when O(rules) is empty.
      - V(gathered) changes nothing and returns the rules of O(group).
    type: str
    choices: [merged, replaced, deleted, gathered]
    default: replaced
  phase:
    description:
      - V(all) makes all changes, additions first and removals last.
      - V(open) makes only changes that end no admission. A rule that moves is added a second time with its new content, and the old one
        stays. RV(pending) tells whether something is left.
      - V(close) makes the changes that V(open) leaves, namely narrowings, disables and removals.
    type: str
    choices: [all, open, close]
    default: all
  group:
    description:
      - The group of rules that this task owns.
    type: str
    default: msuc.lync
  expected_addresses:
    description:
      - Addresses that the host must have. When it does not, or when it has no address in the C(localip) of a rule, nothing is written.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Gathers and tells what would change, and writes nothing.
    support: full
  diff_mode:
    description: Returns the difference of each rule that changes.
    support: full
  platform:
    description: Windows Server 2012 R2 and later with Windows PowerShell 5.1, and 2008 R2 with Windows Management Framework 5.1 as far as it goes.
    platforms: windows
    support: full
seealso:
  - module: msuc.lync.windows_firewall_host
author:
  - msuc.lync contributors (@msuc)
"""

EXAMPLES = r"""
- name: The owned group holds exactly these rules
  msuc.lync.windows_firewall_rules:
    expected_addresses: [10.1.0.11]
    rules:
      - name: Lync fe-sip-tls (TCP in)
        protocol: tcp
        localport: 5061
        remoteip: [10.1.0.0/24, 10.2.0.0/24]
        profiles: [domain, private, public]
      - name: Lync media (UDP in)
        protocol: udp
        localport: 49152-65535

- name: Open what has to be open, close nothing yet
  msuc.lync.windows_firewall_rules:
    rules: "{{ wanted_rules }}"
    phase: open
  register: opened

- name: Close the rest
  msuc.lync.windows_firewall_rules:
    rules: "{{ wanted_rules }}"
    phase: close
  when: opened.pending

- name: Remove all rules that the collection made
  msuc.lync.windows_firewall_rules:
    state: deleted
"""

RETURN = r"""
before:
  description: The rules of the group before, as options in canonical spelling, sorted by name.
  returned: always, unless the options are invalid
  type: list
  elements: dict
after:
  description: The rules of the group after, as they were read again; in check mode, as they would be.
  returned: always, unless the options are invalid
  type: list
  elements: dict
changes:
  description: The changes of this phase, in the order in which they were made.
  returned: always, unless the options are invalid
  type: list
  elements: dict
  contains:
    kind:
      description: One of add, change, disable, remove.
      type: str
      returned: always
    name:
      description: The name of the rule.
      type: str
      returned: always
    reason:
      description: Why it changes.
      type: str
      returned: always
    properties:
      description: The properties that differ, each with C(property), C(before) and C(after).
      type: list
      elements: dict
      returned: always
    opens:
      description: Whether the change, looked at alone, admits something more.
      type: bool
      returned: always
    closes:
      description: Whether the change, looked at alone, admits something less.
      type: bool
      returned: always
    effect:
      description: What the change does beside the other rules of the host, such as C(new admission) or C(already admitted by RULE).
      type: str
      returned: always
    changes_admission:
      description: Whether what the host admits changes.
      type: bool
      returned: always
commands:
  description: The changes in words, one line each.
  returned: always, unless the options are invalid
  type: list
  elements: str
  sample: ["add rule Lync fe-sip-tls (TCP in): allow in, protocol tcp, localport 5061, remoteip 10.1.0.0/24"]
gathered:
  description: The rules of the group.
  returned: when O(state=gathered)
  type: list
  elements: dict
summary:
  description: How many rules are added, changed, disabled and removed, and how many of the changes change what is admitted.
  returned: always, unless the options are invalid
  type: dict
  sample: {"added": 2, "changed": 0, "disabled": 0, "removed": 0, "admission_changed": 1}
pending:
  description: Whether changes are left for another phase.
  returned: always, unless the options are invalid
  type: bool
stats:
  description: How many round trips, enumerations of all rules, and writes it took.
  returned: always, unless the options are invalid
  type: dict
  sample: {"round_trips": 1, "enumerations": 1, "writes": 0}
host:
  description: The addresses of the host, and the state of its firewall profiles.
  returned: always, unless the host could not be read
  type: dict
"""
