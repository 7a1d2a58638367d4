# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How this run of ansible-playbook was called, for the commands that reports print: what was typed is repeated, secrets
are not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ansible import constants as C
from ansible import context
from ansible.parsing.splitter import parse_kv

from .._base.libraries import yaml
from .._base.untyped import texts
from .._inventory.run_variables import RUN_VARIABLES
from .._inventory.variables import DEPLOYMENT_VARIABLES, HOST_VARIABLES
from .._report.run_rollback import Command

_PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
# How devices are reached and vaults are opened: key of the option, its name, and the setting that it goes before.
_PATHS = (
    ("vault_password_files", "--vault-password-file", ""),
    ("private_key_file", "--private-key", "DEFAULT_PRIVATE_KEY_FILE"),
    ("connection_password_file", "--connection-password-file", "CONNECTION_PASSWORD_FILE"),
    ("become_password_file", "--become-password-file", "BECOME_PASSWORD_FILE"),
)
_VALUES = (
    ("vault_ids", "--vault-id", ""),
    ("remote_user", "--user", "DEFAULT_REMOTE_USER"),
    ("connection", "--connection", "DEFAULT_TRANSPORT"),
    ("become_user", "--become-user", "DEFAULT_BECOME_USER"),
    ("become_method", "--become-method", "DEFAULT_BECOME_METHOD"),
)
_SWITCHES = (
    ("ask_vault_pass", "--ask-vault-password"),
    ("ask_pass", "--ask-pass"),
    ("become", "--become"),
    ("become_ask_pass", "--ask-become-pass"),
)
_REPEATED = frozenset(
    variable.name
    for variable in (*HOST_VARIABLES, *DEPLOYMENT_VARIABLES, *RUN_VARIABLES)
    if not variable.is_secret
)


def own_command() -> Command:
    """Return how this run was called."""
    given = context.CLIARGS
    names = given.get("args") or ()
    typed = str(names[0]) if names else ""
    return Command(
        inventories=tuple(map(_near, given.get("inventory") or ())),
        playbook=_near(typed) if typed and _is_ours(typed) else "msuc.lync.site",
        limit=str(given.get("subset") or ""),
        tags=tuple(_tags(given)),
        options=tuple(_connection(given)),
        variables=tuple(filter(_is_repeated, map(_near_file, given.get("extra_vars") or ()))),
    )


def _is_ours(playbook: str) -> bool:
    """Return whether a playbook was typed as a file of this collection's folder, not by its name or as somebody's own.
    """
    return playbook.endswith(".yml") and Path(playbook).resolve().parent == _PLAYBOOKS


def _near(path: object) -> str:
    """Return a path as it is typed from here, if it is below; a list of hosts as it stands."""
    text = str(path)
    if "," in text or not os.path.isabs(text):
        return text
    near = os.path.relpath(text)
    return text if near.startswith(os.pardir) else near


def _near_file(variables: object) -> str:
    text = str(variables)
    return f"@{_near(text[1:])}" if text.startswith("@") else text


def _is_repeated(variables: str) -> bool:
    """Return whether extra variables are a file, or are all known to be no secrets."""
    if variables.startswith("@"):
        return True
    try:
        found = yaml.safe_load(variables) if variables[:1] in "{[" else parse_kv(variables)
    except Exception:  # what nobody can read is not repeated, whatever is wrong with it
        return False
    return isinstance(found, Mapping) and _REPEATED.issuperset(found)


def _tags(given: Mapping[str, object]) -> Iterator[str]:
    for key, option, unsaid in (("tags", "--tags", C.TAGS_RUN), ("skip_tags", "--skip-tags", C.TAGS_SKIP)):  # type: ignore[attr-defined]
        names = sorted(_texts(given.get(key)))
        if names and names not in (["all"], list(unsaid)):
            yield from (option, ",".join(names))


def _connection(given: Mapping[str, object]) -> Iterator[str]:
    for table, spell in ((_PATHS, _near), (_VALUES, _vault_id)):
        for key, option, setting in table:
            for value in _texts(given.get(key)):
                if not setting or value != getattr(C, setting, None):
                    yield from (option, spell(value))
    yield from (option for key, option in _SWITCHES if given.get(key))


def _vault_id(text: str) -> str:
    """Return a vault id with its file as it is typed from here."""
    label, at, source = text.partition("@")
    return f"{label}@{_near(source)}" if at else _near(text)


def _texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else texts(value)
