"""A process that writes and stops inside the transaction, for a test to kill: `URL CALL SEAM`.

It prints a line when it has reached the seam (the first statement that contains it, or `COMMIT` itself) and then waits
for ever.
"""

from __future__ import annotations

import json
import signal
import sys

from samples import add, outcome
from sqlalchemy import event

from studies.store import Idempotency, Lease, Store, open_store


def stop() -> None:
    print("stopped", flush=True)
    signal.pause()


def stop_at(store: Store, seam: str) -> None:
    engine = store._database.engine
    if seam == "COMMIT":
        event.listen(engine, "commit", lambda _connection: stop())
        return

    def watch(_connection, _cursor, statement: str, *_rest) -> None:
        if seam in statement:
            stop()

    event.listen(engine, "before_cursor_execute", watch)


def main(url: str, call: str, seam: str, *arguments: str) -> None:
    store = open_store(url)
    if call == "add":
        stop_at(store, seam)
        add(store, idempotency=Idempotency("me", "POST /v1/studies", "key", "hash"))
    else:
        lease = Lease(**json.loads(arguments[0]))
        pack = store.open_packs(lease)[0]
        stop_at(store, seam)
        store.commit(lease, pack.id, [outcome(i, points=50) for i in pack.members], 1, "child")


if __name__ == "__main__":
    main(*sys.argv[1:])
