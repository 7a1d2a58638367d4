# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns which devices the drift report of this run found anything but clean."""

from __future__ import annotations

DOCUMENTATION = r"""
name: verdict
short_description: The devices that are not as planned, or could not be asked
version_added: "0.1.0"
description:
  - Returns the names of the devices that M(msuc.lync.drift_report) found not clean earlier in the same run, for C(hosts:) of a play.
  - Where a limit stopped the remediation and every device could be asked, the run ends here with exit status 3.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description: Takes none.
    required: false
"""

EXAMPLES = r"""
- name: End as the report says
  hosts: "{{ lookup('msuc.lync.verdict', wantlist=true) }}"
  gather_facts: false
  tasks:
    - name: End
      msuc.lync.verdict:
"""

RETURN = r"""
_raw:
  description: Host names, sorted; a pattern that matches no host when all is as planned.
  type: list
  elements: str
"""

from typing import Any

from ansible import constants as C
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import EXIT_LIMIT
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

NOBODY = "all:!all"


class LookupModule(LookupBase):
    """The lookup msuc.lync.verdict."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: object) -> list[str]:
        """Return the devices that are not clean."""
        self.set_options(var_options=variables, direct=kwargs)
        verdicts = RunState(C.DEFAULT_LOCAL_TMP).verdicts()  # type: ignore[attr-defined]  # set by ansible at import
        if RunState(C.DEFAULT_LOCAL_TMP).is_limited() and not set(verdicts.values()) & {"unreachable", "failed"}:  # type: ignore[attr-defined]  # as above
            Display().display("A limit stopped the remediation; what is left is listed above. Exit status 3.")
            raise SystemExit(EXIT_LIMIT)
        return sorted(name for name, status in verdicts.items() if status != "clean") or [NOBODY]
