"""A database whose clock is set another way under the feet of everybody who uses it."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import event

from grokscale.studies.store import Store


def jump(store: Store, hours: int) -> None:
    """Set the clock so many hours on, negative ones back: every statement from now on reads the new time."""
    if store._database.sqlite:
        _jump_sqlite(store, f"{hours:+d} hours")
    else:
        _jump_postgresql(store, f"{hours} hours")


def _jump_sqlite(store: Store, by: str) -> None:
    """The clock is this process's own: the functions that read it are replaced on every connection."""
    real = sqlite3.connect(":memory:", check_same_thread=False)

    def shifted(function: str) -> Any:
        def call(*arguments: Any) -> Any:
            marks = ", ".join("?" * len(arguments))
            now = arguments.index("now") + 1 if "now" in arguments else None
            if now is not None:
                arguments = (*arguments[:now], by, *arguments[now:])
                marks += ", ?"
            return real.execute(f"SELECT {function}({marks})", arguments).fetchone()[0]

        return call

    def replace(connection: sqlite3.Connection, _record: Any) -> None:
        for function in ("strftime", "julianday"):
            connection.create_function(function, -1, shifted(function))

    event.listen(store._database.engine, "connect", replace)
    store.close()


def _jump_postgresql(store: Store, by: str) -> None:
    """The server's own function is hidden behind one of another schema, which every new connection finds first."""
    with store._database.write() as connection:
        connection.exec_driver_sql("CREATE SCHEMA jumped")
        connection.exec_driver_sql(
            "CREATE FUNCTION jumped.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            f"$$ SELECT pg_catalog.clock_timestamp() + interval '{by}' $$"
        )
        name = store._database.engine.url.database
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET search_path = jumped, pg_catalog, public')
    store.close()
