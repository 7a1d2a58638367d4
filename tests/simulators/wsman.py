# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WinRM as pywinrm speaks it: the six SOAP messages that run one command, and their answers.

Create -> Command -> Send (stdin) -> Receive (stdout, exit code) -> Signal -> Delete; [MS-WSMV]. The same messages
carry PowerShell's own protocol, when a shell is created as a runspace pool (psrp.py).
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from .executor import Command, Completed, Executor
from .firewall_store import FirewallStore

if TYPE_CHECKING:
    from .psrp import Runspace

_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
    'xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" '
    f'xmlns:rsp="{_SHELL}"><s:Header><a:Action>{{action}}</a:Action><a:MessageID>uuid:{{answer}}</a:MessageID>'
    "<a:RelatesTo>{message}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
_DONE = f"{_SHELL}/CommandState/Done"


class SoapFaultError(Exception):
    """The request cannot be served; the text goes into a SOAP fault."""


@dataclass
class _Running:
    """A command of a shell, and the stdin that came for it so far."""

    line: str
    stdin: bytearray = field(default_factory=bytearray)


@dataclass
class Session:
    """The shells of one host."""

    store: FirewallStore
    executor: Executor
    shells: dict[str, dict[str, _Running]] = field(default_factory=dict)
    runspaces: dict[str, Runspace] = field(default_factory=dict)

    def answer(self, request: bytes) -> str:
        """Return the answer to one SOAP message; raises SoapFaultError."""
        try:
            root = ElementTree.fromstring(request)
        except ElementTree.ParseError as error:
            raise SoapFaultError(str(error)) from error
        action = _text(root, "Action")
        serve = _ACTIONS.get(action.rpartition("/")[2])
        if serve is None:
            raise SoapFaultError(f"unknown action {action}")
        body = serve(self, root)
        return _ENVELOPE.format(
            action=f"{action}Response", answer=uuid.uuid4(), message=escape(_text(root, "MessageID")), body=body
        )

    def fault(self, text: str) -> str:
        """Return a SOAP fault."""
        reason = f'<s:Reason><s:Text xml:lang="en-US">{escape(text)}</s:Text></s:Reason>'
        body = f"<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code>{reason}</s:Fault>"
        return _ENVELOPE.format(action="fault", answer=uuid.uuid4(), message="", body=body)

    def create(self, root: ElementTree.Element) -> str:
        """Open a shell, or a runspace pool, which the client names."""
        opening = _nodes(root, "creationXml")
        shell = _nodes(root, "Shell")[0].get("ShellId") or str(uuid.uuid4()).upper()
        if opening:
            self.runspaces[shell] = _new_runspace(self, base64.b64decode(opening[0].text or ""))
        else:
            self.shells[shell] = {}
        selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>'
        created = f"<a:ReferenceParameters>{selector}</a:ReferenceParameters>"
        made = f'<x:ResourceCreated xmlns:x="{_TRANSFER}">{created}</x:ResourceCreated>'
        return f"{made}<rsp:Shell><rsp:ShellId>{shell}</rsp:ShellId></rsp:Shell>"

    def command(self, root: ElementTree.Element) -> str:
        """Take a command line; it runs when its output is asked for."""
        arguments = [node.text or "" for node in _nodes(root, "Arguments")]
        runspace = self.runspaces.get(_selected(root))
        if runspace is not None:
            command = _nodes(root, "CommandLine")[0].get("CommandId", "")
            runspace.begin(command)
            runspace.take(base64.b64decode("".join(arguments)))
            return f"<rsp:CommandResponse><rsp:CommandId>{command}</rsp:CommandId></rsp:CommandResponse>"
        command = str(uuid.uuid4()).upper()
        self._shell(root)[command] = _Running(" ".join([_text(root, "Command"), *arguments]))
        return f"<rsp:CommandResponse><rsp:CommandId>{command}</rsp:CommandId></rsp:CommandResponse>"

    def send(self, root: ElementTree.Element) -> str:
        """Take a piece of stdin."""
        runspace = self.runspaces.get(_selected(root))
        for node in _nodes(root, "Stream"):
            if runspace is not None:
                runspace.take(base64.b64decode(node.text or ""))
                continue
            self._running(root, node.get("CommandId", "")).stdin += base64.b64decode(node.text or "")
        return "<rsp:SendResponse/>"

    def receive(self, root: ElementTree.Element) -> str:
        """Run the command and return all of its output."""
        command = _nodes(root, "DesiredStream")[0].get("CommandId", "")
        runspace = self.runspaces.get(_selected(root))
        if runspace is not None:
            return f"<rsp:ReceiveResponse>{_fragments(command, runspace.give())}</rsp:ReceiveResponse>"
        running = self._running(root, command)
        completed = self.executor.run(self.store, Command(running.line, bytes(running.stdin)))
        return f"<rsp:ReceiveResponse>{_output(command, completed)}</rsp:ReceiveResponse>"

    def signal(self, root: ElementTree.Element) -> str:
        """End a command, which has ended by itself already."""
        return "<rsp:SignalResponse/>"

    def delete(self, root: ElementTree.Element) -> str:
        """Close a shell."""
        self.shells.pop(_selected(root), None)
        self.runspaces.pop(_selected(root), None)
        return ""

    def _shell(self, root: ElementTree.Element) -> dict[str, _Running]:
        shell = _selected(root)
        if shell not in self.shells:
            raise SoapFaultError(f"no shell {shell}")
        return self.shells[shell]

    def _running(self, root: ElementTree.Element, command: str) -> _Running:
        shell = self._shell(root)
        if command not in shell:
            raise SoapFaultError(f"no command {command}")
        return shell[command]


_ACTIONS: dict[str, Callable[[Session, ElementTree.Element], str]] = {
    "Create": Session.create,
    "Command": Session.command,
    "Send": Session.send,
    "Receive": Session.receive,
    "Signal": Session.signal,
    "Delete": Session.delete,
}


def _nodes(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Return the elements of a local name, whatever their namespace."""
    return [node for node in root.iter() if node.tag.rpartition("}")[2] == name]


def _text(root: ElementTree.Element, name: str) -> str:
    found = _nodes(root, name)
    if not found:
        raise SoapFaultError(f"no element {name}")
    return found[0].text or ""


def _selected(root: ElementTree.Element) -> str:
    return next((node.text or "" for node in _nodes(root, "Selector") if node.get("Name") == "ShellId"), "")


def _new_runspace(session: Session, opening: bytes) -> Runspace:
    # The demo has no psrpcore.
    from .psrp import Runspace  # pylint: disable=import-outside-toplevel

    runspace = Runspace(session.store, session.executor)
    runspace.take(opening)
    return runspace


def _fragments(command: str, found: list[bytes]) -> str:
    """Return what a runspace sends; a pipeline has ended when all of its output is there."""
    of = f' CommandId="{command}"' if command else ""
    streams = [f'<rsp:Stream Name="stdout"{of}>{base64.b64encode(data).decode()}</rsp:Stream>' for data in found]
    state = f'<rsp:CommandState CommandId="{command}" State="{_DONE}"/>' if command else ""
    return "".join([*streams, state])


def _output(command: str, completed: Completed) -> str:
    streams = [("stdout", completed.stdout), ("stderr", completed.stderr)]
    parts = [
        f'<rsp:Stream Name="{name}" CommandId="{command}">{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in streams
        if data
    ]
    ends = [f'<rsp:Stream Name="{name}" CommandId="{command}" End="true"/>' for name in ("stdout", "stderr")]
    state = (
        f'<rsp:CommandState CommandId="{command}" '
        f'State="{_DONE}"><rsp:ExitCode>{completed.exit_code}</rsp:ExitCode></rsp:CommandState>'
    )
    return "".join([*parts, *ends, state])
