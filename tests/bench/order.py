# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The order of changes on random hosts: what is admitted before and after a run is admitted after each of its writes.

python -m tests.bench.order [--count 20000] [--seed SEED]

The seed is printed; with it the same hosts come again. Ends with the smallest case that breaks the law, and status 1.
"""

from __future__ import annotations

import argparse
import secrets

from hypothesis import HealthCheck, given, seed, settings

from tests.unit.firewall import universe
from tests.unit.firewall.order import check_order

COUNT = 20_000


def main() -> None:
    """Try so many hosts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    arguments = parser.parse_args()
    print(f"{arguments.count} hosts, seed {arguments.seed}", flush=True)
    often = settings(
        deadline=None, max_examples=arguments.count, database=None, suppress_health_check=list(HealthCheck)
    )
    seed(arguments.seed)(often(given(universe.wanted(), universe.present())(check_order)))()
    print("no write ended for a moment what lasts")


if __name__ == "__main__":
    main()
