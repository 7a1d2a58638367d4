# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scripts of netsh read back into what they were rendered from, for the laws parse(render(x)) == x."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping

from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError, Problem, shown
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.exemption import exemptions_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.legacy import Filter, FilterList, LegacyPolicy
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.netsh import Command
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule

_CONTEXT = "advfirewall consec"
_VERBS: Mapping[str, str] = {"add": "add rule", "set": "set rule", "delete": "delete rule"}
_VALUE = re.compile(r'(?P<name>[a-z0-9]+)=(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))(?:\s+|$)')
_WORD = re.compile(r'(?P<name>[a-z]+)=(?:"(?P<quoted>[^"]*)"|(?P<bare>\S+))(?:\s+|$)')
_LINE = re.compile(r"ipsec static (?P<verb>add) (?P<what>[a-z]+) (?P<words>.+)")
_OPTIONS: Mapping[str, str] = {
    "endpoint1": "localip",
    "endpoint2": "remoteip",
    "protocol": "protocol",
    "port1": "localport",
    "port2": "remoteport",
    "interfacetype": "interfacetypes",
    "profile": "profiles",
    "enable": "enabled",
    "description": "description",
}


def parse_script(text: str) -> list[Command]:
    """Return the commands of a script; raises InvalidInputError with every line that is none."""
    found: list[Command] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        command = _command(line.strip())
        if command is not None:
            found.append(command)
        elif line.strip() and not line.startswith("#"):
            problems.append(
                Problem(
                    f"line {number}",
                    f"{shown(line)} is not a command",
                    f"{_CONTEXT} add rule, set rule, delete rule",
                    "correct the line",
                )
            )
    if problems:
        raise InvalidInputError(problems)
    return found


def _command(line: str) -> Command | None:
    for verb, words in _VERBS.items():
        start = f"{_CONTEXT} {words} "
        if line.startswith(start):
            rest = line[len(start) :].replace('" new ', '" ', 1) if verb == "set" else line[len(start) :]
            values = _values(rest)
            return Command(verb, values.pop("name"), values) if values and "name" in values else None
    return None


def _values(text: str) -> dict[str, str] | None:
    """Return the values of word=value pairs in their order, None when a part of the text is none."""
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _VALUE.match(text, place)
        if match is None:
            return None
        found[match["name"]] = match["bare"] if match["quoted"] is None else match["quoted"]
        place = match.end()
    return found


def rule_of(command: Command, group: str) -> Rule:
    """Return the exemption that an add command makes; raises InvalidInputError when it makes none."""
    words = {word: value for word, value in command.values.items() if word in _OPTIONS}
    if command.verb != "add" or command.values.get("action") != "noauthentication":
        raise InvalidInputError(
            [Problem(f"rule {command.name}", "the command adds no exemption", fix="write action=noauthentication")]
        )
    options: dict[str, object] = {_OPTIONS[word]: value for word, value in words.items()}
    options["enabled"] = words.get("enable", "yes") == "yes"
    return exemptions_from_options([{"name": command.name, **options}], group)[0]


def parse_policy(text: str) -> LegacyPolicy:
    """Return the policy that a script of render_policy makes.

    Raises InvalidInputError with every line that is none of its.
    """
    found: dict[str, list[dict[str, str]]] = {
        what: [] for what in ("policy", "filteraction", "filterlist", "filter", "rule")
    }
    problems, notes = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line)
        words = _words(match["words"]) if match else None
        if line.startswith("# "):
            notes.append(line[2:])
        elif match is None or words is None or match["what"] not in found:
            problems.append(
                Problem(f"line {number}", f"{shown(line)} adds nothing", "ipsec static add ...", "correct the line")
            )
        else:
            found[match["what"]].append(words)
    problems += [] if problems else _incomplete(found)
    if problems:
        raise InvalidInputError(problems)
    lists = (_list(words, found["filter"]) for words in found["filterlist"])
    return LegacyPolicy(found["policy"][0]["name"], tuple(lists), tuple(notes))


def _words(text: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _WORD.match(text, place)
        if match is None:
            return None
        found[match["name"]] = match["bare"] if match["quoted"] is None else match["quoted"]
        place = match.end()
    return found


def _incomplete(found: Mapping[str, list[dict[str, str]]]) -> list[Problem]:
    """Return what a policy lacks without which tools skip it: descriptions, a permit action, a rule for each list."""
    fix = "render the policy again"
    problems = [
        Problem(what, "there must be exactly one", fix=fix)
        for what in ("policy", "filteraction")
        if len(found[what]) != 1
    ]
    problems += [
        Problem(what, "has no description", fix=fix)
        for what, items in found.items()
        for words in items
        if not words.get("description")
    ]
    problems += [
        Problem("filteraction", "does not permit", "permit", fix)
        for words in found["filteraction"]
        if words.get("action") != "permit"
    ]
    problems += [
        Problem("filter", "is not mirrored", "yes", fix) for words in found["filter"] if words.get("mirrored") != "yes"
    ]
    ruled = {words.get("filterlist") for words in found["rule"]}
    return problems + [
        Problem(f"filterlist {words['name']}", "no rule permits it", fix=fix)
        for words in found["filterlist"]
        if words["name"] not in ruled
    ]


def _list(words: Mapping[str, str], filters: Iterable[Mapping[str, str]]) -> FilterList:
    mine = (one for one in filters if one["filterlist"] == words["name"])
    return FilterList(words["name"], words["description"], tuple(map(_filter, mine)))


def _filter(words: Mapping[str, str]) -> Filter:
    source, target = (_address(words[f"{side}addr"], words.get(f"{side}mask")) for side in ("src", "dst"))
    return Filter(source, target, words["protocol"].lower(), int(words["srcport"]), int(words["dstport"]))


def _address(text: str, mask: str | None) -> str:
    return text if mask is None else str(ipaddress.ip_network(f"{text}/{mask}"))
