# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Damaged answers, hives and files, spread evenly over everything that reads them: each is read, or refused by name.

python -m tests.bench.fuzz [--count 14000] [--seed SEED] [--seconds MOST] [--parser PART OF A NAME]

A line for each input of another end: an exception that is no refusal, more than 5 seconds, more than 500 MB; status 1
when there is any. `--seed SEED --count 1` brings the same input again, with the traceback.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import multiprocessing.connection
import random
import resource
import secrets
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COUNT = 14_000
SECONDS, MEGABYTES = 5.0, 500
# What is not even interrupted: a loop inside of a library.
_PATIENCE_SECONDS = 30.0
_SHOWN = 40


class TooLongError(BaseException):
    """An input took too long; no Exception, so that nobody takes it for a bad answer."""


@dataclass
class Tally:
    """What became of the inputs of a run: how many were read and refused by parser, and faults by their text."""

    read: collections.Counter[str] = field(default_factory=collections.Counter)
    refused: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: dict[str, list[int]] = field(default_factory=dict)
    slowest: float = 0.0
    largest: int = 0

    def add(self, seed: int, name: str, end: str, seconds: float = 0.0, megabytes: int = 0) -> None:
        """Count one input; end: "read", "refused", or what is wrong."""
        self.slowest, self.largest = max(self.slowest, seconds), max(self.largest, megabytes)
        if end in ("read", "refused"):
            getattr(self, end)[name] += 1
            return
        known = self.faults.setdefault(f"{name}: {end.splitlines()[0]}", [])
        known.append(seed)
        if len(known) == 1:
            print(f"seed {seed}, {name}: {end}", flush=True)

    @property
    def count(self) -> int:
        """Return how many inputs were tried."""
        return self.read.total() + self.refused.total() + sum(map(len, self.faults.values()))


def attempt(seed: int, name: str, verbose: bool) -> tuple[str, float, int]:
    """Return how one input ended, in how many seconds, and by how many MB the process grew."""
    from .parsers import ATTEMPTS, REFUSALS

    started, before = time.monotonic(), _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        ATTEMPTS[name](random.Random(seed))
        end = "read"
    except REFUSALS as error:
        # Who catches everything catches this too; the memory would have been taken.
        end = "MemoryError, refused" if "MemoryError" in str(error) else "refused" if str(error) else "says nothing"
    except TooLongError:
        end = f"took more than {SECONDS:g} s\n{_place()}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        end = f"{type(error).__name__}: {str(error)[:200]!r} in {_place()}"
        end += f"\n{traceback.format_exc()}" if verbose else ""
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    grown = (_memory("VmHWM") - before) >> 10
    seconds = time.monotonic() - started
    return (end if grown <= MEGABYTES else f"took {grown} MB, {end}"), seconds, grown


def _place() -> str:
    """Return file and line of the product in which an exception came up, or of the last call."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    own = [frame for frame in frames if "/plugins/" in frame.filename] or frames
    return f"{'/'.join(Path(own[-1].filename).parts[-3:])}:{own[-1].lineno}"


def _memory(key: str) -> int:
    """Return a size of this process in kB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def _work(pipe: multiprocessing.connection.Connection, names: list[str], verbose: bool) -> None:
    """Try the seeds that come, one after the other, within limits."""
    from . import parsers  # noqa: F401  # before the limit: what is imported is not what an input takes

    def interrupt(*_signal: object) -> None:
        raise TooLongError

    signal.signal(signal.SIGALRM, interrupt)
    most = (_memory("VmSize") + 2 * MEGABYTES * 1024) << 10
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    while (seed := pipe.recv()) is not None:
        pipe.send(attempt(seed, names[seed % len(names)], verbose))


class Worker:
    """A process that tries inputs; another one takes its place when it is lost."""

    def __init__(self, names: list[str], verbose: bool) -> None:
        self._arguments = names, verbose
        self._start()

    def _start(self) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process: Any = context.Process(target=_work, args=(theirs, *self._arguments), daemon=True)
        self._process.start()
        theirs.close()
        self._is_fresh = True

    def attempt(self, seed: int) -> tuple[str, float, int]:
        """Return how an input ended."""
        self._pipe.send(seed)
        patience = _PATIENCE_SECONDS * (4 if self._is_fresh else 1)
        try:
            if self._pipe.poll(patience):
                self._is_fresh = False
                found: tuple[str, float, int] = self._pipe.recv()
                return found
            end = f"took more than {patience:g} s, and could not be interrupted"
        except EOFError:
            self._process.join()
            end = f"ended the process with status {self._process.exitcode}"
        self.stop()
        self._start()
        return end, patience, 0

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def main() -> int:
    """Try the inputs, print what is wrong; return the exit status."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--count", type=int, default=COUNT)
    arguments.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    arguments.add_argument("--seconds", type=float, default=float("inf"))
    arguments.add_argument("--parser", default="")
    given = arguments.parse_args()
    from .parsers import ATTEMPTS

    names = list(ATTEMPTS)
    seeds = (seed for seed in range(given.seed, sys.maxsize) if given.parser in names[seed % len(names)])
    print(f"seed {given.seed}, {given.count} inputs, {len(names)} parsers", flush=True)
    tally, worker, ends = Tally(), Worker(names, given.count == 1), time.monotonic() + given.seconds
    for seed, _number in zip(seeds, range(given.count), strict=False):
        if time.monotonic() > ends:
            print(f"ended after {given.seconds:g} s")
            break
        tally.add(seed, names[seed % len(names)], *worker.attempt(seed))
    worker.stop()
    return report(tally, names)


def report(tally: Tally, names: list[str]) -> int:
    """Print what became of the inputs; return the exit status."""
    for name in names:
        print(f"{name:60}{tally.read[name]:7} read{tally.refused[name]:7} refused")
    for text, seeds in sorted(tally.faults.items(), key=lambda item: -len(item[1]))[:_SHOWN]:
        print(f"{len(seeds):5} x {text} (seed {seeds[0]})")
    wrong = sum(map(len, tally.faults.values()))
    print(
        f"{tally.count} inputs: {tally.read.total()} read, {tally.refused.total()} refused by name, {wrong} faults; "
        f"at most {tally.slowest:.1f} s and {tally.largest} MB"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
