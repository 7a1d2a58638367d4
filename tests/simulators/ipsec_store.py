# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection security rules of a simulated Windows host, and what writes them: the CIM cmdlets, and netsh with a
script.

    policy = IpsecPolicy(store)
    policy.new("msuc.lync-1", {"DisplayName": "Exempt"}); policy.netsh(script) -> 0; policy.rules() -> {id: string}

They are the part "ipsec" of the host's document (see PART). A rule's id is the name of its value in the registry. CIM
chooses the id; netsh makes a GUID, and its set and delete take all rules of a name (netsh-advfirewall.md; [MS-GPFAS]
2.2.6.2).
"""

from __future__ import annotations

import copy
import fnmatch
import functools
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import ipsec_rules, netsh_script
from .firewall_store import Document, FirewallStore, export_ipsec, import_ipsec
from .ipsec_rules import RefusedError, Tokens
from .windows_rules import E_ACCESSDENIED, ComError

# module: whether Windows has NetSecurity, as 2012 and later do. version: of the rule strings that it writes. rules: by
# id, as strings. policy_rules: those of Group Policy. exempt, policy_exempt: the bits IPsecExempt, local and of Group
# Policy. legacy: the local store of IP Security Policies. stores: rules of Group Policy objects. static: what scripts
# of ipsec static made.
PART: Mapping[str, Any] = {
    "module": True,
    "version": "2.26",
    "rules": {},
    "policy_rules": {},
    "exempt": 9,
    "policy_exempt": None,
    "legacy": {"active": "", "objects": {}, "domain": ""},
    "stores": {},
    "switches": {},
}
AMBIGUOUS = (
    "Parameter set cannot be resolved using the specified named parameters. "
    "One or more parameters issued cannot be used together "
    "or an insufficient number of parameters were provided."
)
LOCAL = "SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
GROUP_POLICY = "SOFTWARE\\Policies\\Microsoft\\WindowsFirewall"
LEGACY = "SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec"


@dataclass(frozen=True)
class IpsecSwitches:
    """What no document settles, to be switched either way.

    stops_at_error: netsh -f ends at the first line that it refuses. tells_errors: it then ends with 1.
    writes_empty: rules made through CIM carry empty tokens Desc and EmbedCtxt, as the published example does.
    """

    stops_at_error: bool = False
    tells_errors: bool = True
    writes_empty: bool = True


def part(document: Document) -> dict[str, Any]:
    """Return the part of a document, made when it is not there."""
    found: dict[str, Any] = document.setdefault("ipsec", {})
    for name, value in PART.items():
        found.setdefault(name, copy.deepcopy(value))
    return found


def change(store: FirewallStore, **parts: object) -> None:
    """Change parts of a host's side of IPsec by hand, as somebody else would."""
    with store.lock:
        document = store.read()
        part(document).update(parts)
        store.write(document)


def shown(store: FirewallStore) -> dict[str, str]:
    """Return the local rules as they are on disk: an independent look."""
    rules: dict[str, str] = part(store.read())["rules"]
    return rules


def exempted(names: Mapping[str, Mapping[str, Any]], version: str = "2.26") -> dict[str, str]:
    """Return rule strings by id from arguments of New-NetIPsecRule, to seed a host."""
    return {rule_id: ipsec_rules.render(version, ipsec_rules.changed([], given)) for rule_id, given in names.items()}


class IpsecPolicy:
    """What can be done to the rules of one host, valid for one run of the module."""

    def __init__(self, store: FirewallStore) -> None:
        self._store, self._document = store, store.read()
        self._part = part(self._document)
        self._faults = store.faults()
        self.switches = IpsecSwitches(**self._part["switches"])
        # Faults, counts and the write itself are those of the firewall.
        self.firewall = store.policy(self._document)

    @property
    def has_module(self) -> bool:
        """Return whether this Windows has NetSecurity."""
        return bool(self._part["module"])

    def rules(self) -> dict[str, str]:
        """Read the local rules once."""
        self.firewall.counters.enumerations += 1
        return dict(self._part["rules"])

    def registry(self, path: str) -> dict[str, Any]:
        """Return the values of a key; binary values are {"base64": text}."""
        legacy = self._part["legacy"]
        fixed: dict[str, Any] = {
            f"{LOCAL}\\ConSecRules": self._part["rules"],
            f"{GROUP_POLICY}\\ConSecRules": self._part["policy_rules"],
            LOCAL: _given(IPSecExempt=self._part["exempt"]),
            GROUP_POLICY: _given(IPSecExempt=self._part["policy_exempt"]),
            f"{LEGACY}\\Policy\\Local": _given(ActivePolicy=legacy["active"] or None),
            f"{LEGACY}\\GPTIPSECPolicy": _given(DSIPSECPolicyName=legacy["domain"] or None),
            **{f"{LEGACY}\\Policy\\Local\\{name}": values for name, values in legacy["objects"].items()},
        }
        return dict(fixed.get(path, {}))

    def keys(self, path: str) -> list[str]:
        """Return the keys below a key."""
        return list(self._part["legacy"]["objects"]) if path == f"{LEGACY}\\Policy\\Local" else []

    # --- CIM: New-, Set- and Remove-NetIPsecRule -------------------------------------------------------------------

    def new(self, rule_id: str, arguments: Mapping[str, Any], session: dict[str, str] | None = None) -> None:
        """Make a rule of this id, which must be new in its store."""
        tokens = ipsec_rules.changed([], arguments)
        if self.switches.writes_empty:
            tokens += [(name, "") for name in ("Desc", "EmbedCtxt") if not ipsec_rules.values(tokens, name)]
        ipsec_rules.check_id(rule_id)
        ipsec_rules.check(tokens)
        store = self._part["rules"] if session is None else session
        if rule_id.casefold() in {known.casefold() for known in store}:
            raise RefusedError("Cannot create a file when that file already exists.", 183)
        self._write(lambda: store.__setitem__(rule_id, self._string(tokens)), session)

    def set(self, pattern: str, arguments: Mapping[str, Any], session: dict[str, str] | None = None) -> None:
        """Change all rules whose id is like a pattern."""
        if "Group" in arguments:
            # It is another way to choose rules, as DisplayName and DisplayGroup are.
            raise RefusedError(AMBIGUOUS, 0, "AmbiguousParameterSet")
        store = self._part["rules"] if session is None else session
        changed = {
            rule_id: ipsec_rules.changed(ipsec_rules.parse(store[rule_id]), arguments)
            for rule_id in _matching(store, pattern, "Set-NetIPsecRule")
        }
        for rule_id, tokens in changed.items():
            ipsec_rules.check(tokens)
            self._write(functools.partial(store.__setitem__, rule_id, self._string(tokens)), session)

    def remove(self, pattern: str, session: dict[str, str] | None = None) -> None:
        """Remove all rules whose id is like a pattern; without one that would be all rules there are."""
        store = self._part["rules"] if session is None else session
        for rule_id in _matching(store, pattern, "Remove-NetIPsecRule"):
            self._write(lambda rule_id=rule_id: store.pop(rule_id), session)  # type: ignore[misc]

    def open(self, name: str) -> dict[str, str]:
        """Return a copy of the rules of a Group Policy object, which save() brings back."""
        if not self.has_module or name not in self._part["stores"]:
            raise RefusedError("The system cannot find the file specified.", 2)
        return dict(self._part["stores"][name])

    def save(self, name: str, session: dict[str, str]) -> None:
        """Replace the rules of a Group Policy object by those of a session.

        All that others changed meanwhile is lost.
        """
        self._write(lambda: self._part["stores"].__setitem__(name, dict(session)), None)

    # --- netsh advfirewall export and import: what becomes of these rules ------------------------------------------

    def export(self, path: str) -> None:
        """Keep the rules beside an export of the firewall."""
        export_ipsec(self._document, path)
        self._store.write(self._document)

    def import_(self, path: str) -> None:
        """Bring the rules of an export back."""
        import_ipsec(self._document, path)
        self._store.write(self._document)

    # --- netsh -f ---------------------------------------------------------------------------------------------------

    def netsh(self, script: str) -> tuple[int, str]:
        """Run the lines of a script; return the exit code and the last complaint, in a language that nobody reads."""
        if self._faults.netsh_lies:
            return 0, ""
        complaint = ""
        for line in netsh_script.lines(script):
            try:
                self._line(netsh_script.command(line))
            except (netsh_script.ScriptError, RefusedError) as error:
                complaint = str(error)
                if self.switches.stops_at_error:
                    break
        return int(bool(complaint) and self.switches.tells_errors), complaint

    def _line(self, command: netsh_script.Command) -> None:
        serve = _NETSH.get((command.context, command.verb, command.what))
        if serve is None:
            raise netsh_script.ScriptError(
                f"The following command was not found: {command.context} {command.verb} {command.what}"
            )
        serve(self, command)

    def add_rule(self, command: netsh_script.Command) -> None:
        """Make a rule with an id of its own, whatever names are there; netsh can give no group."""
        tokens = ipsec_rules.changed([], netsh_script.arguments(command.given, is_new=True))
        ipsec_rules.check(tokens)
        rule_id = f"{{{str(uuid.uuid4()).upper()}}}"
        self._write(lambda: self._part["rules"].__setitem__(rule_id, self._string(tokens)), None)

    def set_rule(self, command: netsh_script.Command) -> None:
        """Change every rule of the name."""
        arguments = netsh_script.arguments(command.new, is_new=False)
        for rule_id in self._named(command):
            tokens = ipsec_rules.changed(ipsec_rules.parse(self._part["rules"][rule_id]), arguments)
            ipsec_rules.check(tokens)
            self._write(functools.partial(self._part["rules"].__setitem__, rule_id, self._string(tokens)), None)

    def delete_rule(self, command: netsh_script.Command) -> None:
        """Remove every rule of the name."""
        for rule_id in self._named(command):
            self._write(lambda rule_id=rule_id: self._part["rules"].pop(rule_id), None)  # type: ignore[misc]

    def _named(self, command: netsh_script.Command) -> list[str]:
        name = netsh_script.match(command.given)
        found = [
            rule_id for rule_id, text in self._part["rules"].items() if _name(text) == name.casefold() or name == "all"
        ]
        if not found:
            raise netsh_script.ScriptError("No rules match the specified criteria.")
        return found

    def _string(self, tokens: Tokens) -> str:
        return ipsec_rules.render(self._part["version"], tokens)

    def _write(self, write: Callable[[], object], session: dict[str, str] | None) -> None:
        """Make one write; one of a session stays in the session until it is saved."""
        if session is not None:
            write()
            return
        if self._faults.service_stopped:
            raise RefusedError("There are no more endpoints available from the endpoint mapper.", 1753)
        try:
            self.firewall.commit(write)
        except ComError as error:
            if error.hresult == E_ACCESSDENIED:
                raise RefusedError("Access is denied.", 5) from error
            raise RefusedError(str(error).rpartition(" (")[0], 0, f"HRESULT 0x{error.hresult:08x}") from error


_NETSH: Mapping[tuple[str, str, str], Callable[[IpsecPolicy, netsh_script.Command], None]] = {
    ("advfirewall consec", "add", "rule"): IpsecPolicy.add_rule,
    ("advfirewall consec", "set", "rule"): IpsecPolicy.set_rule,
    ("advfirewall consec", "delete", "rule"): IpsecPolicy.delete_rule,
}


def _given(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _name(text: str) -> str:
    return "".join(ipsec_rules.values(ipsec_rules.parse(text), "Name")).casefold()


def _matching(store: Mapping[str, str], pattern: str, cmdlet: str) -> list[str]:
    """Return the ids that a wildcard pattern of PowerShell takes; ` escapes.

    A pattern without wildcards must be there.
    """
    plain = re.sub(r"`([*?\[\]])", lambda match: f"[{match[1]}]", pattern)
    found = [rule_id for rule_id in store if fnmatch.fnmatchcase(rule_id.casefold(), plain.casefold())]
    if not found and not re.search(r"(?<!`)[*?\[]", pattern):
        text = (
            f"No MSFT_NetConSecRule objects found with property 'InstanceID' equal to '{pattern}'.  Verify the value "
            "of the property and retry."
        )
        raise RefusedError(text, 0, "CmdletizationQuery_NotFound_InstanceID")
    return found
