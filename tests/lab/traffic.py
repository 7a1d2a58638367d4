# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load for a proxy on 127.0.0.0/8, bounded in count and time: new connections at a rate, long ones, datagrams.

    python -m tests.lab.traffic new VIP RATE SECONDS       prints {"new": n, "failed": n, "why": {...}}

The load runs in a process of its own, so that what the test does meanwhile does not slow it down.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence

PORT = 15061


async def _once(source: str, vip: str, port: int, count: Counter[str]) -> None:
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(vip, port, local_addr=(source, 0)), 8)
        greeting = await asyncio.wait_for(reader.readline(), 8)
        writer.close()
        count[greeting.decode().strip() or "failed: closed"] += 1
    except (OSError, asyncio.TimeoutError) as error:
        count[f"failed: {type(error).__name__} {error}"] += 1


async def _new(vip: str, rate: float, seconds: float) -> Counter[str]:
    """Open rate connections a second, each of which reads a greeting and ends."""
    count: Counter[str] = Counter()
    pending: set[asyncio.Task[None]] = set()
    start, made = time.monotonic(), 0
    while (now := time.monotonic() - start) < seconds:
        while made < now * rate and len(pending) < 2000:
            task = asyncio.create_task(_once(f"127.0.1.{made % 200 + 1}", vip, PORT, count))
            pending.add(task)
            task.add_done_callback(pending.discard)
            made += 1
        await asyncio.sleep(0.002)
    if pending:
        await asyncio.wait(pending)
    return count


def _sent(one: socket.socket) -> int:
    try:
        one.send(b"x")
    except OSError:  # a refusal of an earlier datagram; this one is sent again
        one.send(b"x")
    return 1


def datagrams(sources: Sequence[str], each: int, rate: float, vip: str, port: int) -> dict[str, object]:
    """Send datagrams from these addresses, at a rate in all.

    Return how many were answered, and sources with several members.
    """
    sockets = []
    for source in sources:
        one = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        one.bind((source, 0))
        one.connect((vip, port))
        one.setblocking(False)
        sockets.append(one)
    members: list[set[bytes]] = [set() for _one in sockets]
    sent = answered = 0
    start = time.monotonic()

    def _drain() -> int:
        found = 0
        for place, one in enumerate(sockets):
            try:
                while True:
                    members[place].add(one.recv(64).split()[0])
                    found += 1
            except OSError:
                continue
        return found

    for _turn in range(each):
        sent += sum(map(_sent, sockets))
        answered += _drain()
        while sent > (time.monotonic() - start) * rate:
            time.sleep(0.001)
            answered += _drain()
    end = time.monotonic() + 2
    while answered < sent and time.monotonic() < end:
        answered += _drain()
        time.sleep(0.01)
    return {
        "sent": sent,
        "answered": answered,
        "split": sum(len(found) > 1 for found in members),
        "silent": sum(not found for found in members),
    }


def main() -> None:
    """Make the load that the arguments ask for, and print what came of it."""
    kind, vip, *numbers = sys.argv[1:]
    if kind == "new":
        count = asyncio.run(_new(vip, float(numbers[0]), float(numbers[1])))
        failed = {why: number for why, number in count.items() if why.startswith("failed")}
        print(
            json.dumps(
                {
                    "new": sum(count.values()),
                    "failed": sum(failed.values()),
                    "why": failed,
                    "members": sorted(set(count) - set(failed)),
                }
            )
        )
    else:
        sources = [f"127.0.3.{number + 1}" for number in range(int(numbers[0]))]
        print(json.dumps(datagrams(sources, int(numbers[1]), float(numbers[2]), vip, int(numbers[3]))))


if __name__ == "__main__":
    main()
