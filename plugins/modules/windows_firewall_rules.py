# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This file holds the documentation of the action plugin of the same name.

DOCUMENTATION = r"""
module: windows_firewall_rules
short_description: Brings all firewall rules of one group on a Windows host to what is wanted, in one pass
description:
  - Gathers the local firewall rules of a host once, compares them with the wanted ones, and writes what differs and
    nothing else.
  - A host that is as wanted costs one round trip, one enumeration of its rules or none (O(gather_through)), no write.
    Otherwise there is a second round trip that writes, looks at the rules again and fails when they are not as wanted.
  - Rules are compared as sets of addresses and ports, whatever their spelling, and matched by name within O(group).
  - Rules outside O(group) are never written, but for those that O(state=overridden) disables. They are read, as are
    those of Group Policy, to say what each rule really does (RV(effects)).
  - All options are validated before the host is contacted, and all errors are reported at once.
version_added: 0.1.0
extends_documentation_fragment: [msuc.lync.firewall_rules, msuc.lync.step]
options:
  state:
    description:
      - V(merged) adds and changes the rules of O(rules) and leaves the other rules of O(group) alone.
      - V(replaced) makes O(group) exactly O(rules), and so removes its other rules.
      - V(overridden) does what V(replaced) does, and also disables enabled inbound allow rules outside O(group) that
        admit more than O(rules) on the TCP and UDP ports of O(rules). It removes none of them. Rules named C(CS *),
        C(OCS *) or C(SQL RTC*), and those whose group starts with C(@), which are of the product's setup and of
        Windows, stay as they are unless they are among O(unprotected_rules).
      - V(deleted) removes the rules named in O(rules), or all rules of O(group) when O(rules) is empty.
      - V(gathered) changes nothing and returns the rules of O(group).
      - V(parsed) contacts no host and returns the rules, of every group, that stand in O(running_config) or in the dump
        at O(path).
      - V(rendered) contacts no host and returns O(rules) as the strings that the registry of a host holds.
    type: str
    choices: [merged, replaced, overridden, deleted, gathered, parsed, rendered]
    default: replaced
  phase:
    description:
      - V(all) makes all changes, additions first and removals last.
      - V(open) makes only changes that end no admission. A rule that moves is added a second time with its new content,
        and the old one stays. RV(pending) tells whether something is left.
      - V(close) makes the changes that V(open) leaves, namely narrowings, disables and removals.
    type: str
    choices: [all, open, close]
    default: all
  group:
    description: The group of rules that this task owns.
    type: str
    default: msuc.lync
  unprotected_rules:
    description:
      - With O(state=overridden), the exact names of protected rules that may be disabled too.
    type: list
    elements: str
    default: []
  expected_addresses:
    description:
      - Addresses that the host must have. When it does not, or when it has no address in the C(localip) of a rule,
        nothing is written.
    type: list
    elements: str
    default: []
  running_config:
    description:
      - With O(state=parsed), the text of the rules, which is what C(reg export) writes, what C(reg query) prints, a
        JSON mapping of rule ids to rule strings, or rule strings line by line.
    type: str
  path:
    description:
      - With O(state=parsed), a dump on the controller, which is what C(netsh advfirewall export) writes, or a file of
        what O(running_config) takes.
    type: path
  management_networks:
    description:
      - From where the host is managed, beside the peers that are connected to its ports of management now.
      - Changes are refused as a whole, and nothing is written, when they take TCP from there to WinRM, SSH or Remote
        Desktop on an active profile.
    type: list
    elements: str
    default: []
  accept_cut:
    description:
      - Make changes although they cut established TCP connections or shut listeners (RV(connection_impact)).
      - It does not overrule the guard of O(management_networks).
    type: bool
    default: false
  accepted_cuts:
    description:
      - What may be cut, where O(accept_cut) does not accept everything, as C(place) of RV(connection_impact) says it,
        such as C(TCP 5061 of 10.1.0.11).
    type: list
    elements: str
    default: []
  snapshot:
    description:
      - Export the whole firewall policy to a file on the host before the first write. When that fails, nothing is
        written.
    type: bool
    default: true
  snapshot_dir:
    description:
      - The folder of the snapshots on a local drive of the host, written in full, by default
        C(%SystemRoot%\msuc.lync\snapshots). It is made for Administrators and SYSTEM; one in which others may write is
        refused.
    type: str
  snapshot_keep:
    description:
      - How many snapshots stay, the newest ones.
    type: int
    default: 10
  gather_through:
    description: Through what the rules are read. V(auto) compares both on the first contact with a build of Windows,
      and reads the registry alone where both were the same. Without O(evidence_dir) it is V(com).
    type: str
    choices: [auto, registry, com]
    default: auto
  evidence_dir:
    description: The folder of the controller that takes what O(gather_through=auto) finds, a file for each build.
    type: path
  handout_dir:
    description:
      - Contact no host and write two scripts to this folder of the controller instead, for somebody who may change the
        host. HOST.ps1 makes O(group) exactly O(rules) in the local policy, with Windows PowerShell 2.0 or later; look
        at C(-WhatIf) first. HOST-gpo.ps1 does the same in a Group Policy object.
      - It goes with O(state=replaced) only.
    type: path
  confirm_minutes:
    description:
      - When greater than 0, a task on the host brings the snapshot back after so many minutes, unless the change is
        confirmed before. It is armed before the first write.
      - The change is confirmed over a new connection, in a third round trip, when every TCP listener that answered the
        controller before still answers. Listeners that the change shuts on purpose are not asked.
      - A snapshot is the whole local policy, so changes that others make meanwhile are lost when it comes back.
      - When unset, it is 10 for changes that admit less, on builds of Windows on which somebody has seen a change come
        back (README of the collection, "Proven on"), and 0 otherwise; RV(not_armed) tells where it matters.
    type: int
  leave_armed:
    description:
      - Whether a change that is armed stays so, for a later task to confirm it with O(pending=confirm), after whatever
        else it should wait for. RV(left_armed) tells that one does.
    type: bool
    default: false
  pending:
    description:
      - What becomes of a change of an earlier task that waits to be taken back. V(confirm) keeps it, V(revert) takes it
        back at once. Without either the task fails and writes nothing.
    type: str
    choices: ['', confirm, revert]
    default: ''
  brief:
    description:
      - Leave RV(before) and RV(after) out of the result, but for RV(after) where RV(pending) tells that something is
        left. Ansible handles every result several times, so a play over many hosts that reads the changes alone takes a
        third less time.
      - It changes nothing with O(state=gathered).
    type: bool
    default: false
attributes:
  check_mode:
    description: Gathers and tells what would change, and writes nothing.
    support: full
  diff_mode:
    description: Returns the difference of each rule that changes.
    support: full
  platform:
    description: Windows Server 2012 R2 and later with Windows PowerShell 5.1, and 2008 R2 with Windows Management
      Framework 5.1 as far as it goes.
    platforms: windows
    support: full
seealso:
  - module: msuc.lync.windows_firewall_remote
author:
  - msuc.lync contributors (@msuc)
"""

EXAMPLES = r"""
# Before state of each example:
#
# - {name: SIP from anywhere, group: Telephony, protocol: tcp, localport: 5061, enabled: true}
# - {name: Lync old, protocol: tcp, localport: 5070}
# - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: 10.1.0.0/24}

# Using merged:

- name: Let one more network ask for SIP, and leave other rules of the group alone
  msuc.lync.windows_firewall_rules:
    state: merged
    rules:
      - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: [10.1.0.0/24, 10.2.0.0/24]}

# Task output:
#
# commands:
#   - "change rule Lync sip: remoteip from 10.1.0.0/24 to 10.1.0.0/24,10.2.0.0/24"
#
# After state:
#
# - {name: SIP from anywhere, group: Telephony, protocol: tcp, localport: 5061, enabled: true}
# - {name: Lync old, protocol: tcp, localport: 5070}
# - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: [10.1.0.0/24, 10.2.0.0/24]}

# Using replaced:

- name: The group holds exactly this rule
  msuc.lync.windows_firewall_rules:
    state: replaced
    expected_addresses: [10.1.0.11]
    rules:
      - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: [10.1.0.0/24, 10.2.0.0/24]}

# Task output:
#
# commands:
#   - "change rule Lync sip: remoteip from 10.1.0.0/24 to 10.1.0.0/24,10.2.0.0/24"
#   - "remove rule Lync old: it is not wanted"
#
# After state:
#
# - {name: SIP from anywhere, group: Telephony, protocol: tcp, localport: 5061, enabled: true}
# - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: [10.1.0.0/24, 10.2.0.0/24]}

# Using replaced, in two phases:

- name: Open what has to be open, close nothing yet
  msuc.lync.windows_firewall_rules:
    state: replaced
    phase: open
    rules:
      - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: [10.1.0.0/24, 10.2.0.0/24]}
  register: opened

- name: Close the rest, when everybody uses what is open
  msuc.lync.windows_firewall_rules:
    state: replaced
    phase: close
    rules:
      - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: [10.1.0.0/24, 10.2.0.0/24]}
  when: opened.pending

# Task output:
#
# commands:
#   - "remove rule Lync old: it is not wanted"
#
# After state:
#
# - {name: SIP from anywhere, group: Telephony, protocol: tcp, localport: 5061, enabled: true}
# - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: [10.1.0.0/24, 10.2.0.0/24]}

# Using overridden:

- name: Nothing else admits SIP either
  msuc.lync.windows_firewall_rules:
    state: overridden
    rules:
      - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: 10.1.0.0/24}

# Task output:
#
# commands:
#   - "change rule SIP from anywhere: enabled from true to false"
#   - "remove rule Lync old: it is not wanted"
#
# After state:
#
# - {name: SIP from anywhere, group: Telephony, protocol: tcp, localport: 5061, enabled: false}
# - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: 10.1.0.0/24}

# Using deleted:

- name: Remove one rule; without rules, all of the group go
  msuc.lync.windows_firewall_rules:
    state: deleted
    rules:
      - {name: Lync old}

# Task output:
#
# commands:
#   - "remove rule Lync old: it is to be deleted"
#
# After state:
#
# - {name: SIP from anywhere, group: Telephony, protocol: tcp, localport: 5061, enabled: true}
# - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: 10.1.0.0/24}

# Using gathered:

- name: The rules of somebody else's group
  msuc.lync.windows_firewall_rules:
    state: gathered
    group: Telephony

- name: The rules of the group
  msuc.lync.windows_firewall_rules:
    state: gathered

# Task output:
#
# gathered:
#   - {name: Lync old, protocol: tcp, localport: 5070}
#   - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: 10.1.0.0/24}

# Using rendered:

- name: A rule as the registry of a host holds it, without the host
  msuc.lync.windows_firewall_rules:
    state: rendered
    rules:
      - {name: Lync sip, protocol: tcp, localport: 5061, remoteip: 10.1.0.0/24}

# Task output:
#
# rendered:
#   - "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5061|RA4=10.1.0.0/24|\
#     Name=Lync sip|EmbedCtxt=msuc.lync|"

# Using parsed:

- name: What is in such strings; of an export of a host, give its path
  msuc.lync.windows_firewall_rules:
    state: parsed
    running_config: >-
      v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5061|Name=SIP|EmbedCtxt=msuc.lync|

# Task output:
#
# parsed:
#   - {name: SIP, protocol: tcp, localport: 5061}
"""

RETURN = r"""
before:
  description: The rules of the group before, as options in canonical spelling, sorted by name.
  returned: always, unless O(brief=true), the options are invalid or O(state) contacts no host
  type: list
  elements: dict
after:
  description: The rules of the group after, as they were read again; in check mode, as they would be.
  returned: always, unless O(brief=true), the options are invalid or O(state) contacts no host
  type: list
  elements: dict
changes:
  description: The changes of this phase, in the order in which they were made.
  returned: always, unless the options are invalid or O(state) contacts no host
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
    cause:
      description:
        - Why it changes, as a value. One of missing, different, not_wanted, deleted, duplicate, kept_in_parts,
          admits_more, superseded, beside_until_close, beside_until_last.
      type: str
      returned: always
    reason:
      description: The same for people.
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
      description: What the change does beside the other rules of the host, such as C(new admission) or C(already
        admitted by RULE).
      type: str
      returned: always
    effects:
      description: The same as values, each with C(kind), C(by) (the rules that make it so), C(detail) and C(text).
      type: list
      elements: dict
      returned: always
    changes_admission:
      description: Whether what the host admits changes.
      type: bool
      returned: always
    recreates:
      description: Whether connections end because the object is made anew; never so for rules.
      type: bool
      returned: always
    notice:
      description: What people outside notice of it; empty for rules.
      type: str
      returned: always
effects:
  description: What each rule of the group does after the changes, as it was foreseen when they were planned, sorted by
    name.
  returned: always, unless the options are invalid
  type: list
  elements: dict
  contains:
    name:
      description: The name of the rule.
      type: str
      returned: always
    effect:
      description:
        - Of a rule that changes, its RV(changes[].effect). Of another one, V(admits what no other rule does), or by
          which rules the same is admitted, C(already admitted by RULE), C(narrower than RULE), C(wider than RULE), or
          V(blocks), or V(disabled).
        - Behind it C(ineffective) or C(in part without effect) with the reason, C(partly blocked by RULE), and
          C(undercuts RULE, which requires authentication).
      type: str
      returned: always
    effective:
      description: Whether something of the rule is in force now.
      type: bool
      returned: always
    kinds:
      description: The same as values, such as V(admits_alone), V(already_admitted_by), V(narrower_than),
        V(ineffective).
      type: list
      elements: str
      returned: always
    by:
      description: The rules that make it so.
      type: list
      elements: str
      returned: always
    facts:
      description: Each of RV(effects[].kinds) with its C(by), C(detail) and C(text).
      type: list
      elements: dict
      returned: always
conditions:
  description: What is true of the host as a whole and not as planned, such as an active profile whose firewall is off.
  returned: always, unless the options are invalid or O(state) contacts no host
  type: list
  elements: dict
  contains:
    name:
      description: What it is about, such as C(profile domain).
      type: str
      returned: always
    reason:
      description: What is so.
      type: str
      returned: always
    opens:
      description: Whether the host admits more than planned because of it, otherwise less.
      type: bool
      returned: always
brought:
  description: Whether the rules are there although the task failed, because the host does not do what they say.
  returned: when the task failed for that reason
  type: bool
not_read:
  description: What the account is not told that reads the registry alone, with the reasons. The task fails then, and
    RV(changes) are those that the rules of the registry show.
  returned: when O(gather_through) is V(registry) and the account is refused a part
  type: list
  elements: str
  sample: ['which profiles are active, and whether they are on: Access is denied.']
pending_revert:
  description: The change of an earlier task that waits to be taken back; empty without one.
  returned: always, unless the options are invalid or O(state) contacts no host
  type: dict
  sample: {seconds: 240, problem: ''}
commands:
  description: The changes as text, one line each.
  returned: always, unless the options are invalid or O(state) contacts no host
  type: list
  elements: str
  sample: ["add rule Lync fe-sip-tls (TCP in): allow in, protocol tcp, localport 5061, remoteip 10.1.0.0/24"]
gathered:
  description: The rules of the group.
  returned: when O(state=gathered)
  type: list
  elements: dict
parsed:
  description:
    - The rules of the text or the dump, as options, each with the C(id) under which it was stored.
    - A rule that says something which no option holds has it under C(restrictions), and cannot be written again.
  returned: when O(state=parsed)
  type: list
  elements: dict
not_parsed:
  description: What of the text or the dump is no rule, each with its C(id), its C(text), and C(problems), every
    reason.
  returned: when O(state=parsed)
  type: list
  elements: dict
  sample: []
rendered:
  description: The rules as strings of the registry, in the order of O(rules).
  returned: when O(state=rendered)
  type: list
  elements: str
  sample: ["v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5061|Name=SIP|EmbedCtxt=msuc.lync|"]
summary:
  description: How many rules are added, changed, disabled and removed, and how many of the changes change what is
    admitted.
  returned: always, unless the options are invalid or O(state) contacts no host
  type: dict
  sample: {"added": 2, "changed": 0, "disabled": 0, "removed": 0, "admission_changed": 1}
pending:
  description: Whether changes are left for another phase.
  returned: always, unless the options are invalid or O(state) contacts no host
  type: bool
stats:
  description: How many round trips, enumerations of all firewall rules through COM, and writes it took.
  returned: always, unless the options are invalid or O(state) contacts no host
  type: dict
  sample: {"round_trips": 1, "enumerations": 1, "writes": 0}
host:
  description: The addresses of the host, and the state of its firewall profiles.
  returned: always, unless the host could not be read
  type: dict
check_mode:
  description: Whether nothing was written.
  returned: always, unless O(state) contacts no host
  type: bool
refused:
  description: Why the changes would be refused if this were no check mode, a text each.
  returned: in check mode, when they would
  type: list
  elements: str
connection_impact:
  description:
    - Established TCP peers, and listeners, that only rules which go admit now. UDP, idle peers and outbound connections
      are not seen.
  returned: always, unless the options are invalid
  type: list
  elements: dict
  contains:
    kind:
      description: One of peers and listener; the latter is reached by nobody afterwards.
      type: str
      returned: always
    port:
      description: The TCP port of the host.
      type: int
      returned: always
    address:
      description: The address of the host.
      type: str
      returned: always
    peers:
      description: The peers.
      type: list
      elements: str
      returned: always
    rules:
      description: The rules that admit them now and go, or block them.
      type: list
      elements: str
      returned: always
    unless:
      description: Rules that stay and may admit them, such as one for a program. Where there are any, the changes are
        made all the same.
      type: list
      elements: str
      returned: always
handed_out:
  description: The scripts.
  returned: when O(handout_dir) is given
  type: list
  elements: str
  sample: [plan/handout/fe01.ps1, plan/handout/fe01-gpo.ps1]
not_armed:
  description: Why a change that admits less does not come back by itself, where nobody chose O(confirm_minutes).
  returned: when nobody chose, and nobody has seen it work on this build
  type: str
left_armed:
  description: Whether the change waits for a later task to confirm it, and comes back by itself otherwise.
  returned: when it does
  type: bool
snapshot:
  description: The snapshot that was taken before the first write.
  returned: when one was taken
  type: dict
  contains:
    path:
      description: The file on the host.
      type: str
      returned: always
    rollback:
      description: The command that brings it back, to be run on the host.
      type: str
      returned: always
    armed:
      description: Whether it comes back by itself, because the change was not confirmed.
      type: bool
      returned: always
  sample:
    path: C:\Windows\msuc.lync\snapshots\firewall-20260102T030405678Z-0a1b2c3d.wfw
    rollback: netsh advfirewall import "C:\Windows\msuc.lync\snapshots\firewall-20260102T030405678Z-0a1b2c3d.wfw"
    armed: false
"""
