# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables of nftables on this host, for the modules that own one of them."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import Refused, run


def nft(*arguments: str) -> tuple[int, str]:
    """Return exit status and output of nft."""
    return run(["nft", *arguments])


def output_of(status: int, output: str) -> str:
    """Return what nft printed; raises Refused with its first line when it failed."""
    if status:
        first = next((line for line in output.splitlines() if line.strip()), "nft said nothing")
        fix = "; fix: become: true" if "not permitted" in output else ""
        raise Refused(f"nft: {first.strip()}{fix}")
    return output


def other_tables(own: tuple[str, str]) -> list[dict[str, Any]]:
    """Return the tables of somebody else than the owner of one: family, name, whether dormant, listing as JSON."""
    names = [line.split()[1:3] for line in output_of(*nft("list", "tables")).splitlines() if line.startswith("table ")]
    return [_other_table(*name) for name in names if tuple(name) != own]


def _other_table(family: str, name: str) -> dict[str, Any]:
    text = output_of(*nft("-s", "list", "table", family, name))
    dormant = re.search(r"^\tflags .*dormant", text, re.MULTILINE) is not None
    rules = "" if dormant else output_of(*nft("-s", "-j", "list", "table", family, name))
    return {"family": family, "name": name, "dormant": dormant, "listing": rules}
