# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What same.py knows of a change of shape: what has another name in NEW, and the differences that are meant."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class _Absent:
    """What is not there."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = _Absent()


def shown(value: object) -> str:
    """Return a value as text."""
    if isinstance(value, str):
        return value
    return repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Difference:
    """A place, whose steps are separated by slashes, and what is there in OLD and in NEW."""

    place: str
    old: object
    new: object

    @property
    def group(self) -> tuple[str, ...]:
        """Return what differences share that are one to a reader: the last step of the place, and the values."""
        part, step = self.place.partition("/")[0], self.place.rpartition("/")[2]
        return (part, step) if step.startswith("+") else (part, step, shown(self.old), shown(self.new))


RENAMES: Mapping[str, str] = {
    "windows_firewall_host": "windows_firewall_remote",
    "windows_ipsec_host": "windows_ipsec_remote",
    "windows_gather_host": "windows_gather_remote",
    "windows_probe_host": "windows_probe_remote",
    "linux_probe_host": "linux_probe_remote",
    "nftables_host": "nftables_remote",
    "haproxy_host": "haproxy_remote",
    "nginx_host": "nginx_remote",
    "msuc.lync.screen": "msuc.lync.summary",
}
"""OLD's word -> NEW's: run options, tags, playbooks, options and names of modules.

What the stories say to a checkout is said in the new word where its playbooks, roles or plugins have it; keys and
texts
of NEW may have either.
"""

KEYS: Mapping[str, str] = {
    "would_cut": "connection_impact",
    "fields": "properties",
    "field": "property",
    "stopped": "conflicts",
    "screen": "report",
    "word": "level",
    "rendered": "document",
}
"""OLD's key of results, plans and reports -> NEW's; where NEW has both, the one that holds the same."""

VALUES: Mapping[str, str] = {"load balancer": "load_balancer", "reverse proxy": "publications"}
"""OLD's value, or a part of the name of an item in a list -> NEW's."""


@dataclass(frozen=True)
class Allowed:
    """A difference that is meant.

    place: as for fnmatch, where * matches slashes too. reason: the fault that is mended, or what was decided.
    old, new: patterns that the values match, from their start.
    """

    place: str
    reason: str
    old: str = ""
    new: str = ""

    def allows(self, difference: Difference) -> bool:
        """Return whether a difference is this one."""
        values = ((self.old, difference.old), (self.new, difference.new))
        is_there = fnmatch.fnmatchcase(difference.place, self.place)
        return is_there and all(re.match(pattern, shown(value)) for pattern, value in values)


def _added(places: str, reason: str, *keys: str) -> list[Allowed]:
    """Return allowances of keys that NEW has more."""
    return [Allowed(f"{places}/+{key}", reason) for key in keys]


ABSENT_TEXT = r"\(absent\)$"
_A3 = "A3: a load balancer that is to be configured has a driver"
_A5 = "A5: a run that asked nobody is not done"
_A6 = "A6: exit status 2 for all that is not as planned, and the finer verdict beside it"
_A12 = "A12: audit reports as drift does"
_RECAP = "the recap went: a line for each device says what was done, and the verdict"
_CONCERNS = "reverse proxies and nftables are concerns of their own"
_TOPOLOGY = '<section id="topology">'
_LIMITED = "a host is asked only about what is repaired there"
_RECAP_LINES = r"(host|balancer) +outcome |[\w-]+ +(changed|unchanged|failed) +\d|(Rules|DNS record sets) \d+ added"
_RESULT = "one result for all modules: causes, effects and counts are data"
_AGAIN = "a load balancer that took a change is looked at again by the task that made it"
_LOOKS = "providers look again themselves"
_SAME_UNIT = "the task that wrote knows already which unit of a pair is active"
_NOT_READ = "of what failed, and of what nobody touched, nothing was read again"
_WHY_STOPPED = "exemptions wait for the rules of their own host, whoever else failed"
_CAUSE = "the text of a host is what happened there, without Ansible's own 'Task failed:'"
_BALANCERS = "A2: without http_publishing, row S11 admits the load balancers alone, and no reverse proxy"
_PLAN = "the plan carries all that is read in a run"
_TRACE = "A2: rules carry what they trace to"
ALLOWED: Sequence[Allowed] = (
    Allowed("stories/site/no such tag/status", _A5, old="0$", new="2$"),
    Allowed("stories/site/no such tag/*", _A5, old='.*"?DONE', new='.*"?(NOT DONE|Verdict|UNKNOWN)'),
    Allowed("stories/site/no such tag/*", _A5, old="A second run changes nothing", new=ABSENT_TEXT),
    Allowed("stories/*/status", _A6, old="[34]$", new="2$"),
    Allowed("stories/*/msuc.lync.verdict [0-9]/status", _A6, old="drift|unreachable", new="failed"),
    Allowed("stories/*/msuc.lync.verdict [0-9]/unreachable", _A6, new=ABSENT_TEXT),
    Allowed("stories/*/+msuc.lync.verdict [0-9]", _A6),
    Allowed("stories/*/results/+localhost", _A6, new=".*msuc.lync.verdict"),
    Allowed("stories/*/results/*/exit_status", _A6, new=ABSENT_TEXT),
    Allowed("stories/*/printed", _A6, old=".*Exit status 3[.]$", new=ABSENT_TEXT),
    Allowed("stories/*/printed", _A6, old=ABSENT_TEXT, new="Verdict: "),
    Allowed("stories/*/stats/*", _A6),
    Allowed("stories/*/msuc.lync.screen [0-9]/verdict", _A6),
    Allowed("stories/*/msuc.lync.screen [0-9]/senders_are_done", _A6, new=ABSENT_TEXT),
    Allowed("stories/*/ansible.builtin.fail [0-9]", _A6, old=".*is not as the plan says", new=ABSENT_TEXT),
    Allowed("stories/site/audit*/printed", _A12, old=r"Drift: \d+ rules?", new=r"Drift: \d+ deviations?"),
    Allowed("stories/site/audit*/printed", _A12, old=ABSENT_TEXT, new="Report: "),
    Allowed("stories/site/audit*/results/*/msuc.lync.audit 1/*", _A12),
    *_added("stories/site/audit*/reports", _A12, "audit.*"),
    *_added("stories/site/audit/results", _A12, "fe12", "fe21"),
    *_added("stories/*/results/*", _A6, "verdict", "summary", "ansible_stats"),
    *_added("stories/*/reports", _A6, "summary.json"),
    Allowed("stories/*/msuc.lync.recap [0-9]", _RECAP, new=ABSENT_TEXT),
    Allowed("stories/*/*/printed", _RECAP, old=_RECAP_LINES, new=rf"{ABSENT_TEXT}|[\w-]+: [\w ]+: |Verdict: "),
    Allowed("stories/*/*/printed", _RECAP, old=ABSENT_TEXT, new=r"[\w-]+: (\w+|load balancer): (un)?changed"),
    Allowed("stories/*/parts/*/read_again", _LOOKS, old="false", new="true"),
    Allowed("stories/site/access denied/*/read_again", _NOT_READ, old="true", new="false"),
    Allowed("stories/site/access denied/*/fe11 ipsec/message", _WHY_STOPPED, new=".*firewall rules of this host"),
    # Of the stories proxies and appliances.
    Allowed("stories/*s/apply/*/msuc.lync.* 2", _LOOKS, old='.*"changed": false', new=ABSENT_TEXT),
    Allowed("stories/*s/one member*/msuc.lync.* 2", _LOOKS, old='.*"changed": false', new=ABSENT_TEXT),
    Allowed("stories/appliances/apply/seen/requests f5", _SAME_UNIT, old='.*/cm/device[?]', new=ABSENT_TEXT),
    Allowed("stories/appliances/one member*/requests f5", _SAME_UNIT, old='.*/cm/device[?]', new=ABSENT_TEXT),
    Allowed("stories/*/not_rendered/*/field", "what is not rendered has a name, as what differs", new=ABSENT_TEXT),
    Allowed("stories/proxies/*", _CONCERNS, old=".*load_balancer", new=".*publications"),
    Allowed("stories/*/drift.html", "a result that is lost is unknown", old="[.]clean ", new="[.]clean .*[.]unknown"),
    *_added(
        "stories/*/results/*", _RESULT,
        "cause", "effects", "kinds", "by", "facts", "recreates", "notice", "name", "rendered", "check_mode",
        "pending", "sends", "members", "disabled", "admission_changed", "recreated", "left_out",
        "health", "reason", "opens", "closes", "changes_admission", "effect", "marked", "unmarked", "stats", "lines",
    ),
    Allowed("stories/*/msuc.lync.dns_records */changes/*/words", _RESULT, new=ABSENT_TEXT),
    Allowed("stories/linux/*", _CONCERNS, old=".*firewall", new=".*nftables"),
    Allowed("stories/linux/*", "a warning was printed as a Python object", old=".*WarningSummary[(]"),
    Allowed("stories/*/drift.html", _TRACE, old=r"<tr><td.*>other<.*>load balancers<", new=".*>load balancers<"),
    Allowed("stories/*/drift.html", _TRACE, old=ABSENT_TEXT, new=r"<tr><td.*>[\w ]+<.*>load balancers<"),
    Allowed("stories/linux/*/drift.html", _TRACE, old=_TOPOLOGY, new=_TOPOLOGY),
    Allowed("stories/proxies/*/drift.html", _TRACE, old=_TOPOLOGY, new=_TOPOLOGY),
    Allowed("stories/drift/*/drift.html", _BALANCERS, old=_TOPOLOGY, new=_TOPOLOGY),
    Allowed("stories/*/drift.html", _BALANCERS, old=ABSENT_TEXT, new=r"<tr><td.*>load balancers<.*>frontend<.*\(S11\)"),
    Allowed(
        "stories/*/drift.html", _BALANCERS,
        old=r"<tr>.*>reverse proxy<.*\(S11\)", new="<tr>.*>reverse proxy<(?!.*S11)",
    ),
    Allowed("stories/*/unreachable/*", _CAUSE, old=".*Task failed: basic: ", new="(?!.*Task failed).*basic: "),
    Allowed("stories/retire/refused/complaints", _A6, old=".*2 errors in the input", new=ABSENT_TEXT),
    Allowed("stories/retire/refused/results/*/+ansible.builtin.assert 1", _A6, new=".*2 errors in the input"),
    Allowed("stories/retire/nobody/results/*/assertion", "hosts that leave come from the options of the run"),
    Allowed("stories/selftest/*/msg", "A7: scenarios have a new place", old=".*tests/contract", new=".*files/selftest"),
    Allowed("stories/drift/limited/results/fe11/msuc.lync.windows_firewall_rules 1", _LIMITED, new=ABSENT_TEXT),
    Allowed("stories/drift/limited/seen/asked/fe11", _LIMITED, old=".*gather", new=ABSENT_TEXT),
    Allowed("stories/drift/limited/seen/counted/fe11/e*", _LIMITED),
    Allowed("stories/*/results/*/requests", "requests are counted in stats", new=ABSENT_TEXT),
    Allowed("stories/*/results/*/unit", _RESULT, new='{"active": '),
    Allowed("stories/*/seen/requests adc", _AGAIN, old=ABSENT_TEXT, new=".*(nsrunningconfig|hanode)"),
    Allowed("stories/*/seen/requests lm", _AGAIN, old=ABSENT_TEXT, new='.*"cmd": "listvs"'),
    Allowed("stories/*/seen/requests f5", _AGAIN, old=ABSENT_TEXT, new='.*"body": {"Lync'),
    Allowed(
        "stories/*/seen/requests f5", "check mode says too whose tenant it is",
        old=ABSENT_TEXT, new='.*declare[?]showHash=true"',
    ),
    *_added("c*/documents/hosts/*", _PLAN, "balancer_addresses", "load_balancer", "reverse_proxy", "policy"),
    *_added("c*/documents/hosts/*", _PLAN, "closed_ports"),
    Allowed("c*/documents/hosts/*/balancer_driver", "the driver is part of load_balancer", new=ABSENT_TEXT),
    Allowed("compile/broken-*/printed", _A6, old=ABSENT_TEXT, new="Verdict: invalid"),
    # Two of the broken inventories have a load balancer without a driver.
    Allowed("compile/broken-068/result/msg", _A3, old="5 errors", new="6 errors"),
    Allowed("compile/broken-068/result/msg", _A3, old=ABSENT_TEXT, new=".*lync_balancer_driver: no driver"),
    Allowed("compile/broken-140/*", _A3),
    *_added("c*/filters/*", _TRACE, "applications", "services", "peer_classes", "component_roles", "interface"),
    *_added("c*/documents/hosts/*", _TRACE, "applications", "services", "peer_classes"),
    *_added("c*/documents/hosts/*", _TRACE, "component_roles", "interface"),
)  # fmt: skip
