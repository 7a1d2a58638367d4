# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The PowerShell endpoint of WinRM, as Ansible's connection psrp uses it ([MS-PSRP]); psrpcore speaks the protocol.

A pipeline is a script and lines of input, as every module of Ansible has them. It runs when its input has ended, by the
executor that serves commands of WinRM's shell too: the script is its command line, the input its stdin, and what it
prints is the pipeline's output.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import psrpcore

from .executor import Command, Executor
from .firewall_store import FirewallStore

_FRAGMENT_BYTES = 32 << 10


@dataclass
class _Waiting:
    """A pipeline whose input has not ended."""

    pipeline: psrpcore.ServerPipeline
    script: str = ""
    lines: list[str] = field(default_factory=list)


@dataclass
class Runspace:
    """One runspace pool of one connection."""

    store: FirewallStore
    executor: Executor
    _pool: psrpcore.ServerRunspacePool = field(default_factory=psrpcore.ServerRunspacePool)
    _pipelines: dict[uuid.UUID, _Waiting] = field(default_factory=dict)

    def begin(self, command: str) -> None:
        """Make the pipeline of a command that the client names."""
        pipeline_id = uuid.UUID(command)
        self._pipelines[pipeline_id] = _Waiting(psrpcore.ServerPipeline(self._pool, pipeline_id))

    def take(self, data: bytes) -> None:
        """Take fragments of messages, and run what is complete."""
        self._pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, None))
        while (event := self._pool.next_event()) is not None:
            if isinstance(event, psrpcore.CreatePipelineEvent):
                self._pipelines[event.pipeline_id].script = event.pipeline.commands[0].command_text
            elif isinstance(event, psrpcore.PipelineInputEvent):
                self._pipelines[event.pipeline_id].lines.append(str(event.data))
            elif isinstance(event, psrpcore.EndOfPipelineInputEvent):
                self._run(self._pipelines[event.pipeline_id])

    def give(self) -> list[bytes]:
        """Return the fragments of all that is to be sent."""
        found = []
        while (payload := self._pool.data_to_send(_FRAGMENT_BYTES)) is not None:
            found.append(payload.data)
        return found

    def _run(self, waiting: _Waiting) -> None:
        waiting.pipeline.start()
        command = Command(waiting.script, "\n".join(waiting.lines).encode())
        completed = self.executor.run(self.store, command)
        for line in completed.stdout.decode().splitlines():
            waiting.pipeline.write_output(line)
        waiting.pipeline.complete()
