"""The application: its routes, the middleware around them, and what they share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from threading import Thread

from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool

from grokscale.service import documentation, framework, problems, refusals
from grokscale.service.auth import ForeignOrigin, Keys, Loopback, MisdirectedRequest, Sites, Unauthorized
from grokscale.service.body_limit import BodyLimit
from grokscale.service.charts.endpoints import router as charts
from grokscale.service.events.endpoints import router as events
from grokscale.service.events.feed import Feed
from grokscale.service.fits.endpoints import router as fits
from grokscale.service.health.endpoints import router as health
from grokscale.service.health.readiness import Health
from grokscale.service.imports.endpoints import router as imports
from grokscale.service.laws.endpoints import router as laws
from grokscale.service.library.endpoints import router as library
from grokscale.service.pareto.endpoints import router as pareto
from grokscale.service.phases.endpoints import router as phases
from grokscale.service.problems import ApiError, InvalidRequest
from grokscale.service.queries import given_once
from grokscale.service.request_log import RequestLog
from grokscale.service.security_headers import SecurityHeaders
from grokscale.service.spelling import Heads, Spelling
from grokscale.service.studies.endpoints import router as studies
from grokscale.service.sweeper import Sweeper
from grokscale.service.tasks.endpoints import router as tasks
from grokscale.service.theory.endpoints import router as theory
from grokscale.service.trials.endpoints import router as trials
from grokscale.service.work.work import Rooms
from grokscale.studies import tasks as tasks_of
from grokscale.studies.settings import Settings
from grokscale.studies.store import Store, open_store
from grokscale.trainers.tasks.registry import described

FIRST_LOOK_SECONDS = 2.0
"""How long the first request may wait until the state of the database is known."""
NOUNS = (studies, imports, trials, events, laws, fits, phases, theory, pareto, charts, tasks, library)


def create_app(settings: Settings, store: Store | None = None, *, expects_runner: bool = False) -> FastAPI:
    """Return the application. It holds no state of its own: everything is in the store.

    Args:
        settings: of the server.
        store: the database; None opens the one that the settings name. It is not migrated here.
        expects_runner: see `Health`.
    """
    app = FastAPI(
        title="grokscale",
        version=version("grokscale"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
        dependencies=[Depends(given_once)],
    )
    tasks_of.configure(settings)
    app.state.settings = settings
    app.state.store = store or open_store(settings.url)
    app.state.rooms = Rooms()
    app.state.health = Health(app.state.store, settings, expects_runner=expects_runner)
    framework.install(app)
    refusals.install(app)
    app.include_router(health)
    for router in NOUNS:
        app.include_router(router, responses=_everywhere(settings))
    documentation.install(app)
    # the last added is the outermost: the id, then what is asked, then who asks, then how much
    app.add_middleware(BodyLimit, most=settings.max_body_bytes, most_of_tables=settings.max_import_bytes)
    app.add_middleware(Sites, keyed=bool(settings.keys))
    if settings.keys:
        app.add_middleware(Keys, keys=settings.keys)
    else:
        app.add_middleware(Loopback)
    app.add_middleware(Spelling)
    app.add_middleware(Heads)
    app.add_middleware(RequestLog)
    app.add_middleware(SecurityHeaders)
    return app


def _everywhere(settings: Settings) -> dict[int | str, dict[str, object]]:
    """Return what any route under /v1 can answer."""
    guard = (ForeignOrigin, Unauthorized if settings.keys else MisdirectedRequest)
    return problems.refusals(*guard, InvalidRequest, ApiError, refusals.Unavailable)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.feed = Feed(app.state.store)
    app.state.sweeper = Sweeper(app.state.store)
    tasks = [asyncio.create_task(work.run()) for work in (app.state.feed, app.state.sweeper)]
    # read apart those from outside before a request needs them
    Thread(target=described, name="tasks", daemon=True).start()
    app.state.health.start()
    await run_in_threadpool(app.state.health.known_within, FIRST_LOOK_SECONDS)
    yield
    app.state.health.stop()
    app.state.feed.close()
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
