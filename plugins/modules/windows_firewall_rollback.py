# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This file holds the documentation of the action plugin of the same name.

DOCUMENTATION = r"""
module: windows_firewall_rollback
short_description: Brings back what a snapshot of a Windows host has, what is ours of it or the whole policy
description:
  - With O(scope=own) the rules of O(group) become what they were, and foreign rules that were enabled in the snapshot
    and that this collection may have disabled are enabled again. What others changed since stays, and is shown.
  - It is made as M(msuc.lync.windows_firewall_rules) changes a host. Nobody who manages the host is locked out, the
    host writes nothing when it is not as it was read, a snapshot is taken first, and the rules are read again.
  - A disabled rule does not say who disabled it. It counts as disabled by this collection when it admits more than the
    rules of O(group), those of the host or those of the snapshot, on their ports.
  - IPsec exemptions are left as they are. With O(scope=whole) they come back with the rest.
  - A snapshot that cannot be read is refused with O(scope=own), and nothing is written.
version_added: 0.1.0
options:
  path:
    description:
      - The path of the snapshot on the host, or V(newest).
    type: str
    required: true
  scope:
    description:
      - V(own) brings back what is ours.
      - V(whole) imports the snapshot in place of the whole local policy. What others lose by it is shown first; it goes
        on when nobody can tell.
    type: str
    choices: [own, whole]
    default: own
  group:
    description:
      - The group whose rules are ours.
    type: str
    default: msuc.lync
  management_networks:
    description:
      - From where the host is managed. With O(scope=own), a change that would shut a port of its management for these
        or for who is connected is refused.
    type: list
    elements: str
    default: []
  unprotected_rules:
    description:
      - Names of foreign rules that this collection may have disabled although they are protected.
    type: list
    elements: str
    default: []
  snapshot_dir:
    description:
      - The folder of the snapshots on a local drive of the host, written in full.
    type: str
  snapshot_keep:
    description:
      - How many snapshots are kept with O(scope=own), the newest ones.
    type: int
    default: 10
  confirm_minutes:
    description:
      - With O(scope=own), minutes until the change is taken back unless it was confirmed over a new connection; 0 for
        never. When unset, as in M(msuc.lync.windows_firewall_rules).
    type: int
attributes:
  check_mode:
    description: Can run in check mode, shows the same and writes nothing.
    support: full
  diff_mode:
    description: With O(scope=own) one diff per rule.
    support: partial
  platform:
    description: Windows Server 2012 R2 and later with Windows PowerShell 5.1, and 2008 R2 with Windows Management
      Framework 5.1 as far as it goes.
    platforms: windows
    support: full
seealso:
  - module: msuc.lync.windows_firewall_rules
  - module: msuc.lync.windows_firewall_remote
author:
  - msuc.lync contributors (@msuc)
"""

EXAMPLES = r"""
- name: Bring back what is ours
  msuc.lync.windows_firewall_rollback:
    path: newest
    management_networks: [10.9.0.0/24]

- name: Bring back all
  msuc.lync.windows_firewall_rollback:
    path: C:\Windows\msuc.lync\snapshots\firewall-20260102T030405678Z-0a1b2c3d.wfw
    scope: whole
"""

RETURN = r"""
restored:
  description: The path of the snapshot that came back.
  returned: success
  type: str
  sample: C:\Windows\msuc.lync\snapshots\firewall-20260102T030405678Z-0a1b2c3d.wfw
scope:
  description: What came back, V(own) or V(whole).
  returned: success
  type: str
  sample: own
left_alone:
  description: In what foreign rules differ from the snapshot afterwards.
  returned: when O(scope=own)
  type: list
  elements: str
  sample: ["rule Web of group Contoso was added since"]
lost:
  description: In what foreign rules differed from the snapshot before the import.
  returned: when O(scope=whole)
  type: list
  elements: str
  sample: ["rule Web of group Contoso was added since"]
commands:
  description: The changes in words, as M(msuc.lync.windows_firewall_rules) returns them with the rest of its result.
  returned: when O(scope=own)
  type: list
  elements: str
  sample: ["remove rule SIP"]
snapshot:
  description: What was there before, with O(scope=own) as M(msuc.lync.windows_firewall_rules) returns it, else its
    path.
  returned: when something was written
  type: raw
  sample: C:\Windows\msuc.lync\snapshots\firewall-20260102T030405678Z-0a1b2c3d.wfw
"""
