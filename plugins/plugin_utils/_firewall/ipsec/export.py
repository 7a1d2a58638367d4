# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scripts of exemptions for whoever may run them: for a host that is not written from here, and for its unmanaged peers.

    fe01-ipsec.txt             netsh -f, on the host itself
    fe01-ipsec-gpo.ps1         a Group Policy object of the host's own
    fe01-ipsec-static.txt      netsh -f, where a legacy IP Security Policy is assigned
    fe01-ipsec-mirror-gpo.ps1  a Group Policy object of the peers: the exemptions seen from their side

An exemption on one side only makes a peer that requires protection drop the host's traffic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..._base.errors import InvalidInputError, Problem
from ..rule import AddressScope, Rule
from ..windows.script_texts import GROUP_POLICY_SCRIPT
from ..windows.scripts import script_text, write_scripts
from . import cim, legacy, netsh
from .offline import POLICY_NAME
from .reconcile import IpsecTask
from .report import REMINDER

_GPO_SCRIPT = GROUP_POLICY_SCRIPT.replace("NetFirewallRule", "NetIPsecRule").replace("firewall rules", "connection security rules")
_MIRROR_SCRIPT = _GPO_SCRIPT.replace("of the plan for one host", "that the peers of one host need, seen from their side").replace(
    "Link the object to nothing but the host it is made\nfor.", "Link the object to the peers."
)


def hand_out(options: Mapping[str, object], host: str, write: bool = True) -> dict[str, object]:
    """Return the result of a task with handout_dir, whose scripts are written unless that is switched off; no host is contacted.

    Raises InvalidInputError with every problem of the input, and OSError when a script cannot be written.
    """
    if options.get("state") != "replaced":
        problem = Problem("handout_dir", f"a script cannot bring about state {options.get('state')}", "replaced", "set state to replaced, or apply")
        raise InvalidInputError([problem])
    task = IpsecTask.from_options(options)
    texts = {**scripts(host, task.group, task.rules), **(mirror_script(host, task.group, task.rules) if task.peers else {})}
    directory = Path(str(options["handout_dir"]))
    changed = write_scripts(directory, texts) if write else []
    nothing = dict.fromkeys(("added", "changed", "disabled", "removed", "admission_changed"), 0)
    handed = [str(directory / name) for name in texts]
    return {"changed": bool(changed), "handed_out": handed, "changes": [], "summary": nothing, "pending": False, "report": {"reminder": REMINDER}}


def scripts(host: str, group: str, rules: Sequence[Rule]) -> dict[str, str]:
    """Return the scripts of a host by file name."""
    return {
        f"{host}-ipsec.txt": netsh.script_of(rules),
        f"{host}-ipsec-gpo.ps1": script_text(_GPO_SCRIPT, host, group, map(cim.new_arguments, rules)),
        f"{host}-ipsec-static.txt": legacy.render_policy(legacy.policy_of(rules, POLICY_NAME)),
    }


def mirror_script(host: str, group: str, rules: Iterable[Rule]) -> dict[str, str]:
    """Return the script with the mirrors of a host's exemptions by file name; they are of a group that names the host."""
    mirrors = [mirrored(rule, host, f"{group} {host}") for rule in rules]
    return {f"{host}-ipsec-mirror-gpo.ps1": script_text(_MIRROR_SCRIPT, host, f"{group} {host}", map(cim.new_arguments, mirrors))}


def mirrored(rule: Rule, host: str, group: str) -> Rule:
    """Return an exemption as a peer needs it: the host is the remote side, and the peer has whatever address."""
    sides = {"localip": AddressScope(), "remoteip": rule.localip, "localport": rule.remoteport, "remoteport": rule.localport}
    return replace(rule, name=f"{rule.name} of {host}", group=group, **sides)  # type: ignore[arg-type]
