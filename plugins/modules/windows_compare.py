# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This file holds the documentation of the action plugin of the same name.

DOCUMENTATION = r"""
module: windows_compare
short_description: Internal, compares firewall rules and IPsec exemptions of a Windows host with what is wanted, in one
  round trip
description:
  - Internal, not for direct use. Options and results may change without notice.
  - Tells what M(msuc.lync.windows_firewall_rules) and M(msuc.lync.windows_ipsec_exemptions) tell in check mode, and
    asks the host once for both.
  - It never writes. What it finds is mended by those two.
  - C(--tags) and C(--skip-tags) that name C(firewall) or C(ipsec) choose what is compared.
version_added: 0.1.0
extends_documentation_fragment: [msuc.lync.step]
options:
  firewall:
    description:
      - The options of M(msuc.lync.windows_firewall_rules).
    type: dict
    required: true
  ipsec:
    description:
      - The options of M(msuc.lync.windows_ipsec_exemptions). With C(needed) V(false) the host is asked for its firewall
        rules alone.
    type: dict
    required: true
attributes:
  check_mode:
    description: It does the same in check mode.
    support: full
  diff_mode:
    description: The changes are in the result.
    support: none
  platform:
    description: Windows Server 2012 R2 and later with Windows PowerShell 5.1, and 2008 R2 with Windows Management
      Framework 5.1 as far as it goes.
    platforms: windows
    support: full
seealso:
  - module: msuc.lync.windows_firewall_rules
  - module: msuc.lync.windows_ipsec_exemptions
  - module: msuc.lync.windows_gather_remote
author:
  - msuc.lync contributors (@msuc)
"""

EXAMPLES = r"""
- name: Is this host as planned?
  msuc.lync.windows_compare:
    firewall:
      rules: "{{ lookup('msuc.lync.plan', inventory_hostname).firewall_rules }}"
    ipsec:
      exemptions: "{{ lookup('msuc.lync.plan', inventory_hostname).ipsec_exemptions }}"
      needed: auto
  register: compared
"""

RETURN = r"""
firewall:
  description: What M(msuc.lync.windows_firewall_rules) returns in check mode. A part that failed has C(failed) and
    C(msg).
  returned: unless the tags of the run leave it out, or the host was not reached
  type: dict
  sample: {"changed": true, "commands": ["change rule SIP: enabled from false to true"]}
ipsec:
  description: What M(msuc.lync.windows_ipsec_exemptions) returns in check mode. A part that failed has C(failed) and
    C(msg).
  returned: unless the tags of the run leave it out, or the host was not reached
  type: dict
  sample: {"changed": false, "commands": []}
"""
