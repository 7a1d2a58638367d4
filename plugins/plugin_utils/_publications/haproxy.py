# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HAProxy's spelling of publications.

A frontend per address that reads the name in the client's greeting, and one for HTTP.

    client -> lync-publish-in-https-ADDRESS
              -> lync-publish-https-POOL                                      passthrough: TCP to the member
              -> lync-publish-https-POOL -> lync-publish-in-bridge-POOL
                   -> lync-publish-bridge-POOL                                bridge: TLS ends, HTTP, TLS anew

Both modes stand side by side on one address and port, because what is bridged takes a second hop inside the process,
over an abstract socket that carries the client's address. A certificate belongs to one publication alone, so the name
decides which one is shown. Requests of one connection that name hosts of another publication are refused with 421, so
that no name is reached by another's certificate.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .._base.errors import InvalidInputError, Problem
from .._load_balancers.config_syntax import Block, haproxy_sections, port_of, seconds_of, split_endpoint
from .._load_balancers.driver import NotRendered
from .._load_balancers.haproxy.driver import (
    QUEUE_SECONDS,
    client_lines,
    endpoint,
    header,
    read_member,
    server_arguments,
    server_times,
)
from .._load_balancers.haproxy.earlier import as_earlier
from .model import Publication, TlsMode, check_publication_names

PREFIX = "lync-publish-"
DEFAULTS = "msuc-lync-publish"
HTTPS, HTTP, BRIDGE = f"{PREFIX}https-", f"{PREFIX}http-", f"{PREFIX}bridge-"
# Of frontends: HAProxy 3.3 refuses one that has the name of a backend.
HTTPS_IN, HTTP_IN, BRIDGE_IN = f"{PREFIX}in-https-", f"{PREFIX}in-http-", f"{PREFIX}in-bridge-"
REFUSED = f"{PREFIX}refused"
_EVERY = {"*": "0.0.0.0", "::": "0.0.0.0"}
# How long a client may take for its greeting; who is silent is refused then.
_GREETING_SECONDS = 5
_SNI, _HOST = "req.ssl_sni", "req.hdr(host),field(1,:)"
_HEADER = header("msuc.lync.publications", DEFAULTS, "timeout http-request 10s")
_INTERVAL_SECONDS = 10
_CHECK = "check inter 10000ms fastinter 5000ms fall 2 rise 2"


class HaproxyPublishing:
    """The driver "haproxy" of reverse proxies."""

    name = "haproxy"
    files: tuple[str, ...] = ("haproxy",)

    def render(self, publications: Sequence[Publication]) -> Mapping[str, str]:
        """Return the text of the file; empty without publications. Raises InvalidInputError for strange names."""
        ordered = sorted(publications, key=lambda each: each.name)
        problems = [problem for each in ordered for problem in check_publication_names(each)]
        if problems:
            raise InvalidInputError(problems)
        addresses = sorted({address for each in ordered for address in each.listens})
        frontends = [
            text
            for address in addresses
            for text in _render_frontends(address, [each for each in ordered if address in each.listens])
        ]
        backends = [text for each in ordered for text in _render_backends(each)]
        return {"haproxy": "\n".join([_HEADER, *frontends, *backends, _refusing_backend()]) if ordered else ""}

    def parse(self, texts: Mapping[str, str]) -> tuple[Publication, ...]:
        """Return the publications of the file, sorted by name.

        Raises InvalidInputError when it is not one that render writes.
        """
        sections = {_head_of(block): block for block in haproxy_sections(texts.get("haproxy", ""))}
        backends = [head[1] for head in sections if head[0] == "backend" and "".join(head[1:]).startswith(HTTPS)]
        return tuple(
            sorted(
                (_read_sections(name.removeprefix(HTTPS), sections) for name in backends), key=lambda each: each.name
            )
        )

    def earlier(self, text: str) -> str:
        """Return a file as the layout before today's had it."""
        return as_earlier(text)

    def expressible(self, publication: Publication) -> Publication:
        """Return the publication, all of which HAProxy can say."""
        return publication

    def not_rendered(self, publication: Publication) -> tuple[NotRendered, ...]:
        """Return nothing."""
        return ()


DRIVER = HaproxyPublishing()


def _section_text(head: str, lines: Iterable[str]) -> str:
    return "\n".join([f"{head} from {DEFAULTS}", *(f"    {line}" for line in lines), ""])


def _acl_lines(publications: Iterable[Publication], fetch: str) -> list[str]:
    return [f"acl {each.name} {fetch} -i {name}" for each in publications for name in each.host_names]


def _render_frontends(address: str, publications: Sequence[Publication]) -> Iterator[str]:
    """Yield the two frontends of an address: HTTPS by the name in the greeting, HTTP by the Host header."""
    first = publications[0]
    times = client_lines(first.idle_seconds)
    uses = [f"use_backend {HTTPS}{each.name} if {each.name}" for each in publications]
    accepts = [f"tcp-request content accept if {each.name}" for each in publications]
    greeting = [
        f"tcp-request inspect-delay {_GREETING_SECONDS}s",
        *_acl_lines(publications, _SNI),
        *accepts,
        "tcp-request content reject",
    ]
    yield _section_text(
        f"frontend {HTTPS_IN}{address}", [f"bind {endpoint(address, first.https_port)}", *times, *greeting, *uses]
    )
    uses = [f"use_backend {HTTP}{each.name} if {each.name}" for each in publications]
    head = ["mode http", f"bind {endpoint(address, first.http_port)}", *times]
    yield _section_text(
        f"frontend {HTTP_IN}{address}", [*head, *_acl_lines(publications, _HOST), *uses, f"default_backend {REFUSED}"]
    )


def _render_backends(each: Publication) -> Iterator[str]:
    """Yield the backends of a publication and, when it is bridged, what lies between."""
    times = server_times(each.idle_seconds, _INTERVAL_SECONDS)
    if each.mode is TlsMode.BRIDGE:
        yield _section_text(
            f"backend {HTTPS}{each.name}", [times[0], f"server bridge {_abstract_socket(each)} send-proxy-v2"]
        )
        bind = f"bind {_abstract_socket(each)} accept-proxy ssl crt {each.certificate} alpn http/1.1"
        front = [
            "mode http",
            bind,
            *client_lines(each.idle_seconds),
            *_acl_lines([each], _HOST),
            f"http-request deny deny_status 421 unless {each.name}",
        ]
        yield _section_text(f"frontend {BRIDGE_IN}{each.name}", [*front, f"default_backend {BRIDGE}{each.name}"])
        # no-check-ssl: a member is asked for a connection, in both modes alike.
        secured = f" no-check-ssl ssl verify required ca-file {each.ca} sni {_HOST}"
        yield _section_text(
            f"backend {BRIDGE}{each.name}",
            [*_http_lines(times), *_server_lines(each, each.https_node_port, secured)],
        )
    else:
        yield _section_text(
            f"backend {HTTPS}{each.name}", [*_source_balance(), *times, *_server_lines(each, each.https_node_port)]
        )
    yield _section_text(
        f"backend {HTTP}{each.name}", [*_http_lines(times), *_server_lines(each, each.http_node_port)]
    )


def _head_of(block: Block) -> tuple[str, ...]:
    """Return kind and name of a section; frontends in both layouts without what sets them off from backends."""
    return tuple(word.replace(f"{PREFIX}in-", PREFIX, 1) for word in block.head[:2])


def _refusing_backend() -> str:
    """Return the backend of requests for names that nobody publishes."""
    return _section_text(
        f"backend {REFUSED}", ["mode http", f"timeout server {QUEUE_SECONDS}s", "http-request deny deny_status 421"]
    )


def _http_lines(times: Sequence[str]) -> list[str]:
    # A connection to a member serves one client only: NTLM authenticates connections, not requests.
    return ["mode http", *_source_balance(), "http-reuse never", *times]


def _source_balance() -> list[str]:
    return ["balance source", "hash-type consistent"]


def _server_lines(each: Publication, port: int, secured: str = "") -> list[str]:
    places = ((one, f"server {one.address} {endpoint(one.address, port)} {_CHECK}") for one in sorted(each.members))
    return [f"{place} {server_arguments(one, _INTERVAL_SECONDS)}{secured}" for one, place in places]


def _abstract_socket(each: Publication) -> str:
    """Return the name of the abstract socket of a publication.

    It says the address too, because the whole host has one space of such names.
    """
    return f"abns@{PREFIX}{zlib.crc32(f'{each.name} {each.listens}'.encode()):08x}"


def _read_sections(name: str, sections: Mapping[tuple[str, ...], Block]) -> Publication:
    try:
        return _publication_of_sections(name, sections)
    except (IndexError, KeyError, ValueError, StopIteration) as error:
        message = f"publication {name} is not as this collection writes it: {error!r}"
        place = f"line {sections['backend', HTTPS + name].number}"
        raise InvalidInputError(
            [Problem(place, message, fix="use state replaced, which writes the file anew")]
        ) from error


def _publication_of_sections(name: str, sections: Mapping[tuple[str, ...], Block]) -> Publication:
    https, http = _frontends_knowing(name, HTTPS, _SNI, sections), _frontends_knowing(name, HTTP, _HOST, sections)
    backend = sections["backend", HTTPS + name]
    bridged = any(tokens[1].startswith("abns@") for tokens in backend.all("server"))
    front, back = (
        (sections[kind, BRIDGE + name] for kind in ("frontend", "backend")) if bridged else (backend, backend)
    )
    servers = list(back.all("server"))
    listens = _bound_addresses(https)
    if listens != _bound_addresses(http):
        raise ValueError("HTTPS and HTTP do not listen on the same addresses")
    return Publication(
        name=name,
        host_names=_names_of_acls(name, _SNI, https[0]),
        listens=listens,
        members=tuple(sorted(map(read_member, servers))),
        https_port=port_of(https[0].values("bind")[0]),
        https_node_port=port_of(servers[0][1]),
        http_port=port_of(http[0].values("bind")[0]),
        http_node_port=port_of(next(sections["backend", HTTP + name].all("server"))[1]),
        mode=TlsMode.BRIDGE if bridged else TlsMode.PASSTHROUGH,
        certificate=_word_after("crt", front.values("bind")) if bridged else "",
        ca=_word_after("ca-file", servers[0]) if bridged else "",
        idle_seconds=seconds_of(https[0].values("timeout", "client")[0], "ms"),
    )


def _frontends_knowing(name: str, prefix: str, fetch: str, sections: Mapping[tuple[str, ...], Block]) -> list[Block]:
    """Return the frontends that know a publication's names."""
    return [
        block
        for head, block in sections.items()
        if head[0] == "frontend" and head[1].startswith(prefix) and block.has("acl", name, fetch)
    ]


def _bound_addresses(blocks: Iterable[Block]) -> tuple[str, ...]:
    return tuple(sorted(split_endpoint(block.values("bind")[0])[0] for block in blocks))


def _names_of_acls(name: str, fetch: str, block: Block) -> tuple[str, ...]:
    return tuple(sorted(tokens[3] for tokens in block.all("acl") if tokens[:3] == (name, fetch, "-i")))


def _word_after(word: str, tokens: Sequence[str]) -> str:
    return tokens[tokens.index(word) + 1]
