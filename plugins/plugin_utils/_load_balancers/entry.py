# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins of load balancers and reverse proxies share: options that all have, and faults as failed results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .._base.errors import InvalidInputError
from .._base.libraries import MissingLibraryError
from .changes import State
from .config_files import Hands, LinuxDevice
from .driver import Driver
from .https import DeviceError
from .reconcile import Task, run

Spec = Mapping[str, Mapping[str, Any]]
STATE: Spec = {"state": {"type": "str", "choices": [state.value for state in State], "default": "replaced"}}
SERVICES: Spec = {"services": {"type": "list", "elements": "dict", "default": []}, "running_config": {"type": "str"}, **STATE}
PROVIDER: Spec = {
    "host": {"type": "str"},
    "port": {"type": "int", "default": 443},
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "token": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
}


def result_of(work: Callable[[], Mapping[str, Any]], wants_diff: bool) -> dict[str, Any]:
    """Return the result of some work; every fault of input or device is a failed one with a message."""
    try:
        found = work()
    except (InvalidInputError, DeviceError, MissingLibraryError) as error:
        return {"failed": True, "changed": False, "msg": str(error)}
    return {name: value for name, value in found.items() if wants_diff or name != "diff"}


def on_linux(driver: Driver, options: Mapping[str, Any], hands: Hands, is_check: bool) -> dict[str, Any]:
    """Return the result of a module of services on a Linux host; raises InvalidInputError and DeviceError."""
    # A host needs no provider: the connection is ansible's.
    task = Task.from_options({**options, "provider": None}, driver, needs_provider=False)
    return run(task, driver, partial(LinuxDevice, driver, hands, options["path"], is_check), write=not is_check)
