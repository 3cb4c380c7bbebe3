"""A driver that is killed with kill -9 at a named seam: the real driver, over a store that ends its process.

`python killed_driver.py SEAM COUNTER TIMES`: COUNTER is a file that holds one byte for each kill so far.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from studies.lifecycle import State
from studies.runner.driver import main
from studies.store import Lease, PackRecord, Store
from studies.store.engine import Database
from trainers.trial import Outcome

SEAM, COUNTER, TIMES = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])


def seam(name: str) -> None:
    """End this process here and now, unless it has happened often enough."""
    if name == SEAM and COUNTER.stat().st_size < TIMES:
        with COUNTER.open("ab") as file:
            file.write(b"x")
        os.kill(os.getpid(), signal.SIGKILL)


class KilledStore(Store):
    """The real store with seams before, between and after its writes."""

    def open_packs(self, lease: Lease) -> list[PackRecord]:
        seam("after claim")
        return super().open_packs(lease)

    def commit(self, lease: Lease, pack_id: str, outcomes: Sequence[Outcome], attempt: int, host: str) -> list[int]:
        if outcomes:
            seam("received, not committed")
        accepted = super().commit(lease, pack_id, outcomes, attempt, host)
        if outcomes:
            seam("committed, not acknowledged")
        return accepted

    def cancel_unended(self, lease: Lease) -> int:
        seam("while stopping")
        return super().cancel_unended(lease)

    def finish(self, lease: Lease) -> State:
        seam("while ending")
        return super().finish(lease)


if __name__ == "__main__":
    main(lambda url: KilledStore(Database.open(url)))
