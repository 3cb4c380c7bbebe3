"""The fits of a family of models, each to its complete cases."""

from __future__ import annotations

from dataclasses import dataclass, field

from grokscale.studies.laws.inference.intercepts import FEWEST_RANDOM, Intercepts
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.models.complete_cases import complete_cases
from grokscale.studies.laws.models.data import Data
from grokscale.studies.laws.models.dispersion import COLUMN, Dispersion, fit_dispersion, stretched
from grokscale.studies.laws.models.forms import Name, NotIdentifiable
from grokscale.studies.laws.models.models import REFUSALS, Model, fit_model
from grokscale.studies.laws.models.request import Request


@dataclass(slots=True)
class Family:
    """A family of models.

    Attributes:
        models: those that were fitted.
        rows: the complete cases of each.
        refused: the reasons of those that were not, with the column at fault where there is one.
        dispersion: how the scatter depends on the floor, or why that is not known; None: it was not asked.
    """

    models: dict[Name, Model] = field(default_factory=dict)
    rows: dict[Name, Data] = field(default_factory=dict)
    refused: dict[Name, dict[str, str]] = field(default_factory=dict)
    dispersion: Dispersion | dict[str, str] | None = None

    @property
    def base(self) -> dict[Name, Model]:
        """All but M4, whose intercepts are its own."""
        return {name: model for name, model in self.models.items() if name != "M4"}


def fit_models(data: Data, request: Request) -> tuple[Data, Family]:
    """Fit the models of a request; return the rows too, stretched where the scatter depends on the floor."""
    family = Family()
    if request.scale == "error_floor":
        data = _scaled(data, family)
    for name in request.models:
        try:
            family.rows[name] = complete_cases(name, data.by_draw() if name == "M4" else data)
            family.models[name] = _fitted(name, family.rows[name])
        except REFUSALS as refusal:
            column = {"not_identifiable": refusal.column} if isinstance(refusal, NotIdentifiable) else {}
            family.refused[name] = column | {"reason": refusal.reason}
    return data, family


def _scaled(data: Data, family: Family) -> Data:
    """Fit how the scatter depends on the floor; return the rows so stretched, as they are where that cannot be told."""
    try:
        family.dispersion = fit_dispersion(complete_cases("M3", data), data.rows.intercepts)
    except NotIdentifiable as refusal:
        family.dispersion = {"not_identifiable": refusal.column, "reason": refusal.reason}
    except NoMaximum as refusal:
        family.dispersion = {"not_identifiable": COLUMN, "reason": refusal.reason}
    return stretched(data, family.dispersion.delta) if isinstance(family.dispersion, Dispersion) else data


def _fitted(name: Name, data: Data) -> Model:
    if name != "M4":
        return fit_model(name, data, data.rows.intercepts)
    if data.rows.draws < FEWEST_RANDOM:
        raise NotIdentifiable(data.gap_name, f"{data.rows.draws} draws: a scatter between draws needs {FEWEST_RANDOM}")
    intercepts = with_scatter(data)
    return fit_model(name, data.under(intercepts), intercepts)


def with_scatter(data: Data) -> Intercepts:
    """Return the intercepts that know a scatter between draws; that of draws of one row is the rows'."""
    return "pooled" if data.rows.alone else "random"
