# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who else listens on a Linux host: other files of HAProxy or nginx, and other processes, as the hands gathered them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from .config_sections import haproxy_sections, nginx_blocks, split_endpoint
from .conflicts import Listener

_EVERY = {"*": "0.0.0.0", "::": "0.0.0.0"}


def others(answer: Mapping[str, Any], driver: str, own: Collection[str] = ()) -> Iterator[Listener]:
    """Yield who else listens; answer: of the hands to gather, driver: its name, own: paths of further files that are ours."""
    for path, text in answer.get("files") or ():
        if path not in own:
            yield from _READERS[driver](str(path), str(text))
    for each in answer.get("listeners") or ():
        yield _listener(f"process {each['process']} (pid {each['pid']})", str(each["address"]), int(each["port"]), str(each["protocol"]))


def _listener(owner: str, address: str, port: int, protocol: str) -> Listener:
    return Listener(owner, _EVERY.get(address, address), port, protocol)


def _of_haproxy(path: str, text: str) -> Iterator[Listener]:
    for section in haproxy_sections(text):
        owner = f"{' '.join(section.head[:2])} of {path}"
        parts = (part for words in section.all("bind") for part in (words[0].split(",") if words else ()))
        yield from (_listener(owner, *split_endpoint(part), "tcp") for part in parts)


def _of_nginx(path: str, text: str) -> Iterator[Listener]:
    for words in (words for block in nginx_blocks(text) for words in block.all("listen")):
        where = f"*:{words[0]}" if words[0].isdecimal() else words[0] if ":" in words[0] else f"{words[0]}:80"
        yield _listener(f"a server of {path}", *split_endpoint(where), "udp" if "udp" in words else "tcp")


_READERS: Mapping[str, Callable[[str, str], Iterator[Listener]]] = {"haproxy": _of_haproxy, "nginx_stream": _of_nginx, "nginx": _of_nginx}
