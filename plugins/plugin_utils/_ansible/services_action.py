# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What action plugins of load balancers have in common: those that work on a host, and those that call an appliance.

class ActionModule(HostServicesAction):
    driver, provider_class = DRIVER, HaproxyProvider
    remote_module = "msuc.lync.haproxy_remote"
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from .._base.reconcile import Provider
from .._load_balancers.config_files import Remote
from .._load_balancers.driver import Driver
from .._load_balancers.haproxy.provider import HaproxyProvider
from .._load_balancers.nginx.provider import NginxProvider
from .._load_balancers.options import CONNECTION, SERVICES, Spec
from .._load_balancers.reconcile import ServicesProvider, Task, offline
from .._rollout.results import Concern
from .actions import STEP_SPEC, Answer, ProviderAction


class HostServicesAction(ProviderAction):
    """An action that decides on the controller about services of a program on a Linux host.

    host_options: argument specification of what only the module on the host needs. path: where the file of ours is.
    """

    concern = Concern.LOAD_BALANCER
    driver: ClassVar[Driver]
    provider_class: ClassVar[type[HaproxyProvider | NginxProvider]]  # of those with one module on the host
    remote_module: ClassVar[str]
    host_options: ClassVar[Spec]
    path: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Make the argument specification."""
        super().__init_subclass__()
        path = {"path": {"type": "str", "default": cls.path}}
        cls.argument_spec = {**STEP_SPEC, **SERVICES, **cls.host_options, **path}

    def provider(self, options: Answer, task_vars: dict[str, Any]) -> Provider | Answer:
        """Return the provider of a task, or the whole result of one that asks no host."""
        task = Task.from_options(options, self.driver, needs_connection=False)
        if task.state.is_offline:
            return offline(task, self.driver)
        return self.host_provider(task, options, task_vars)

    def host_provider(self, task: Task, options: Mapping[str, Any], task_vars: dict[str, Any]) -> ServicesProvider:
        """Return the provider of a task that asks the host."""
        fixed = {name: options[name] for name in self.host_options}
        return self.provider_class(task, self.asking(self.remote_module, fixed, task_vars), options["path"])

    def asking(self, module: str, fixed: Mapping[str, object], task_vars: dict[str, Any]) -> Remote:
        """Return a module on the host with options that are the same at each question."""
        remote = self.remote(module, task_vars)

        def _ask(arguments: Mapping[str, object]) -> Mapping[str, Any]:
            return remote({**fixed, **arguments})

        return _ask


class ApplianceServicesAction(ProviderAction):
    """An action that calls an appliance from the controller; vendor_options: what it takes besides services."""

    concern = Concern.LOAD_BALANCER
    _requires_connection = False
    vendor_options: ClassVar[Spec]

    def __init_subclass__(cls) -> None:
        """Make the argument specification."""
        super().__init_subclass__()
        provider = {"provider": {"type": "dict", "options": CONNECTION}}
        cls.argument_spec = {**STEP_SPEC, **SERVICES, **provider, **cls.vendor_options}

    def provider(self, options: Answer, task_vars: dict[str, Any]) -> Provider | Answer:
        """Return the provider of a task, or the whole result of one that asks no appliance."""
        driver = self.driver_of(options)
        task = Task.from_options(options, driver)
        return offline(task, driver) if task.state.is_offline else self.appliance(task, driver, options)

    @abstractmethod
    def driver_of(self, options: Answer) -> Any:  # noqa: ANN401  # each vendor's own
        """Return the driver with the options that concern it."""

    @abstractmethod
    def appliance(self, task: Task, driver: Any, options: Answer) -> Provider:  # noqa: ANN401  # of driver_of
        """Return the provider of an appliance."""
