# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nginx's spelling of publications, in two files.

HTTPS that passes through is of the stream part, HTTP and bridges are of the http part.

A listener belongs to one part, so the publications of an address have one mode. The name in the client's greeting
chooses the upstream of what passes through; a bridge has a server per publication, and one that refuses every other
name before a certificate is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from .._base.errors import InvalidInputError, Problem
from .._load_balancers.config_syntax import Block, nginx_blocks, port_of, seconds_of, split_endpoint
from .._load_balancers.driver import NotRendered
from .._load_balancers.model import Member, MemberState
from .._load_balancers.nginx.driver import endpoint, read_member
from .model import Publication, TlsMode, check_publication_names

PREFIX = "lync-publish-"
HTTPS, HTTP = f"{PREFIX}https-", f"{PREFIX}http-"
_HEADER = "# Written by Ansible, msuc.lync.publications; changes by hand are undone by the next run.\n"
# A member that refuses twice rests for so long; nginx asks none whether it is well.
_REST = "max_fails=2 fail_timeout=10s"
_OUT = (MemberState.BACKUP, MemberState.DRAINING)


class NginxPublishing:
    """The driver "nginx" of reverse proxies."""

    name = "nginx"
    files: tuple[str, ...] = ("stream", "http")

    def render(self, publications: Sequence[Publication]) -> Mapping[str, str]:
        """Return the texts of both files.

        Raises InvalidInputError for names that are more than a word, and when one address has both modes.
        """
        ordered = sorted(publications, key=lambda each: each.name)
        addresses = sorted({address for each in ordered for address in each.listens})
        problems = [problem for each in ordered for problem in check_publication_names(each)]
        problems += _check_mixed_modes(addresses, ordered)
        if problems:
            raise InvalidInputError(problems)
        through, bridged = (
            [each for each in ordered if (each.mode is TlsMode.BRIDGE) is wanted] for wanted in (False, True)
        )
        stream = [
            *(_render_upstream_block(HTTPS, each, each.https_node_port) for each in through),
            *_by_greeting(addresses, through),
        ]
        http = [
            *(_render_upstream_block(HTTPS, each, each.https_node_port) for each in bridged),
            *(_render_upstream_block(HTTP, each, each.http_node_port) for each in ordered),
        ]
        http += (
            [_render_http_server(each) for each in ordered]
            + [_render_bridge(each) for each in bridged]
            + [*_render_refusing_servers(ordered)]
        )
        inner = "".join(stream).replace("\n", "\n    ").rstrip(" ")
        text = f"{_HEADER}stream {{\n    map_hash_bucket_size 256;\n    {inner}}}\n" if stream else ""
        texts = {"stream": text, "http": _HEADER + "".join(http) if http else ""}
        # The part that gives the port of HTTPS away goes first: the other one cannot take it before.
        return texts if bridged else dict(reversed(texts.items()))

    def parse(self, texts: Mapping[str, str]) -> tuple[Publication, ...]:
        """Return the publications of both files, sorted by name.

        Raises InvalidInputError when they are none that render writes.
        """
        stream, http = (list(nginx_blocks(texts.get(kind, ""))) for kind in self.files)
        names = [
            block.head[1].removeprefix(HTTP)
            for block in http
            if block.head[:1] == ("upstream",) and "".join(block.head[1:]).startswith(HTTP)
        ]
        return tuple(sorted((_read_blocks(name, stream, http) for name in names), key=lambda each: each.name))

    def earlier(self, text: str) -> str:
        """Return nothing: there is one layout."""
        return ""

    def expressible(self, publication: Publication) -> Publication:
        """Return the publication as nginx can say it: a server beside a hash is up or down."""
        members = (
            Member(each.address, MemberState.DISABLED if each.state in _OUT else each.state)
            for each in publication.members
        )
        return replace(publication, members=tuple(sorted(members)))

    def not_rendered(self, publication: Publication) -> tuple[NotRendered, ...]:
        """Return the members that are drained or in reserve, which nginx takes out."""
        out = [f"{each.address} is {each.state.value}" for each in publication.members if each.state in _OUT]
        return (
            (NotRendered(publication.name, "members", f"{', '.join(out)}; nginx takes them out for new clients"),)
            if out
            else ()
        )


DRIVER = NginxPublishing()


def _check_mixed_modes(addresses: Iterable[str], publications: Sequence[Publication]) -> Iterator[Problem]:
    for address in addresses:
        modes = {each.mode for each in publications if address in each.listens}
        if len(modes) > 1:
            yield Problem(
                f"publications at {address}",
                "nginx cannot pass through and bridge at one address",
                "one mode",
                "use haproxy, or one mode for all",
            )


def _block_text(head: str, lines: Iterable[str]) -> str:
    return "".join([f"{head} {{\n", *(f"    {line}\n" for line in lines), "}\n"])


def _render_upstream_block(prefix: str, each: Publication, port: int) -> str:
    up = DRIVER.expressible(each).members
    servers = [
        f"server {endpoint(one.address, port)} {_REST}{' down' if one.state is MemberState.DISABLED else ''};"
        for one in up
    ]
    return _block_text(f"upstream {prefix}{each.name}", ["hash $remote_addr consistent;", *servers])


def _by_greeting(addresses: Iterable[str], publications: Sequence[Publication]) -> Iterator[str]:
    """Yield for each address the map from names to upstreams and the server that asks it.

    No name leads to no upstream.
    """
    for address in addresses:
        here = [each for each in publications if address in each.listens]
        if here:
            variable = "$lync_publish_" + "".join(letter if letter.isalnum() else "_" for letter in address)
            yield _block_text(
                f"map $ssl_preread_server_name {variable}",
                [f"{name} {HTTPS}{each.name};" for each in here for name in each.host_names],
            )
            listen = f"listen {endpoint(address, here[0].https_port)} so_keepalive=on;"
            times = [f"proxy_timeout {here[0].idle_seconds}s;", "proxy_connect_timeout 5s;", "preread_timeout 5s;"]
            yield _block_text("server", [listen, "ssl_preread on;", f"proxy_pass {variable};", *times])


def _render_http_server(each: Publication) -> str:
    listen = [f"listen {endpoint(address, each.http_port)};" for address in each.listens]
    return _block_text(
        "server",
        [*listen, f"server_name {' '.join(each.host_names)};", *_location_lines(each, f"http://{HTTP}{each.name}")],
    )


def _render_bridge(each: Publication) -> str:
    listen = [f"listen {endpoint(address, each.https_port)} ssl;" for address in each.listens]
    ours = [f"ssl_certificate {each.certificate};", f"ssl_certificate_key {each.certificate};"]
    # A name is not reached by the certificate of another one.
    same = ["if ($ssl_server_name != $host) { return 421; }"]
    theirs = [
        "proxy_ssl_verify on;",
        f"proxy_ssl_trusted_certificate {each.ca};",
        "proxy_ssl_server_name on;",
        "proxy_ssl_name $host;",
    ]
    return _block_text(
        "server",
        [
            *listen,
            f"server_name {' '.join(each.host_names)};",
            *ours,
            *same,
            *theirs,
            *_location_lines(each, f"https://{HTTPS}{each.name}"),
        ],
    )


def _location_lines(each: Publication, target: str) -> list[str]:
    idle = [
        f"proxy_read_timeout {each.idle_seconds}s;",
        f"proxy_send_timeout {each.idle_seconds}s;",
        "proxy_connect_timeout 5s;",
    ]
    kept = [
        "proxy_set_header Host $http_host;",
        "proxy_http_version 1.1;",
        "proxy_buffering off;",
        "client_max_body_size 0;",
    ]
    return [*idle, *kept, f"location / {{ proxy_pass {target}; }}"]


def _render_refusing_servers(publications: Sequence[Publication]) -> Iterator[str]:
    """Yield the servers of names that nobody publishes, per address with the ports of its publications."""
    for address, first in sorted({address: each for each in publications for address in each.listens}.items()):
        yield _block_text("server", [f"listen {endpoint(address, first.http_port)} default_server;", "return 421;"])
        if first.mode is TlsMode.BRIDGE:
            yield _block_text(
                "server",
                [
                    f"listen {endpoint(address, first.https_port)} ssl default_server;",
                    "ssl_reject_handshake on;",
                    "return 421;",
                ],
            )


def _read_blocks(name: str, stream: Sequence[Block], http: Sequence[Block]) -> Publication:
    try:
        return _publication_of_blocks(name, stream, http)
    except (IndexError, KeyError, ValueError, StopIteration) as error:
        message = f"publication {name} is not as this collection writes it: {error!r}"
        raise InvalidInputError(
            [Problem("files of nginx", message, fix="use state replaced, which writes them anew")]
        ) from error


def _publication_of_blocks(name: str, stream: Sequence[Block], http: Sequence[Block]) -> Publication:
    plain, bridge = (
        _find_serving(f"{scheme}://{prefix}{name}", http) for scheme, prefix in (("http", HTTP), ("https", HTTPS))
    )
    bridged = bridge is not None
    https = bridge or _find_through(name, stream)
    upstream = next(block for block in (http if bridged else stream) if block.head == ("upstream", HTTPS + name))
    if plain is None:
        raise ValueError("no server has its HTTP")
    idle = https.values("proxy_read_timeout" if bridged else "proxy_timeout")[0]
    return Publication(
        name=name,
        host_names=tuple(sorted(plain.values("server_name"))),
        listens=tuple(sorted(split_endpoint(tokens[0])[0] for tokens in plain.all("listen"))),
        members=tuple(sorted(map(read_member, upstream.all("server")))),
        https_port=port_of(next(https.all("listen"))[0]),
        https_node_port=port_of(next(upstream.all("server"))[0]),
        http_port=port_of(next(plain.all("listen"))[0]),
        http_node_port=port_of(
            next(next(block for block in http if block.head == ("upstream", HTTP + name)).all("server"))[0]
        ),
        mode=TlsMode.BRIDGE if bridged else TlsMode.PASSTHROUGH,
        certificate=https.values("ssl_certificate")[0] if bridged else "",
        ca=https.values("proxy_ssl_trusted_certificate")[0] if bridged else "",
        idle_seconds=seconds_of(idle, "s"),
    )


def _find_serving(target: str, http: Sequence[Block]) -> Block | None:
    """Return the server whose location passes to a target."""
    return next(
        (
            block.outer
            for block in http
            if block.outer and block.outer.head == ("server",) and block.values("proxy_pass") == (target,)
        ),
        None,
    )


def _find_through(name: str, stream: Sequence[Block]) -> Block:
    """Return a server of the stream part whose map knows a publication."""
    maps = [
        block
        for block in stream
        if block.head[:1] == ("map",) and any(line.tokens[1:] == (HTTPS + name,) for line in block.lines)
    ]
    return next(
        block for block in stream if block.head == ("server",) and block.values("proxy_pass") == (maps[0].head[2],)
    )
