"""The whole service, from submitting a study to its law, and what orchestration costs; not held to one core."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from grokscale.service.client import Client, Study
from grokscale.studies.laws import law
from grokscale.studies.library import item
from grokscale.studies.packs import pack
from grokscale.studies.plan import Resources, plan
from grokscale.studies.plan.packing import MOST
from grokscale.studies.settings import PREFIX
from grokscale.studies.spec import StudySpec, parse
from grokscale.studies.store import open_store
from grokscale.trainers.pack import train
from tests.benchmarks.tables import Table, at_most_seconds, at_most_share, figure, share
from tests.benchmarks.timing import interleaved, timed_once
from tests.benchmarks.work import grid, logarithmic
from tests.e2e.conftest import Service
from tests.studies.runner.bench import idle_share

SLOTS = len(os.sched_getaffinity(0))
"""Packs side by side: one a core."""
PACK_SECONDS = 1.0
MOST_PACKS = 180
"""Of a study within the default limit of 100,000 trials, at `MOST` a pack."""
GOAL = 0.05
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class _Run:
    """A study from the client's side, in seconds.

    Attributes:
        waiting: from its creation to its start.
        running: from its start to its end.
        law: of the answer to the law's request. fit: of the fit alone.
        whole: from submitting it to having its law.
        training: its trials' own, summed.
    """

    trials: int
    waiting: float
    running: float
    law: float
    fit: float
    whole: float
    training: float


def tables(quick: bool) -> list[Table]:
    """Return the table of studies and that of orchestration."""
    few, many = (SLOTS, 4 * SLOTS) if quick else (min(2 * SLOTS, MOST_PACKS // 2), min(50 * SLOTS, MOST_PACKS))
    alone = interleaved({"alone": _alone}, 2 if quick else 5)["alone"].least
    with _service() as client:
        first = grid(quick) if quick else item("quickstart").spec
        studies = {f"{first.name}, the first": first, "grid": grid(quick)}
        runs = {name: _run(client, spec) for name, spec in studies.items()}
        known = {packs: _run(client, _packs(packs)) for packs in (few, many)}
    return [_firsts(quick), _studies(runs), _orchestration(known, alone), _idle(quick)]


@contextmanager
def _service(**environment: str) -> Iterator[Client]:
    """A service in a process of its own, that also takes trials of a stated time."""
    with TemporaryDirectory() as folder:
        running = Service(Path(folder) / "data", **{f"{PREFIX}TEST_TASKS": "1", **environment}).start()
        try:
            with running.client() as client:
                yield client
        finally:
            running.stop()


def _run(client: Client, spec: StudySpec) -> _Run:
    def whole() -> tuple[Study, float]:
        study = client.submit(spec).wait(progress=False)
        return study, timed_once(lambda: study.law("t2", x="1/(alpha*beta)"))[0]

    seconds, (study, asked) = timed_once(whole)
    trials = study.trials()
    fitted, _ = timed_once(lambda: law(trials, "t2", x="1/(alpha*beta)"))
    created, started, ended = (datetime.fromisoformat(study.data[name]) for name in ("created", "started", "ended"))
    training = sum(one or 0.0 for one in trials["seconds"].to_pylist())
    waiting, running = (started - created).total_seconds(), (ended - started).total_seconds()
    return _Run(trials.num_rows, waiting, running, asked, fitted, seconds, training)


def _studies(runs: dict[str, _Run]) -> Table:
    rows = []
    for name, run in runs.items():
        times = (run.waiting, run.running, run.law, run.fit, run.whole, run.training)
        rows.append([name, str(run.trials), *map(figure, times), share(1 - run.training / (run.whole * SLOTS))])
    notes = [
        f"One service on {SLOTS} cores, one pack a core; its start is left out, but the first study waits for Ray. Not "
        "training is what is left of the cores' seconds from submitting the study to having its law when the trials' "
        "own `seconds` are taken out: start, draws and theory, storing, an idle core at the end, the wait's polling.",
    ]
    columns = ("", "trials", "waiting s", "running s", "law s", "its fit s", "submit to law s", "training, summed s")
    return Table("From submitting a study to its law", (*columns, "not training"), rows, notes)


# -- the first study of a machine ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _First:
    """The quick start on a machine that had compiled nothing when its service was started, in seconds.

    Attributes:
        queued: until it was claimed: Ray starts.
        starting: until a pack's first report: imports of the driver and its workers, draws, theory.
        preparing: for which packs waited for kernels.
        training: until its end.
        law: of the answer to the law's request.
        goal: for the sum.
    """

    queued: float
    starting: float
    preparing: float
    training: float
    law: float
    goal: float


def _firsts(quick: bool) -> Table:
    known = {f"{idle:g} s": _first(idle, goal) for idle, goal in ((0.0, 40.0), (30.0, 20.0))[: 1 if quick else 2]}
    rows = []
    for idle, run in known.items():
        parts = (run.queued, run.starting, run.preparing, run.training, run.law)
        rows.append([idle, *map(figure, (*parts, sum(parts))), at_most_seconds(sum(parts), run.goal)])
    notes = [
        f"The quick start on {SLOTS} cores, from submitting it to having its law, with an empty cache of machine code "
        "and so long after the service was ready. *Queued*: Ray starts; *starting*: the driver and two workers import "
        "torch, Ray and Tune; *preparing*: what is left of compiling, begun with the runner, by two processes.",
    ]
    columns = ("idle before", "queued s", "starting s", "preparing s", "training s", "law s", "in all s", "goal")
    return Table("The first study of a machine", columns, rows, notes)


def _first(idle: float, goal: float) -> _First:
    with TemporaryDirectory() as kept, _service(NUMBA_CACHE_DIR=kept) as client:
        time.sleep(idle)
        marks = {"submitted": time.monotonic()}
        study = client.submit(item("quickstart").spec)
        while (seen := client.study(study.id).data)["state"] not in ("completed", "failed"):
            progress, now = seen["progress"], time.monotonic()
            if seen["state"] == "running":
                marks.setdefault("running", now)
            if progress["eta_seconds"] is not None or progress["ended"]:
                marks.setdefault("reported", now)
            if "reported" in marks and progress["preparing"] is None:
                marks.setdefault("prepared", now)
            time.sleep(_LOOK_SECONDS)
        marks["ended"] = time.monotonic()
        asked, _ = timed_once(lambda: study.law("t2", x="1/(alpha*beta)"))
    at = [marks.get(name, marks["ended"]) for name in ("submitted", "running", "reported", "prepared", "ended")]
    return _First(*(after - before for before, after in pairwise(at)), asked, goal)


# -- places ---------------------------------------------------------------------------------------------------------


def _idle(quick: bool) -> Table:
    """Return how much of the cluster's places stood empty while packs waited."""
    seconds = 1.0 if quick else 20.0
    with TemporaryDirectory() as folder:
        running = Service(Path(folder) / "data", **{f"{PREFIX}TEST_TASKS": "1"}).start()
        try:
            with running.client() as client:
                study = client.submit(_one_shape(seconds)).wait(progress=False)
                store = open_store(f"sqlite:///{folder}/data/grokscale.db")
                packs = store.packs(study.id)
                store.close()
        finally:
            running.stop()
    idle = idle_share(packs, SLOTS)
    row = ["one shape", str(len(packs)), str(SLOTS), figure(seconds), share(idle), at_most_share(idle, GOAL)]
    notes = [
        f"A synthetic study of one shape whose packs sleep {seconds:g} s each, three packs a place: the share of the "
        "places that stood empty from the first pack's start to the last one's.",
    ]
    return Table("Idle places", ("study", "packs", "places", "a pack's s", "idle", "goal"), [row], notes)


def _one_shape(seconds: float) -> StudySpec:
    """Return a study whose trials are cut into three packs a place."""
    fields = {"regularizer": {"kind": "l1", "beta": logarithmic(1e-5, 1e-4, 8)}}
    fields |= {"optimizer": {"kind": "proximal", "alpha": logarithmic(0.01, 0.1, 8)}, "seeds": 3 * SLOTS}
    task = {"kind": "synthetic", "seconds": seconds / 64}
    return parse({"name": "one shape", "task": task, **fields}, test_tasks=True)


# -- orchestration --------------------------------------------------------------------------------------------------


def _packs(packs: int) -> StudySpec:
    """Return a synthetic study of so many full packs, each of `PACK_SECONDS` and ending at one step."""
    return parse(
        {
            "name": "packs",
            "task": {"kind": "synthetic", "prefactor": 1e5, "exponent": 0.0, "seconds": PACK_SECONDS / MOST},
            "regularizer": {"kind": "l1", "beta": logarithmic(1e-5, 1e-4, 16)},
            "optimizer": {"kind": "proximal", "alpha": logarithmic(0.01, 0.1, MOST // 16)},
            "seeds": packs,
        },
        test_tasks=True,
    )


def _alone() -> Callable[[], object]:
    """Prepare one of these packs and return its run in this process, from its first step."""
    spec = _packs(1)
    reports = train(pack(spec, plan(spec, Resources(1)).trials, "alone"))
    next(reports)
    return lambda: list(reports)


def _orchestration(runs: dict[int, _Run], alone: float) -> Table:
    (few, short), (many, long) = runs.items()
    rows = [_row(few, short.running, short.training, alone), _row(many, long.running, long.training, alone)]
    further = _row(many - few, long.running - short.running, long.training - short.training, alone)
    notes = [
        f"Synthetic studies of {MOST} trials a pack that sleep {PACK_SECONDS:g} s a pack, {SLOTS} packs side by side, "
        f"from the study's start to its end. Such a pack takes {figure(alone)} s in a process of its own; overhead is "
        "what is left of the slots' seconds when that is taken out: Tune, actors, reports, storing. *Further* is the "
        "difference of the two studies, free of the start. The trials' own `seconds` stand beside it.",
        f"Why the goal is missed: {MOST} trials that end in one second are {MOST} curves to be written, and a worker "
        "waits while the driver commits them, one pack after another (see *Commits*); Tune takes about 0.1 s a trial "
        "of its own. The overhead is by the pack, not by the second: a pack of half a minute has 5 %.",
    ]
    columns = ("packs", "running s", "a pack's s times packs", "trials' own, summed s", "overhead s a pack", "overhead")
    return Table("Ray Tune's orchestration", (*columns, "goal"), [*rows, ["further", *further[1:]]], notes)


def _row(packs: int, running: float, training: float, alone: float) -> list[str]:
    overhead = 1 - packs * alone / (running * SLOTS)
    each = (running, packs * alone, training, running * SLOTS / packs - alone)
    return [str(packs), *map(figure, each), share(overhead), at_most_share(overhead, GOAL)]
