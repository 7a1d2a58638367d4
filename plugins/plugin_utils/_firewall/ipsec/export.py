# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exemptions without a host: scripts for whoever may run them, and the states parsed and rendered.

    fe01-ipsec.txt             netsh -f, on the host itself
    fe01-ipsec-gpo.ps1         a Group Policy object of the host's own
    fe01-ipsec-static.txt      netsh -f, where a legacy IP Security Policy is assigned
    fe01-ipsec-mirror-gpo.ps1  a Group Policy object of the peers: the exemptions seen from their side

Scripts are for a host that is not written from here, and for its unmanaged peers: an exemption on one side only makes a
peer that requires protection drop the host's traffic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..._base.errors import InvalidInputError, Problem
from ..._base.untyped import mappings
from .. import results
from ..options import OWNED_GROUP
from ..rule import AddressScope, Rule
from ..windows.reconcile import given_dump
from ..windows.script_texts import GROUP_POLICY_SCRIPT
from ..windows.scripts import script_text, write_scripts
from . import engines, legacy, netsh
from .exemption import exemptions_from_options, parse_exemptions, render_exemption, to_options
from .host import REMINDER
from .reconcile import IpsecTask

POLICY_NAME = "Lync exemptions"
Options = Mapping[str, object]
_GPO_SCRIPT = GROUP_POLICY_SCRIPT.replace("NetFirewallRule", "NetIPsecRule").replace(
    "firewall rules", "connection security rules"
)
_MIRROR_SCRIPT = _GPO_SCRIPT.replace(
    "of the plan for one host", "that the peers of one host need, seen from their side"
).replace("Link the object to nothing but the host it is made\nfor.", "Link the object to the peers.")


def hand_out(options: Mapping[str, object], host: str, write: bool = True) -> dict[str, object]:
    """Return the result of a task with handout_dir, whose scripts are written unless that is switched off.

    No host is contacted.

    Raises InvalidInputError with every problem of the input, and OSError when a script cannot be written.
    """
    if options.get("state") != "replaced":
        problem = Problem(
            "handout_dir",
            f"a script cannot bring about state {options.get('state')}",
            "replaced",
            "set state to replaced, or apply",
        )
        raise InvalidInputError([problem])
    task = IpsecTask.from_options(options)
    texts = {
        **scripts(host, task.group, task.rules),
        **(mirror_script(host, task.group, task.rules) if task.peers else {}),
    }
    directory = Path(str(options["handout_dir"]))
    changed = write_scripts(directory, texts) if write else []
    handed = [str(directory / name) for name in texts]
    return {
        "changed": bool(changed),
        "handed_out": handed,
        "changes": [],
        "summary": dict(results.NOTHING),
        "pending": False,
        "report": {"reminder": REMINDER},
    }


def scripts(host: str, group: str, rules: Sequence[Rule]) -> dict[str, str]:
    """Return the scripts of a host by file name."""
    return {
        f"{host}-ipsec.txt": netsh.script_of(rules),
        f"{host}-ipsec-gpo.ps1": script_text(_GPO_SCRIPT, host, group, map(engines.new_arguments, rules)),
        f"{host}-ipsec-static.txt": legacy.render_policy(legacy.policy_of(rules, POLICY_NAME)),
    }


def mirror_script(host: str, group: str, rules: Iterable[Rule]) -> dict[str, str]:
    """Return the script with the mirrors of a host's exemptions by file name.

    They are of a group that names the host.
    """
    mirrors = [mirrored(rule, host, f"{group} {host}") for rule in rules]
    return {
        f"{host}-ipsec-mirror-gpo.ps1": script_text(
            _MIRROR_SCRIPT, host, f"{group} {host}", map(engines.new_arguments, mirrors)
        )
    }


def mirrored(rule: Rule, host: str, group: str) -> Rule:
    """Return an exemption as a peer needs it: the host is the remote side, and the peer has whatever address."""
    sides = {
        "localip": AddressScope(),
        "remoteip": rule.localip,
        "localport": rule.remoteport,
        "remoteport": rule.localport,
    }
    return replace(rule, name=f"{rule.name} of {host}", group=group, **sides)  # type: ignore[arg-type]


# The states that contact no host.


def offline_result(options: Options) -> dict[str, object]:
    """Return the result of a task with state parsed or rendered.

    Raises InvalidInputError with every problem of the input.
    """
    return {"changed": False, **_STATES[str(options["state"])](options)}


def _parse_exemption_dump(options: Options) -> dict[str, object]:
    dump = given_dump(options)
    # A text holds nothing but rules; a dump of a host has these beside the firewall's.
    parsed = parse_exemptions(dump.rules if options.get("path") is None else dump.connection_security)
    found = [{**to_options(stored.rule), "id": stored.rule_id} for stored in parsed.rules]
    return {"parsed": found, "not_parsed": parsed.refused_documents()}


def _render_exemptions(options: Options) -> dict[str, object]:
    rules = exemptions_from_options(mappings(options.get("exemptions")), str(options.get("group") or OWNED_GROUP))
    policy = legacy.policy_of(rules, POLICY_NAME)
    return {
        "rendered": [render_exemption(rule) for rule in rules],
        "netsh": netsh.script_of(rules),
        "legacy_script": legacy.render_policy(policy),
        "not_rendered": list(policy.not_rendered),
    }


_STATES: Mapping[str, Callable[[Options], dict[str, object]]] = {
    "parsed": _parse_exemption_dump,
    "rendered": _render_exemptions,
}
