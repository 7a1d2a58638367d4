# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This file holds the documentation of the action plugin of the same name.

DOCUMENTATION = r"""
module: dns_records
short_description: Brings DNS records of several zones and views to what is wanted, by dynamic updates
description:
  - Asks the servers of each zone what they have, compares it with what is wanted, and writes what differs as one
    update (RFC 2136) for each zone and view, signed with a TSIG key (RFC 8945).
  - An update is a compare-and-swap. It holds as its prerequisites exactly what was gathered, and the server makes all
    of it or, when somebody changed one of the record sets meanwhile, nothing.
  - Zones that are as wanted cost questions and no update. The servers themselves are asked, without recursion, never
    a resolver.
  - Only record sets that the zone marks as owned are made exact or removed. The marks of an owner are TXT values at
    C(OWNER._msuc-lync.ZONE), at most 100 in a zone. A set gets its mark when it holds exactly what is wanted. Until
    then values that are not wanted are reported (RV(unknown)) and stay.
  - Whoever may make names in a zone may write marks. So a mark holds a proof, an HMAC with O(mark_key) of owner, name,
    type and values, and values are removed only where it shows that the collection wrote exactly what is there, or
    what is wanted. All else is reported and stays. Marks of earlier versions get their proof when the set is as wanted.
  - Zones of Active Directory take no TSIG key, but secure updates by a domain account (C(kerberos_principal)). The
    account logs in once for each server, before anything is written, also in check mode; its key signs the updates.
  - For a server with C(windows_host) nothing is written. RV(windows_tasks)
    holds the options for C(ansible.windows.win_dns_record) instead, which the role P(msuc.lync.dns_records#role) runs
    on that host.
  - With O(step=verify) nothing is written, and the task fails when anything differs from what is wanted.
  - The task runs on the controller and contacts no host. All options are validated before any server is contacted,
    and all errors are reported at once.
version_added: 0.1.0
extends_documentation_fragment: [msuc.lync.step]
options:
  records:
    description:
      - The wanted record sets, in the shape of the plan files.
      - With O(state=deleted) and O(state=gathered) name, type, zone and owner are enough. With O(state=deleted) and
        without records everything that is marked for O(owners) is removed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the records, absolute, with or without the final dot.
        type: str
        required: true
      type:
        description: Type of the records.
        type: str
        choices: [A, AAAA, SRV, CNAME]
        required: true
      values:
        description: The values, as a zone file has them. Names in them are absolute, with or without the final dot.
        type: list
        elements: str
      ttl:
        description: Time to live in seconds.
        type: int
        default: 300
      zone:
        description: Zone that holds the name.
        type: str
        required: true
      view:
        description: Who sees the records.
        type: str
        choices: [internal, external]
        default: internal
      owner:
        description: On whose behalf the set is kept, a DNS name, as of a pool.
        type: str
        default: msuc.lync
  servers:
    description:
      - The servers that take the records, as in the variable C(lync_dns_servers). The first one of a zone and view is
        written. The others are asked whether they have the changes too.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: Address of the server.
        type: str
        required: true
      port:
        description: Port of the server.
        type: int
        default: 53
      zones:
        description: Zones that it takes records of.
        type: list
        elements: str
        required: true
      view:
        description: The view that it serves, to everybody or to those who have the key.
        type: str
        choices: [internal, external]
        default: internal
      key_name:
        description:
          - Name of the TSIG key. Questions are signed with it too, so that a server that tells views by keys answers
            from the right one.
        type: str
      key_algorithm:
        description: Algorithm of the TSIG key.
        type: str
        choices: [hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
        default: hmac-sha256
      key_secret:
        description: Secret of the TSIG key in base64.
        type: str
      kerberos_principal:
        description:
          - Domain account that makes secure updates (GSS-TSIG, RFC 3645) of a zone of Active Directory, with its realm,
            as V(svc-lync-dns@CONTOSO.COM). A plain account will do. Questions are not signed.
          - Needs the Python library gssapi on the controller.
        type: str
      kerberos_password:
        description: Password of the account.
        type: str
      kerberos_keytab:
        description: Keytab of the account, a file on the controller, in place of the password.
        type: path
      kerberos_server:
        description: Full host name of the DNS server, by which Kerberos knows it.
        type: str
      windows_host:
        description: Inventory name of the Windows host that is changed in place of the server.
        type: str
  state:
    description:
      - V(merged) adds what is missing and removes nothing.
      - V(replaced) also makes owned sets exactly what is wanted, and removes owned sets of O(owners) that are not
        wanted.
      - V(deleted) removes the sets of O(records). Of a set that is not owned only the values that are listed are
        removed.
      - V(gathered) changes nothing and returns what is there under the names of O(records) and what is owned by
        O(owners).
      - V(rendered) contacts no server and returns O(records) as lines of zone files.
      - V(parsed) contacts no server and returns the records of O(running_config) or of the file at O(path).
    type: str
    choices: [merged, replaced, deleted, gathered, rendered, parsed]
    default: replaced
  owners:
    description:
      - Whose owned sets are removed when they are not wanted, beside the owners of O(records). What is marked for
        others is left alone.
    type: list
    elements: str
    default: []
  take_over:
    description:
      - Names whose unknown values and records are removed, although they are not owned yet.
    type: list
    elements: str
    default: []
  gone:
    description:
      - Names whose marked sets are removed when they are not wanted, although no proof shows whose they are.
    type: list
    elements: str
    default: []
  mark_key:
    description:
      - Key of the proofs in marks, 16 characters and more. Without it no values are removed, but those of O(take_over),
        O(gone) and of O(records) with O(state=deleted).
    type: str
  refresh_days:
    description:
      - In zones that a domain account writes, sets that are as wanted are written again when that was last done so many
        days ago, since Active Directory removes dynamic records that nobody refreshes. The day is in the mark.
    type: int
    default: 8
  timeout_seconds:
    description:
      - How long a server has for an answer.
    type: float
    default: 5.0
  wait_seconds:
    description:
      - How long the other servers of a zone have to follow after a change. One that does not is in RV(lagging).
    type: float
    default: 10.0
  running_config:
    description:
      - With O(state=parsed), the text of a zone file.
    type: str
  path:
    description:
      - With O(state=parsed), a zone file on the controller.
    type: path
  zone:
    description:
      - With O(state=parsed), the zone of the text, to which its relative names belong.
    type: str
  view:
    description:
      - With O(state=parsed), the view that the records belong to.
    type: str
    choices: [internal, external]
    default: internal
attributes:
  check_mode:
    description: Asks the servers, returns what would change, and writes nothing.
    support: full
  diff_mode:
    description: Returns zone lines before and after, for each zone and view that changes.
    support: full
  platform:
    description: The controller; any server that takes dynamic updates.
    platforms: all
    support: full
requirements:
  - dnspython (on the controller)
  - gssapi (on the controller, for domain accounts)
notes:
  - An update holds at most 200 sets. Where more differ in one zone, as in a first run over a large deployment, each
    200 of them are all or nothing.
  - When the answer to an update is lost, it is not known whether it was made; run again.
author:
  - msuc.lync contributors (@msuc)
"""

EXAMPLES = r"""
# Variables of the inventory:
#
# dns:
#   - address: 10.1.0.93
#     zones: [contoso.com]
#     key_name: lync
#     key_secret: "{{ vault_dns_key }}"
#
# Before state of each example:
#
# - name: _sipinternaltls._tcp.contoso.com
#   type: SRV
#   values: [0 0 5061 pool01.contoso.com]
#   zone: contoso.com
#   owner: pool01.contoso.com
# - name: pool01.contoso.com
#   type: A
#   values: [10.1.0.11]
#   zone: contoso.com
#   owner: pool01.contoso.com

# Using merged:

- name: The name of a pool leads to one more server; nothing is removed
  msuc.lync.dns_records:
    state: merged
    servers: "{{ dns }}"
    records:
      - name: pool01.contoso.com
        type: A
        values: [10.1.0.12]
        zone: contoso.com
        owner: pool01.contoso.com
    mark_key: "{{ vault_dns_mark_key }}"

# Task output:
#
# commands:
#   - "pool01.contoso.com A (internal, zone contoso.com): missing value 10.1.0.12"
#
# After state:
#
# - {name: _sipinternaltls._tcp.contoso.com, type: SRV}
# - {name: pool01.contoso.com, values: [10.1.0.11, 10.1.0.12]}

# Using replaced:

- name: The name of a pool leads to this server alone, and the pool has no other records
  msuc.lync.dns_records:
    state: replaced
    servers: "{{ dns }}"
    records:
      - name: pool01.contoso.com
        type: A
        values: [10.1.0.12]
        zone: contoso.com
        owner: pool01.contoso.com
    mark_key: "{{ vault_dns_mark_key }}"

# Task output:
#
# commands:
#   - >-
#     _sipinternaltls._tcp.contoso.com SRV (internal, zone contoso.com): extra (0 0 5061
#     pool01.contoso.com; pool01.contoso.com no longer wants it)
#   - >-
#     pool01.contoso.com A (internal, zone contoso.com): missing value 10.1.0.12; extra value
#     10.1.0.11
#
# After state:
#
# - {name: pool01.contoso.com, values: [10.1.0.12]}

# Using deleted:

- name: Remove one set of records; without records, all that is marked for owners goes
  msuc.lync.dns_records:
    state: deleted
    servers: "{{ dns }}"
    records:
      - name: _sipinternaltls._tcp.contoso.com
        type: SRV
        zone: contoso.com
        owner: pool01.contoso.com
    mark_key: "{{ vault_dns_mark_key }}"

# Task output:
#
# commands:
#   - >-
#     _sipinternaltls._tcp.contoso.com SRV (internal, zone contoso.com): extra (0 0 5061
#     pool01.contoso.com; it is to be deleted)
#
# After state:
#
# - {name: pool01.contoso.com, values: [10.1.0.11]}

# Using gathered:

- name: What is marked for a pool
  msuc.lync.dns_records:
    state: gathered
    servers: "{{ dns }}"
    owners: [pool01.contoso.com]

# Task output:
#
# gathered:
#   - {name: _sipinternaltls._tcp.contoso.com, type: SRV, values: [0 0 5061 pool01.contoso.com]}
#   - {name: pool01.contoso.com, type: A, values: [10.1.0.11]}

# Using rendered:

- name: Lines for somebody who writes the zone by hand, without a server
  msuc.lync.dns_records:
    state: rendered
    records:
      - {name: pool01.contoso.com, type: A, values: [10.1.0.11], zone: contoso.com}
  register: made

# Task output:
#
# rendered:
#   internal: |
#     $ORIGIN contoso.com.
#     pool01.contoso.com. 300 IN A 10.1.0.11

# Using parsed:

- name: What is in such lines, or in the file of a zone
  msuc.lync.dns_records:
    state: parsed
    running_config: "{{ made.rendered.internal }}"
    zone: contoso.com

# Task output:
#
# parsed:
#   - {name: pool01.contoso.com, type: A, values: [10.1.0.11], ttl: 300}
"""

RETURN = r"""
before:
  description:
    - What was there under the names that were asked for, as records with their C(owner), which is null without a
      mark.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: dict
after:
  description: The same after the changes; in check mode and on Windows hosts, as it would be.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: dict
changes:
  description: The changes, by view, zone and name.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: dict
  contains:
    kind:
      description: One of add, change, remove, and mark and unmark where only the mark changes.
      type: str
      returned: always
    view:
      description: The view.
      type: str
      returned: always
    zone:
      description: The zone.
      type: str
      returned: always
    name:
      description: The name.
      type: str
      returned: always
    type:
      description: The type.
      type: str
      returned: always
    cause:
      description: Why it changes, one of missing, different, not_wanted, taken_over and deleted.
      type: str
      returned: always
    reason:
      description: The same for people.
      type: str
      returned: always
    opens:
      description: Whether the name gets its first values.
      type: bool
      returned: always
    closes:
      description: Whether the name loses its last values.
      type: bool
      returned: always
    properties:
      description: What differs, each with C(property), which is values or ttl, C(before) and C(after).
      type: list
      elements: dict
      returned: always
commands:
  description: The changes as text, a line each.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: str
  sample: ["pool01.contoso.com A (internal, zone contoso.com): missing value 10.1.0.12"]
summary:
  description: How many sets are added, changed, removed, only marked or unmarked, and how many unknown sets stay.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: dict
  sample:
    added: 1
    changed: 0
    disabled: 0
    removed: 0
    marked: 0
    unmarked: 0
    admission_changed: 0
    recreated: 0
    unknown: 0
unknown:
  description:
    - Values that stand under a wanted name or are marked, are not wanted, and are not known to be ours. They stay.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: dict
not_applied:
  description: Zones with wanted records that no server takes.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: str
refreshed:
  description:
    - Sets that were, or would be, written again unchanged. They do not count as changes.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: str
due:
  description:
    - With O(step=compare) and O(step=verify), which write nothing, the sets that the next run writes again.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: str
lagging:
  description:
    - Servers of a zone beside the first that have another serial number, do not answer, or do not follow in time.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: str
pending:
  description: Always false, as no change is left for later.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: bool
windows_tasks:
  description: What is left to do on Windows hosts, as C(host) and options of C(ansible.windows.win_dns_record).
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: dict
failed_owners:
  description: The owners with records in zones that failed.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: str
kept_owners:
  description: The owners with marked values that stay because nothing proves that they are ours.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: list
  elements: str
stats:
  description:
    - C(requests) is how many messages the servers answered, without the C(verify_requests) that looked again after a
      change. C(writes) is how many updates they made.
  returned: always, unless the options are invalid or O(state) contacts no server
  type: dict
  sample: {"requests": 9, "verify_requests": 0, "writes": 0}
gathered:
  description: The same as RV(before).
  returned: when O(state=gathered)
  type: list
  elements: dict
rendered:
  description: The text of zone lines by view.
  returned: when O(state=rendered)
  type: dict
  sample: {"internal": "$ORIGIN contoso.com.\npool01.contoso.com. 300 IN A 10.1.0.11\n"}
parsed:
  description: The records of the text.
  returned: when O(state=parsed)
  type: list
  elements: dict
"""
