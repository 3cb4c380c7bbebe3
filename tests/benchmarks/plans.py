"""Whole plans on one core: the grid of 512 trials and others, and what was predicted of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from grokscale.studies.library import item
from grokscale.studies.packs import pack
from grokscale.studies.plan import Forecast, Plan, Resources, forecast, plan
from grokscale.studies.spec import StudySpec
from grokscale.trainers.pack import train
from grokscale.trainers.trial import Outcome
from tests.benchmarks.leaping import leap, leaps
from tests.benchmarks.tables import Table, at_most_seconds, figure, share
from tests.benchmarks.timing import Timed, interleaved, timed_once
from tests.benchmarks.work import grid, logarithmic, study, work

GRID, GRID_SECONDS = 512, 40.0
COLUMNS = ("", "trials", "predicted steps", "steps", "predicted s", "min s", "median s", "actual / predicted s")


@dataclass(frozen=True)
class _Run:
    """A plan as it was run."""

    name: str
    forecast: Forecast
    forecast_seconds: float
    actual: Timed[list[Outcome]]

    @property
    def steps(self) -> int:
        """Of all trials together."""
        return sum(outcome.steps for outcome in self.actual.result)


def tables(quick: bool) -> list[Table]:
    """Return one table of all plans."""
    rounds = 1 if quick else 3
    leap(work(leaps(1e-7, 1)))()  # compiles
    runs = [_run(name, spec, rounds) for name, spec in _studies(quick).items()]
    notes = [
        "`engine: auto` on one core but where it says stepped, from draws and theory to the last outcome. Predicted is "
        f"what `POST /v1/studies:validate` answers. {rounds} rounds.",
        *(f"{run.name}: {_words(run.actual.result)}." for run in runs),
    ]
    columns = (*COLUMNS, "forecast itself s", "goal")
    return [Table("Predicted against actual, one core", columns, [_row(run) for run in runs], notes)]


def _studies(quick: bool) -> dict[str, StudySpec]:
    alpha, beta = logarithmic(0.05, 0.2, 4 if quick else 16), logarithmic(1e-4, 1e-3, 2 if quick else 8)
    return {
        "grid": grid(quick),
        **({} if quick else {"quickstart": item("quickstart").spec}),
        "ISTA, stepped": study("stepped", alpha, beta, threshold=3e-2),
        "subgradient, stepped": study("stepped", alpha, beta, optimizer="subgradient", threshold=3e-2),
    }


def _run(name: str, spec: StudySpec, rounds: int) -> _Run:
    laid_out = plan(spec, Resources(1))
    seconds, predicted = timed_once(lambda: forecast(spec, laid_out, Resources(1)))
    actual = interleaved({name: lambda: partial(_train, spec, laid_out)}, rounds)[name]
    return _Run(name, predicted, seconds, actual)


def _train(spec: StudySpec, laid_out: Plan) -> list[Outcome]:
    packs = [pack(spec, [laid_out.trials[i] for i in one.members], str(one.number)) for one in laid_out.packs]
    return [outcome for one in packs for report in train(one) for outcome in report.outcomes]


def _row(run: _Run) -> list[str]:
    cost, least = run.forecast.cost, run.actual.least
    steps = [f"{one:.3g}" for one in (cost.steps, run.steps)]
    times = (cost.seconds, least, run.actual.median, least / cost.seconds, run.forecast_seconds)
    goal = at_most_seconds(least, GRID_SECONDS) if run.name == "grid" and len(run.actual.result) == GRID else ""
    return [run.name, str(len(run.actual.result)), *steps, *map(figure, times), goal]


def _words(outcomes: list[Outcome]) -> str:
    said = [outcome.outcome for outcome in outcomes]
    jumped = sum(outcome.obtained == "fast_forward" for outcome in outcomes)
    counts = ", ".join(f"{said.count(word)} {word}" for word in dict.fromkeys(said))
    return f"{counts}; {share(jumped / len(said))} fast-forwarded"
