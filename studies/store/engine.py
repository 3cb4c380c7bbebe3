"""One database: its engine, and the two kinds of transaction that the store uses, read and write."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError

from grokscale.studies.store.errors import DAMAGED, DatabaseUnavailable

BUSY_SECONDS = 60.0
"""How long a SQLite writer waits for another one: the commit of a large pack takes seconds on a busy machine."""


_LOOK_SECONDS = 0.005
"""Seconds between two tries of a SQLite writer to get the lock."""


class Database:
    """The engine of a store.

    On SQLite every write transaction begins with `BEGIN IMMEDIATE`, so that it has the write lock before it reads
    what it will change. On PostgreSQL (READ COMMITTED) locking the study's row first has the same effect.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(write=True)

    @classmethod
    def open(cls, url: str) -> Database:
        """Make the engine for a URL; nothing is connected yet.

        Raises:
            DatabaseUnavailable: as `open_store` says.
        """
        parsed = _parse(url)
        if parsed.get_backend_name() == "sqlite":
            return cls(_sqlite(parsed))
        return cls(_postgresql(parsed))

    @property
    def sqlite(self) -> bool:
        """Whether this is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Generator[Connection]:
        """Run the block in a transaction that reads."""
        with self._translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """Run the block in a transaction that may write; committed when it ends, rolled back when it raises."""
        with self._translated(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def alter(self) -> Generator[Connection]:
        """Run the block in a transaction that may change tables, then check all references.

        SQLite alters a table by copying it and dropping the old one, which would delete, through foreign keys, all
        rows that refer to it. So foreign keys are switched off here, which has to happen before the transaction
        begins.
        """
        with self._translated(), self._writer.connect() as connection:
            if not self.sqlite:
                with connection.begin():
                    yield connection
                return
            pragma = cast("sqlite3.Connection", connection.connection.driver_connection).execute
            pragma("PRAGMA foreign_keys = OFF")
            try:
                with connection.begin():
                    yield connection
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                    if broken is not None:
                        missing = f"a row of {broken[0]} is without what it refers to"
                        raise DatabaseUnavailable(f"{self._name()}: {DAMAGED} ({missing})")
            finally:
                pragma("PRAGMA foreign_keys = ON")

    def give_way(self) -> None:
        """Pause between two transactions of a long operation, so that others can write.

        SQLite has no queue of writers: a waiting one tries again every `_LOOK_SECONDS`.
        """
        if self.sqlite:
            time.sleep(4 * _LOOK_SECONDS)

    def ping(self) -> None:
        """Ask for one value, or raise DatabaseUnavailable."""
        with self._translated(), self.engine.connect() as connection:
            connection.execute(select(1))

    @contextmanager
    def _translated(self) -> Generator[None]:
        """Turn what a database driver raises into the store's errors, if it is about the database itself."""
        try:
            yield
        except DBAPIError as error:
            if _damaged(error):
                raise DatabaseUnavailable(f"{self._name()}: {DAMAGED} ({_first_line(error)})") from error
            if _unreachable(error):
                raise DatabaseUnavailable(f"{self._name()}: {_first_line(error)}", _cause(error)) from error
            if _lacks_a_table(error):
                from grokscale.studies.store import schema  # which stands on this module

                schema.check(self)
            raise
        except UnicodeDecodeError as error:  # of the text of a driver's own error, which quotes the file
            raise DatabaseUnavailable(f"{self._name()}: {DAMAGED} ({error})") from error

    def _name(self) -> str:
        return self.engine.url.render_as_string(hide_password=True)


_POSTGRESQL = {
    "application_name": "grokscale",
    "connect_timeout": 10,
    # a server that vanished without a word is noticed within a minute, not in two hours
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError, NoSuchModuleError):
        # the text may hold a password: it is not repeated
        raise DatabaseUnavailable("the database URL is not a URL: sqlite:///PATH or postgresql://...") from None
    if backend in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise DatabaseUnavailable(f"databases of the kind {backend!r} are not supported: sqlite or postgresql")
    if parsed.database in {None, "", ":memory:"} or "mode" in parsed.query:
        raise DatabaseUnavailable("an in-memory SQLite cannot be shared by processes: give a file, sqlite:///PATH")
    return parsed


def _postgresql(url: URL) -> Engine:
    engine = create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=30, connect_args=_POSTGRESQL)
    event.listen(engine, "do_connect", _connect_to_utf8)
    return engine


def _connect_to_utf8(dialect: Dialect, _record: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Connect, and refuse a database that cannot hold every text: it would return bytes, or lose characters."""
    connection: Any = dialect.connect(*args, **options)
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        name = connection.info.dbname
        connection.close()
        raise DatabaseUnavailable(
            f"the database {name!r} has the encoding {encoding}, and UTF8 is needed: "
            f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"
        )
    return connection


def _sqlite(url: URL) -> Engine:
    path = Path(str(url.database))

    def connect() -> sqlite3.Connection:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnavailable(f"cannot make {path.parent}: {error.strerror}") from error
        # isolation_level=None: sqlite3 begins no transactions of its own, so that ours cover reads and DDL too
        return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    engine = create_engine(url, creator=connect, pool_size=10, max_overflow=30)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    _use_wal(connection)
    # FULL: a study that was answered 201 is still there after a power cut
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -32768")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a file to WAL; try again if refused, since SQLite refuses some of several processes that open a new
    file at once.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin(connection: Connection) -> None:
    if not connection.get_execution_options().get("write", False):
        connection.exec_driver_sql("BEGIN")
        return
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        _wait_for_others(driver)
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # which says in SQLAlchemy's words why not
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")


def _wait_for_others(driver: sqlite3.Connection) -> None:
    """Take the write lock as soon as it is free: SQLite's own waiting looks only ten times a second."""
    deadline = time.monotonic() + BUSY_SECONDS
    while time.monotonic() < deadline:
        try:
            driver.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return
        time.sleep(_LOOK_SECONDS)


def _unreachable(error: DBAPIError) -> bool:
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_name(error).startswith(_SQLITE_UNREACHABLE)
    # psycopg gives no SQLSTATE where it found no server
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(error, OperationalError) and (state is None or state[:2] in _POSTGRESQL_UNREACHABLE)


def _damaged(error: DBAPIError) -> bool:
    """Whether the file is damaged: cut off, overwritten, or never a database."""
    if not isinstance(error.orig, sqlite3.Error):
        return False
    name = _sqlite_name(error)
    # a text that is no UTF-8 is found by Python, which has no name for it
    return name.startswith(_SQLITE_DAMAGED) or (not name and isinstance(error.orig, sqlite3.OperationalError))


def _sqlite_name(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlite_errorname", "")


_SQLITE_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")
_SQLITE_UNREACHABLE = tuple(
    f"SQLITE_{word}" for word in ("CANTOPEN", "BUSY", "IOERR", "READONLY", "FULL", "PERM", "AUTH", "NOLFS", "PROTOCOL")
)
_POSTGRESQL_UNREACHABLE = {"08", "28", "3D", "53", "57"}
"""SQLSTATE classes: no connection, not authorised, no such database, out of resources, server shutting down."""


_CAUSES: dict[str, Literal["full", "locked"]] = {"SQLITE_FULL": "full", "SQLITE_BUSY": "locked", "53100": "full"}


def _cause(error: DBAPIError) -> Literal["full", "locked"] | None:
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return _CAUSES.get(str(name))


def _lacks_a_table(error: DBAPIError) -> bool:
    undefined = getattr(error.orig, "sqlstate", None) in {"42P01", "42703"}
    return undefined or str(error.orig).startswith(("no such table", "no such column"))


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
