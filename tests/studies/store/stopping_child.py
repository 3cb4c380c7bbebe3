"""A process that writes and stops on its way, for a test to kill: `URL CALL SEAM`.

It prints a line when it has reached the seam and then waits for ever: inside a transaction (the first statement that
contains the seam, or `COMMIT` itself), or after the transaction that a number says.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import large
from samples import add, outcome
from sqlalchemy import event

from grokscale.studies.store import Idempotency, Lease, Store, open_store


def stop() -> None:
    print("stopped", flush=True)
    signal.pause()


def stop_at(store: Store, seam: str) -> None:
    engine = store._database.engine
    if seam == "COMMIT":
        event.listen(engine, "commit", lambda _connection: stop())
        return
    if seam.isdecimal():
        _stop_after(store, int(seam))
        return

    def watch(_connection, _cursor, statement: str, *_rest) -> None:
        if seam in statement:
            stop()

    event.listen(engine, "before_cursor_execute", watch)


def _stop_after(store: Store, transactions: int) -> None:
    """Stop when so many transactions that wrote have been committed: when their connections are given back."""
    wrote: list[bool] = []
    begun = 0

    def watch(_connection, _cursor, statement: str, *_rest) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            wrote.append(True)

    def given_back(*_: object) -> None:
        nonlocal begun
        begun += bool(wrote)
        wrote.clear()
        if begun == transactions:
            stop()

    event.listen(store._database.engine, "before_cursor_execute", watch)
    event.listen(store._database.engine, "checkin", given_back)


def main(url: str, call: str, seam: str, *arguments: str) -> None:
    store = open_store(url)
    if call == "add":
        stop_at(store, seam)
        add(store, idempotency=Idempotency("me", "POST /v1/studies", "key", "hash"))
    elif call == "commit":
        lease = Lease(**json.loads(arguments[0]))
        pack = store.open_packs(lease)[0]
        stop_at(store, seam)
        store.commit(lease, pack.id, [outcome(i, points=50) for i in pack.members], 1, "child")
    elif call == "import":
        from grokscale.studies.imports import bodies  # no other call needs it
        from grokscale.studies.imports.reading import PARQUET

        runs = bodies.read(Path(arguments[0]).read_bytes(), PARQUET, {"name": "killed"}, 2000)
        stop_at(store, seam)
        store.import_study(runs, versions={}, idempotency=Idempotency("me", "POST /v1/studies:import", "key", "hash"))
    else:
        stop_at(store, seam)
        large.CALLS[call](store, *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
