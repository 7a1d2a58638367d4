# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file of nginx in which an earlier version of this collection had services: read, and written without some.

A stream block of its own with an upstream and a server per service. nginx asks no member whether it is well, so HAProxy
carries TCP now, and nftables UDP.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..._base.addresses import parse_address
from ..._base.errors import InvalidInputError, Problem
from ..config_syntax import Block, nginx_blocks, seconds_of, split_endpoint
from ..driver import (
    HASH_REFUSALS,
    EffectKind,
    Refusal,
    Rendered,
    check_service_names,
    has_affinity,
    refused,
)
from ..haproxy.driver import monitor_name
from ..model import Member, MemberDown, MemberState, Monitor, Persistence, PersistenceKind, Service

PREFIX = "lync-"
UDP_IDLE_SECONDS = 180
_ASKED = "# asked as "
# The address and port of a client, by whether it is IPv6; without brackets nginx binds to none, and says nothing.
_CLIENTS = {False: "$remote_addr:$remote_port", True: "[$remote_addr]:$remote_port"}
HEADER = "# Written by Ansible, msuc.lync.nginx_stream_services; changes by hand are undone by the next run.\n"
_ALGORITHMS = {"least-connections": ["least_conn;"], "round-robin": []}


class NginxStreamDriver:
    """The driver "nginx_stream"; UDP alone."""

    name = "nginx_stream"
    effects: Mapping[str, EffectKind] = {"members": EffectKind.RELOADS_MEMBERS, "": EffectKind.RELOADS}
    options: Mapping[str, Mapping[str, object]] = {}

    def render(self, services: Sequence[Service]) -> Rendered:
        """Return the text of the file; raises InvalidInputError for TCP, for options, of which there are none, and for
        names that are more than a word.
        """
        problems = [problem for service in services for problem in _check_nginx_service(service)]
        if problems:
            raise InvalidInputError(problems)
        text = file_text([replace(each, idle_seconds=min(each.idle_seconds, UDP_IDLE_SECONDS)) for each in services])
        return Rendered(text, text, refused(sorted(services, key=lambda service: service.name), _REFUSALS))

    def parse(self, document: object) -> tuple[Service, ...]:
        """Return the services of a file's text, sorted by name; those of version 0.1 may be TCP.

        Raises InvalidInputError when it is not one that file_text writes.
        """
        return tuple(sorted(_services_in_blocks(nginx_blocks(str(document))), key=lambda service: service.name))

    def expressible(self, service: Service) -> Service:
        """Return the service as nginx can say it: see not_rendered."""
        kept = has_affinity(service)
        return replace(
            service,
            members=tuple(sorted(Member(member.address, _state_of(member.state, kept)) for member in service.members)),
            monitor=service.monitor if service.members else Monitor(service.node_port),
            idle_seconds=min(service.idle_seconds, UDP_IDLE_SECONDS),
            persistence=Persistence(PersistenceKind.SOURCE) if kept else Persistence(),
            member_down=MemberDown.CLOSE,
            algorithm=Service.algorithm if kept else service.algorithm,
            nagle=True,
            options={},
        )


DRIVER = NginxStreamDriver()


def file_text(services: Sequence[Service]) -> str:
    """Return the text of a file with services; those of version 0.1 may be TCP, and have any time of silence."""
    ordered = sorted(services, key=lambda service: service.name)
    body = "\n".join(_render_upstream(service) for service in ordered)
    return f"{HEADER}stream {{\n{body}}}\n" if ordered else ""


def tcp_listeners(text: str) -> tuple[str, ...]:
    """Return the addresses and ports of TCP services of ours in a file's text, also where the rest is not understood.
    """
    servers = (block for block in nginx_blocks(text) if "".join(block.values("proxy_pass")).startswith(PREFIX))
    listens = (tokens for block in servers for tokens in block.all("listen"))
    return tuple(sorted({tokens[0] for tokens in listens if tokens and "udp" not in tokens}))


def _is_udp(service: Service) -> bool:
    return service.protocol == "udp"


def _state_of(state: MemberState, hashed: bool) -> MemberState:
    """Return the state that nginx has for one.

    A server is up, in reserve (not beside a hash) or down, and keeps what it has.
    """
    if state is MemberState.DRAINING or (state is MemberState.BACKUP and hashed):
        return MemberState.DISABLED
    return state


def _check_nginx_service(service: Service) -> Iterator[Problem]:
    yield from check_service_names(service)
    place = f"service {service.name}"
    if not _is_udp(service):
        message = "nginx carries no TCP service: it asks no member whether it is well"
        yield Problem(place, message, "protocol udp", "use msuc.lync.haproxy_services for it")
    for name in sorted(service.options):
        yield Problem(f"{place}, options.{name}", f"{name!r} is not an option of nginx_stream", "none", "remove it")


def _idle_reasons(service: Service) -> Iterator[str]:
    if service.idle_seconds > UDP_IDLE_SECONDS:
        holds = "each port of a client holds two connections of nginx for as long"
        yield f"{service.idle_seconds} s of silence are {UDP_IDLE_SECONDS}: {holds}"


def _down_reasons(service: Service) -> Iterator[str]:
    if service.member_down is not MemberDown.CLOSE:
        yield "what goes to a member that is down is refused"


def _member_reasons(service: Service) -> Iterator[str]:
    for member in service.members:
        if _state_of(member.state, has_affinity(service)) is not member.state:
            yield f"{member.address} is {member.state.value}; nginx takes it out for new clients"


_REFUSALS = (
    *HASH_REFUSALS,
    Refusal.when(
        "persistence.group", lambda service: bool(service.persistence.group), "the hash of each service is its own"
    ),
    Refusal("members", _member_reasons),
    Refusal("member_down", _down_reasons),
    Refusal("idle_seconds", _idle_reasons),
)


def _render_upstream(service: Service) -> str:
    name, monitor = f"{PREFIX}{service.name}", service.monitor
    asked = [f"{_ASKED}{monitor_name(service)}"] if _is_udp(service) and service.members else []
    hashed = has_affinity(service)
    suffixes = {MemberState.DISABLED: " down", MemberState.BACKUP: " backup"}
    balance = ["hash $remote_addr consistent;"] if hashed else _ALGORITHMS[service.algorithm]
    rest = f"max_fails={monitor.failures} fail_timeout={monitor.interval_seconds}s"
    rests = [rest + suffixes.get(_state_of(member.state, hashed), "") for member in sorted(service.members)]
    servers = [
        f"server {endpoint(member.address, service.node_port)} {more};"
        for member, more in zip(sorted(service.members), rests, strict=True)
    ] or [f"server 127.0.0.1:{service.node_port} down;"]  # an upstream without a server is an error
    is_udp = _is_udp(service)
    # One socket per worker, so that the kernel keeps a client at one worker.
    listen = f"listen {endpoint(service.vip, service.port)}{' udp reuseport' if is_udp else ' so_keepalive=on'};"
    server = [
        f"# pool: {service.pool}",
        listen,
        f"proxy_pass {name};",
        f"proxy_timeout {service.idle_seconds}s;",
        "proxy_connect_timeout 5s;",
    ]
    server += [] if is_udp else [f"tcp_nodelay {'off' if service.nagle else 'on'};"]
    server += [] if service.source_nat else [f"proxy_bind {_CLIENTS[':' in service.vip]} transparent;"]
    return "".join([_stream_block(f"upstream {name}", [*asked, *balance, *servers]), _stream_block("server", server)])


def _stream_block(head: str, lines: Sequence[str]) -> str:
    return "".join([f"    {head} {{\n", *(f"        {line}\n" for line in lines), "    }\n"])


def endpoint(address: str, port: int) -> str:
    """Return an address and a port as nginx writes them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _services_in_blocks(blocks: Iterable[Block]) -> Iterator[Service]:
    """Yield each service, whose upstream render writes before it.

    No block is kept: a thousand of them leave a processor's cache.
    """
    upstreams: dict[str, Block] = {}
    for block in blocks:
        if block.head[:1] == ("upstream",):
            upstreams["".join(block.head[1:])] = block
        elif block.head == ("server",):
            yield _read_server(block, upstreams.pop("".join(block.values("proxy_pass")), None))


def _read_server(server: Block, upstream: Block | None) -> Service:
    try:
        if upstream is None:
            raise ValueError("no upstream of its own stands before it")
        return _service_of_blocks(server, upstream)
    except (IndexError, KeyError, ValueError, StopIteration) as error:
        message = f"the server block is not as this collection writes it: {error!r}"
        raise InvalidInputError(
            [Problem(f"line {server.number}", message, fix="use state replaced, which writes the file anew")]
        ) from error


def _service_of_blocks(server: Block, upstream: Block) -> Service:
    listen = server.values("listen")
    vip, port = split_endpoint(listen[0])
    servers = list(upstream.all("server"))
    members = [tokens for tokens in servers if any(word.startswith("max_fails=") for word in tokens)]
    node_port = split_endpoint(servers[0][0])[1]
    hashed = upstream.has("hash")
    return Service(
        name=upstream.head[1].removeprefix(PREFIX),
        pool=next(text.removeprefix("pool: ") for text in server.comments if text.startswith("pool: ")),
        vip=str(parse_address(vip)),
        port=port,
        protocol="udp" if "udp" in listen else "tcp",
        node_port=node_port,
        members=tuple(sorted(map(read_member, members))),
        monitor=_monitor_of_upstream(upstream, members[0], node_port) if members else Monitor(node_port),
        persistence=Persistence(PersistenceKind.SOURCE if hashed else PersistenceKind.NONE),
        idle_seconds=seconds_of(server.values("proxy_timeout")[0], "s"),
        source_nat=not server.has("proxy_bind"),
        member_down=MemberDown.CLOSE if "udp" in listen else MemberDown.KEEP,
        nagle=server.values("tcp_nodelay") != ("on",),
        algorithm="least-connections" if hashed or upstream.has("least_conn") else "round-robin",
    )


def read_member(tokens: Sequence[str]) -> Member:
    """Return the member of the tokens of a server directive; raises ValueError and IndexError."""
    return Member(str(parse_address(split_endpoint(tokens[0])[0])), _server_state(tokens))


def _server_state(tokens: Sequence[str]) -> MemberState:
    return (
        MemberState.DISABLED if "down" in tokens else MemberState.BACKUP if "backup" in tokens else MemberState.ACTIVE
    )


def _monitor_of_upstream(upstream: Block, tokens: Sequence[str], port: int) -> Monitor:
    """Return the monitor: by the name of HAProxy's backend that asks, where the file says it."""
    asked = next((text for text in upstream.comments if text.startswith(_ASKED[2:])), "")
    if asked:
        ask_port, interval, failures = map(int, asked.rsplit("-", 3)[1:])
        return Monitor(ask_port, interval, failures)
    found = dict(word.partition("=")[::2] for word in tokens[1:] if "=" in word)
    return Monitor(port, seconds_of(found["fail_timeout"], "s"), int(found["max_fails"]))
