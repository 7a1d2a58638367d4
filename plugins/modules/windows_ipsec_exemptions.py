# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This file holds the documentation of the action plugin of the same name.

DOCUMENTATION = r"""
module: windows_ipsec_exemptions
short_description: Brings the IPsec exemptions of one group on a Windows host to what is wanted, in one pass
description:
  - Gathers the connection security rules of a host once, compares the exemptions among them with the wanted ones, and
    writes what differs and nothing else.
  - An exemption is a connection security rule that asks for no authentication between two endpoints, in both
    directions. It spares traffic the negotiation, and never admits any. That is done by firewall rules.
  - A host that is as wanted costs one round trip, one enumeration of its rules and no write. Otherwise there is a
    second round trip that writes, looks at the rules again and fails when they are not as wanted.
  - Exemptions are compared as sets of addresses and ports, whatever their spelling, and matched by name within
    O(group). All other connection security rules are read and never written.
  - Rules are read from the registry, in no language of Windows, and never from what C(netsh) prints.
  - All options are validated before the host is contacted, and all errors are reported at once.
version_added: 0.1.0
extends_documentation_fragment: [msuc.lync.step]
options:
  exemptions:
    description:
      - The wanted exemptions, with options that mean what they mean in M(msuc.lync.windows_firewall_rules).
      - An exemption has no direction, no action, no words for ports, and no authentication or crypto sets. Ports go
        with TCP and UDP only.
      - What is not given has its default, which is C(enabled) V(true) and V(any) for the rest.
      - With O(state=deleted) only the names matter.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name, by which the exemption is found again within its group.
        type: str
        required: true
      description:
        description: A text for people.
        type: str
      enabled:
        description: Whether the exemption is in force.
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
      protocol:
        description: V(tcp), V(udp), V(icmpv4), V(icmpv6), V(any), or a number.
        type: str
        default: any
      localport:
        description: Ports of the host, or V(any). Ports go with TCP and UDP only.
        type: list
        elements: str
      remoteport:
        description: Ports of the peers, or V(any).
        type: list
        elements: str
      localip:
        description: Addresses of the host, or V(any).
        type: list
        elements: str
      remoteip:
        description: Addresses, networks and ranges of the peers, or V(any), or a keyword as in
          M(msuc.lync.windows_firewall_rules).
        type: list
        elements: str
      interfacetypes:
        description: Kinds of network interfaces.
        type: list
        elements: str
        choices: [any, lan, wireless, ras]
      rows:
        description: The rows of the catalogue that ask for it; a trace, which is not written.
        type: list
        elements: str
  state:
    description:
      - V(merged) adds and changes the exemptions of O(exemptions) and leaves the other rules of O(group) alone.
      - V(replaced) makes O(group) exactly O(exemptions), and so removes its other rules.
      - V(deleted) removes the rules named in O(exemptions), or all rules of O(group) when O(exemptions) is empty.
      - V(gathered) changes nothing and returns the rules of O(group).
      - V(parsed) contacts no host and returns the connection security rules, of every group, that stand in
        O(running_config) or in the dump at O(path).
      - V(rendered) contacts no host and returns O(exemptions) as strings of the registry, as a script of C(netsh
        advfirewall consec), and as one of C(netsh ipsec static).
    type: str
    choices: [merged, replaced, deleted, gathered, parsed, rendered]
    default: replaced
  needed:
    description:
      - V(true) makes the exemptions.
      - V(auto) makes them on a host with a rule, of its own or of Group Policy, that requests or requires protection
        and is in force. On other hosts it adds none, keeps right those that are there, removes what is not wanted, and
        says so (RV(not_needed)).
      - V(false) contacts no host.
    type: str
    choices: ['auto', 'true', 'false']
    default: 'true'
  engine:
    description:
      - What writes. V(cim) is the cmdlets of C(NetSecurity), which Windows Server 2012 brought. V(netsh) is one script
        of C(netsh -f).
      - V(auto) is V(cim) where the host has it, and V(netsh) elsewhere.
      - C(netsh) knows no groups and no ids. Names must begin with O(name_prefix) then, and a rule of somebody else that
        has the name of an exemption which changes is an error.
    type: str
    choices: [auto, cim, netsh]
    default: auto
  policy_store:
    description:
      - A Group Policy object, C(DOMAIN\NAME), in which the exemptions are made instead of the host's own store. It is
        opened once and saved once. It needs V(cim), and an account that may edit the object.
    type: str
  name_prefix:
    description:
      - A rule without a group whose name begins so is taken for one of O(group), with every engine.
    type: str
    default: 'Lync exempt '
  phase:
    description:
      - V(all) makes all changes, additions first and removals last.
      - V(open) makes only changes that end no exemption. RV(pending) tells whether something is left.
      - V(close) makes the changes that V(open) leaves.
    type: str
    choices: [all, open, close]
    default: all
  group:
    description:
      - The group of rules that this task owns.
    type: str
    default: msuc.lync
  media:
    description:
      - The media of the host, as C(media_flows) of a plan, each with C(rows), C(protocol), C(localip), C(localport),
        C(remoteip), C(remoteport).
      - They are what exemptions are for. A rule that requires protection for a part that no exemption covers is
        reported (RV(report)).
    type: list
    elements: dict
    default: []
  mirror_peers:
    description:
      - Who exchanges media with the host and is not managed, as C(mirror_peers) of a plan, each with C(name) and
        C(addresses).
      - A peer that requires protection drops the host's traffic unless it has the mirror of each exemption.
    type: list
    elements: dict
    default: []
  mirror_dir:
    description:
      - A folder of the controller for HOST-ipsec-mirror-gpo.ps1, which makes the mirrors of O(exemptions) in a Group
        Policy object. It is written when there are O(mirror_peers) and the host has exemptions.
    type: path
  expected_addresses:
    description:
      - Addresses that the host must have. When it does not, or when it has no address in the C(localip) of an
        exemption, nothing is written.
    type: list
    elements: str
    default: []
  running_config:
    description:
      - With O(state=parsed), rule strings line by line, or a JSON mapping of rule ids to rule strings.
    type: str
  path:
    description:
      - With O(state=parsed), a dump on the controller, which is what C(netsh advfirewall export) or C(reg export)
        writes.
    type: path
  management_networks:
    description:
      - From where the host is managed, beside the peers that are connected to its ports of management now.
      - Changes are refused as a whole, and nothing is written, when they take an exemption from WinRM, SSH or Remote
        Desktop there, and leave that traffic to a rule that requires protection.
    type: list
    elements: str
    default: []
  snapshot:
    description:
      - Export the whole policy, firewall rules included, to a file on the host before the first write. When that fails,
        nothing is written.
      - There is none of a Group Policy object.
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
  handout_dir:
    description:
      - Contact no host and write scripts to this folder of the controller instead. HOST-ipsec.txt is for C(netsh -f) on
        the host, HOST-ipsec-gpo.ps1 for a Group Policy object, HOST-ipsec-static.txt for hosts with legacy IP Security
        Policies, which are never written from here, and HOST-ipsec-mirror-gpo.ps1 for the peers.
      - It goes with O(state=replaced) only.
    type: path
  confirm_minutes:
    description:
      - When greater than 0, a task on the host brings the snapshot back after so many minutes, unless the change is
        confirmed over a new connection before.
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
    description: Returns the difference of each exemption that changes.
    support: full
  platform:
    description: Windows Server 2012 R2 and later with Windows PowerShell 5.1, and 2008 R2 with Windows Management
      Framework 5.1 as far as it goes.
    platforms: windows
    support: full
seealso:
  - module: msuc.lync.windows_firewall_rules
  - module: msuc.lync.windows_ipsec_remote
author:
  - msuc.lync contributors (@msuc)
"""

EXAMPLES = r"""
# Before state of each example:
#
# - {name: Lync exempt media (TCP), protocol: tcp, localip: 10.1.0.11}
# - {name: Lync exempt media (UDP), protocol: udp, localip: 10.1.0.11, localport: 50000-59999}

# Using merged:

- name: Let all of UDP be exempt, and leave other exemptions of the group alone
  msuc.lync.windows_ipsec_exemptions:
    state: merged
    exemptions:
      - {name: Lync exempt media (UDP), protocol: udp, localip: 10.1.0.11}

# Task output:
#
# commands:
#   - "change exemption Lync exempt media (UDP): localport from 50000-59999 to any"
#
# After state:
#
# - {name: Lync exempt media (TCP), protocol: tcp, localip: 10.1.0.11}
# - {name: Lync exempt media (UDP), protocol: udp, localip: 10.1.0.11, localport: any}

# Using replaced:

- name: The group holds exactly this exemption
  msuc.lync.windows_ipsec_exemptions:
    state: replaced
    expected_addresses: [10.1.0.11]
    exemptions:
      - {name: Lync exempt media (UDP), protocol: udp, localip: 10.1.0.11}

# Task output:
#
# commands:
#   - "change exemption Lync exempt media (UDP): localport from 50000-59999 to any"
#   - "remove exemption Lync exempt media (TCP): it is not wanted"
#
# After state:
#
# - {name: Lync exempt media (UDP), protocol: udp, localip: 10.1.0.11, localport: any}

# Using deleted:

- name: Remove one exemption; without exemptions, all of the group go
  msuc.lync.windows_ipsec_exemptions:
    state: deleted
    exemptions:
      - {name: Lync exempt media (TCP)}

# Task output:
#
# commands:
#   - "remove exemption Lync exempt media (TCP): it is to be deleted"
#
# After state:
#
# - {name: Lync exempt media (UDP), protocol: udp, localip: 10.1.0.11, localport: 50000-59999}

# Using gathered:

- name: The exemptions of the group
  msuc.lync.windows_ipsec_exemptions:
    state: gathered

# Task output:
#
# gathered:
#   - {name: Lync exempt media (TCP), protocol: tcp, localip: 10.1.0.11}
#   - {name: Lync exempt media (UDP), protocol: udp, localip: 10.1.0.11, localport: 50000-59999}

# Using rendered:

- name: An exemption as the registry holds it, without the host; scripts are in the result too
  msuc.lync.windows_ipsec_exemptions:
    state: rendered
    exemptions:
      - {name: Lync exempt media (UDP), protocol: udp, localip: 10.1.0.11}
  register: made

# Task output:
#
# rendered:
#   - >-
#     v2.10|Action=DoNotSecure|Protocol=17|Active=TRUE|EP1_4=10.1.0.11|Name=Lync exempt media
#     (UDP)|EmbedCtxt=msuc.lync|

# Using parsed:

- name: What is in such strings; of an export of a host, give its path
  msuc.lync.windows_ipsec_exemptions:
    state: parsed
    running_config: "{{ made.rendered | join('\n') }}"

# Task output:
#
# parsed:
#   - {name: Lync exempt media (UDP), protocol: udp, localip: 10.1.0.11}
"""

RETURN = r"""
before:
  description: The rules of the group before, as options in canonical spelling, sorted by name.
  returned: always, unless O(brief=true), the options are invalid or the host is not contacted
  type: list
  elements: dict
after:
  description: The rules of the group after, as they were read again; in check mode, as they would be.
  returned: always, unless O(brief=true), the options are invalid or the host is not contacted
  type: list
  elements: dict
changes:
  description: The changes of this phase, in the order in which they were made, as in
    M(msuc.lync.windows_firewall_rules).
  returned: always, unless the options are invalid or O(state) is parsed or rendered
  type: list
  elements: dict
effects:
  description: What each exemption of the group does after the changes, sorted by name, such as C(newly exempt) or
    C(cuts into RULE), as in M(msuc.lync.windows_firewall_rules).
  returned: always, unless the options are invalid or the host is not contacted
  type: list
  elements: dict
pending_revert:
  description: The change of an earlier task that waits to be taken back; empty without one.
  returned: always, unless the options are invalid or O(state) contacts no host
  type: dict
  sample: {seconds: 240, problem: ''}
commands:
  description: The changes as text, one line each.
  returned: always, unless the options are invalid or the host is not contacted
  type: list
  elements: str
  sample: ["add exemption Lync exempt media (UDP): do not authenticate, localip 10.1.0.11, protocol udp"]
check_mode:
  description: Whether nothing was written.
  returned: always, unless the host is not contacted
  type: bool
engine:
  description: What writes on this host.
  returned: always, unless the options are invalid or the host is not contacted
  type: str
  sample: cim
refused:
  description: Why the changes would be refused if this were no check mode, a text each.
  returned: in check mode, when they would
  type: list
  elements: str
not_needed:
  description: Why the host needs no exemptions, or an empty text.
  returned: always, unless the options are invalid or O(state) contacts no host
  type: str
report:
  description: What is to be said beside the changes.
  returned: always, unless the options are invalid or O(state) is parsed or rendered
  type: dict
  contains:
    needed_by:
      description: The rules that request or require protection.
      type: list
      elements: str
      returned: when the host was read
    uncovered:
      description: Media for which a rule requires protection, and which no exemption covers; the C(rule), and the flow.
      type: list
      elements: dict
      returned: when the host was read
    wider:
      description: Exemptions, of whomever, that spare more than the rows of the plan ask for.
      type: list
      elements: dict
      returned: when the host was read
    not_exempt:
      description: Which of ICMP, neighbour discovery and DHCP the host does not exempt always.
      type: list
      elements: str
      returned: when the host was read
    mirrors:
      description: The exemptions whose mirror unmanaged peers need, with the C(peers).
      type: list
      elements: dict
      returned: when the host was read
    reminder:
      description: That an exemption is not an allow.
      type: str
      returned: always
legacy:
  description: The IP Security Policy that is assigned, and the exemptions that its permit filters lack.
  returned: when one is assigned
  type: dict
  sample: {"name": "Server", "domain": "", "lacks": ["Lync exempt media (UDP)"], "problem": ""}
mirror_scripts:
  description: The scripts for the peers.
  returned: when O(mirror_dir) is given and peers need one
  type: list
  elements: str
gathered:
  description: The rules of the group.
  returned: when O(state=gathered)
  type: list
  elements: dict
parsed:
  description: The rules of the text or the dump, as options, each with the C(id) under which it was stored; what
    exempts nothing has its C(action).
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
  description: The exemptions as strings of the registry, in the order of O(exemptions).
  returned: when O(state=rendered)
  type: list
  elements: str
  sample:
    - "v2.10|Action=DoNotSecure|Protocol=17|Active=TRUE|EP1_4=10.1.0.11|Name=Lync exempt media|EmbedCtxt=msuc.lync|"
netsh:
  description: The exemptions as a script of C(netsh advfirewall consec).
  returned: when O(state=rendered)
  type: str
legacy_script:
  description: The exemptions as a policy of permit filters, a script of C(netsh ipsec static).
  returned: when O(state=rendered)
  type: str
not_rendered:
  description: Exemptions that filters cannot hold, and why.
  returned: when O(state=rendered)
  type: list
  elements: str
summary:
  description: How many exemptions are added, changed, disabled and removed. What the host admits never changes.
  returned: always, unless the options are invalid or O(state) is parsed or rendered
  type: dict
  sample: {"added": 2, "changed": 0, "disabled": 0, "removed": 0, "admission_changed": 0}
pending:
  description: Whether changes are left for another phase.
  returned: always, unless the options are invalid or O(state) is parsed or rendered
  type: bool
stats:
  description:
    - How many round trips, enumerations of all connection security rules, and writes it took. COM is not among them.
    - Without a round trip of its own where the task of firewall rules has asked the host for both.
  returned: always, unless the options are invalid or the host is not contacted
  type: dict
  sample: {"round_trips": 1, "enumerations": 1, "writes": 0}
host:
  description: The addresses of the host, and the state of its profiles.
  returned: always, unless the host could not be read
  type: dict
handed_out:
  description: The scripts.
  returned: when O(handout_dir) is given
  type: list
  elements: str
not_armed:
  description: Why a change that admits less does not come back by itself, where nobody chose O(confirm_minutes).
  returned: when nobody chose, and nobody has seen it work on this build
  type: str
left_armed:
  description: Whether the change waits for a later task to confirm it, and comes back by itself otherwise.
  returned: when it does
  type: bool
snapshot:
  description: The snapshot that was taken before the first write, as in M(msuc.lync.windows_firewall_rules).
  returned: when one was taken
  type: dict
"""
