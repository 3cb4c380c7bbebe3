"""Where half of the trials end with a word: the contour in x at every value of y, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.exponentials import OUTSIDE
from grokscale.studies.phases.axes import Axis
from grokscale.studies.phases.logistic import Floats
from grokscale.studies.phases.model import NEEDED, Model, Sample, features, fit_model, quantile
from grokscale.studies.phases.profile import Profile, ends
from grokscale.studies.portable import PortableError

_MOST_POINTS = 100
_MOST_WORK = 500_000
"""Places times points of one batch: random searches have as many places as trials."""
_FAR = 1e3
"""Standard deviations of x beyond which a contour only says that x hardly matters."""


class NotIdentifiable(PortableError):
    """The data cannot tell a contour; knows the column at fault and the reason."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Standard:
    """An axis in standard deviations about its mean."""

    mean: float
    deviation: float

    @classmethod
    def about(cls, coordinate: Floats) -> _Standard:
        # in units of the largest, whose square may be outside a float's range
        unit = float(np.abs(coordinate).max()) or 1.0
        return cls(unit * float((coordinate / unit).mean()), unit * float((coordinate / unit).std()))

    def of(self, coordinate: Floats) -> Floats:
        return (coordinate - self.mean) / self.deviation


def contour(
    x: Axis,
    y: Axis | None,
    inside: NDArray[np.bool_],
    won: NDArray[np.bool_],
    draw: NDArray[np.intp],
    stream: NDArray[np.intp],
    outcome: str,
) -> tuple[dict[str, Any], list[str]]:
    """Fit the contour.

    Args:
        x: the axis that the contour is a place on, values of shape (rows,).
        y: the other one.
        inside: rows with a result and both values, shape (rows,).
        won: rows that ended with the word, shape (rows,).
        draw: of each row, shape (rows,).
        stream: of each row, shape (rows,); trials of one stream are not independent.
        outcome: the word.

    Returns:
        The contour object of the interface and its warnings.

    Raises:
        NotIdentifiable: the word never or always occurs, x has one level, or x and y do not vary apart.
    """
    elsewhere = bool(won.any())
    won, stream, draws = won[inside], stream[inside], len(np.unique(draw[inside]))
    if not won.any():
        raise NotIdentifiable(outcome, f"no trial {'with both axes ' if elsewhere else ''}ended as {outcome}")
    if won.all():
        raise NotIdentifiable(outcome, f"every trial {'' if inside.all() else 'with a result '}ended as {outcome}")
    u = x.coordinate(x.values[inside])
    if len(np.unique(u)) < 2:
        where = "among the trials with a result, " if len(x.levels()) > 1 else ""
        raise NotIdentifiable(x.name, f"{where}{x.name} has one level")
    of_x = _Standard.about(u)
    v = None if y is None else y.coordinate(y.values[inside])
    varies = v is not None and len(np.unique(v)) > 1
    of_y = _Standard.about(v) if v is not None and varies else None
    sample = Sample(of_x.of(u), of_y.of(v) if v is not None and of_y else None, won, stream, draws)
    if sample.v is not None and np.linalg.matrix_rank(features(("u", "v"), sample.u, sample.v), tol=1e-8) < 3:
        where = "" if inside.all() else "among the trials with a result, "
        raise NotIdentifiable(x.name, f"{where}{x.name} and {y.name if y else ''} do not vary apart")
    model = fit_model(sample)
    warnings = _warnings(x, y, model, sample, outcome)
    points, more = _points(x, y, model, sample, of_x, of_y, np.unique(v) if v is not None else None)
    names = _names(x, y)
    by_draw = _by_draw(model, sample)
    document: dict[str, Any] = {
        "outcome": outcome,
        "level": 0.5,
        "method": "firth" if model.firth else "maximum likelihood",
        "separated": model.firth,
        "terms": ["intercept", *(names[term] for term in model.terms)],
        "coefficients": _coefficients(names, y, model, sample, of_x, of_y),
        "interval": "profile likelihood",
        "covariance": "draw" if by_draw else "model",
        "unit": model.unit,
        "points": points,
        "tests": [test | {"term": names[test["term"]]} for test in model.tests],
        "n": len(won),
        "draws": sample.draws,
        "streams": sample.streams,
        "log_likelihood": float(model.maximum.value[0]),
        "converged": model.converged,
        "gradient_norm": float(model.maximum.gradient_norm[0]),
        "iterations": model.maximum.iterations,
    }
    return document, [*warnings, *more]


def _names(x: Axis, y: Axis | None) -> dict[str, str]:
    names = {"u": x.term, "uu": f"{x.term}^2"}
    return names if y is None else names | {"v": y.term, "vv": f"{y.term}^2", "uv": f"{x.term}*{y.term}"}


def _by_draw(model: Model, sample: Sample) -> bool:
    """Whether intervals allow for the scatter between draws: where trials share one and it can be told."""
    return sample.shared and model.draw is not None


def _coefficients(
    names: dict[str, str], y: Axis | None, model: Model, sample: Sample, of_x: _Standard, of_y: _Standard | None
) -> dict[str, Any]:
    """Return the coefficients on the axes' own scales."""
    with np.errstate(all="ignore"):  # what leaves a float's range is said below
        back = _back(model.terms, of_x, of_y or _Standard(0.0, 1.0))
        values = back @ model.coefficients
        errors = np.sqrt(np.diag(back @ model.model @ back.T))
        robust = None if model.draw is None else np.sqrt(np.diag(back @ model.draw @ back.T))
    z, t = quantile(model, sample, by_draw=False), quantile(model, sample, by_draw=True)
    out: dict[str, Any] = {}
    for k, name in enumerate(["intercept", *(names[term] for term in model.terms)]):
        one = _none(OUTSIDE)
        if np.isfinite(values[k]) and np.isfinite(errors[k]):
            one = {"value": float(values[k]), "se": float(errors[k]), "ci95": _about(values[k], z * errors[k])}
            one |= {"se_draw": None, "ci95_draw": None}
            if robust is None:
                one["reason"] = model.no_draw
            elif np.isfinite(robust[k]):
                one |= {"se_draw": float(robust[k]), "ci95_draw": _about(values[k], t * robust[k])}
        out[name] = one
    if y is not None and "v" not in model.terms:
        out[y.term] = {**_none(f"{y.name} has one level"), "not_identifiable": y.name}
    return out


def _none(reason: str) -> dict[str, Any]:
    return {**dict.fromkeys(("value", "se", "ci95", "se_draw", "ci95_draw")), "reason": reason}


def _about(middle: float, half: float) -> list[float]:
    return [float(middle - half), float(middle + half)]


def _back(terms: tuple[str, ...], of_x: _Standard, of_y: _Standard) -> Floats:
    """Return the matrix from coefficients of the standardised columns to those of the axes' own."""
    # numpy's floats, whose quotients become infinite rather than raise
    a, b, c, d = np.array([of_x.mean, of_x.deviation, of_y.mean, of_y.deviation])
    # each standardised column as a combination of 1, U, V, VV, UV
    rows = {
        "u": {"1": -a / b, "u": 1 / b},
        "v": {"1": -c / d, "v": 1 / d},
        "vv": {"1": c * c / d**2, "v": -2 * c / d**2, "vv": 1 / d**2},
        "uv": {"1": a * c / (b * d), "u": -c / (b * d), "v": -a / (b * d), "uv": 1 / (b * d)},
    }
    order = ["1", *terms]
    matrix = np.zeros((len(order), len(order)))
    matrix[0, 0] = 1
    for k, term in enumerate(terms, start=1):
        for name, share in rows[term].items():
            # u v is tried beside u and v only, and v^2 beside v, so every part has a column
            matrix[order.index(name), k] = share
    return matrix


def _points(
    x: Axis,
    y: Axis | None,
    model: Model,
    sample: Sample,
    of_x: _Standard,
    of_y: _Standard | None,
    levels: Floats | None,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the contour's points; `levels` are the coordinates of y."""
    asked = np.zeros(1) if levels is None else levels
    most = int(np.clip(_MOST_WORK // len(model.places), 5, _MOST_POINTS))
    chosen = asked[np.unique(np.linspace(0, len(asked) - 1, most).round().astype(int))] if len(asked) > most else asked
    v = of_y.of(chosen) if of_y is not None else np.zeros(len(chosen))
    middle, slope = _middles(model, v)
    lower, upper = _ends(model, sample, v, middle, slope)
    own = np.full((len(chosen), 3), np.nan)
    for k, column in enumerate((middle, lower, upper)):
        own[:, k] = of_x.mean + of_x.deviation * column
    # the level itself, not the exponential of its logarithm
    exact = {} if y is None else dict(zip(y.coordinate(y.levels()).tolist(), y.levels().tolist(), strict=True))
    shown = [None if y is None else y.plain(exact[c]) for c in chosen.tolist()]
    span = (float(sample.u.min()), float(sample.u.max()))
    points = [
        _point(x, level, own[k], slope=float(slope[k]), outside=not span[0] <= middle[k] <= span[1])
        for k, level in enumerate(shown)
    ]
    warnings = []
    if len(chosen) < len(asked):
        warnings.append(f"the contour is given at {len(chosen)} of the {len(asked)} values of {y.name if y else ''}")
    return points, warnings


def _middles(model: Model, v: Floats) -> tuple[Floats, Floats]:
    """Return the contour and the slope in u at every v; nan where x hardly matters."""
    b = model.coefficients
    slope = (features(model.terms, np.ones_like(v), v) - features(model.terms, np.zeros_like(v), v)) @ b
    level = features(model.terms, np.zeros_like(v), v) @ b
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = -level / slope
    return np.where(np.abs(middle) < _FAR, middle, np.nan), slope


def _ends(model: Model, sample: Sample, v: Floats, middle: Floats, slope: Floats) -> Floats:
    """Return both ends at every v, shape (2, values), nan where there is none."""
    out = np.full((2, len(v)), np.nan)
    there = np.flatnonzero(~np.isnan(middle))
    if not there.size or not model.converged:
        return out
    # the lower ends and the upper ones in one batch
    own, centre = np.tile(v[there], 2), np.tile(middle[there], 2)
    place = features(model.terms, centre, own)
    variance = np.einsum("kp,ps,ks->k", place, model.model, place)
    bound = np.full(len(own), quantile(model, sample, by_draw=False) ** 2)
    if model.draw is not None and _by_draw(model, sample):
        # the drop on the scale of the scatter between draws (Chandler and Bate 2007, Biometrika 94, 167)
        robust = np.einsum("kp,ps,ks->k", place, model.draw, place)
        bound = quantile(model, sample, by_draw=True) ** 2 * np.maximum(robust / variance, 1e-6)
    first = np.sqrt(bound * variance) / np.abs(np.tile(slope[there], 2))
    profile = Profile(model.counts, float(model.maximum.value[0]), model.firth, lambda u: features(model.terms, u, own))
    sign = np.repeat([-1.0, 1.0], len(there))
    out[:, there] = ends(profile, centre, first, bound, model.coefficients[1:], sign).reshape(2, -1)
    return out


def _point(x: Axis, level: float | None, own: Floats, *, slope: float, outside: bool) -> dict[str, Any]:
    point: dict[str, Any] = {"y": level, "x": None, "ci95": None, "rises": slope > 0, "extrapolated": outside}
    if np.isnan(own[0]) or (value := x.value(own[0])) is None:
        return point | {"extrapolated": None, "reason": f"the fraction hardly depends on {x.name} here"}
    bounds = [None if np.isnan(end) else x.value(end) for end in own[1:]]
    point |= {"x": value, "ci95": bounds}
    if None in bounds:
        open_ = {(True, True): "neither a lower nor an upper", (True, False): "no lower"}
        which = open_.get((bounds[0] is None, bounds[1] is None), "no upper")
        point["reason"] = f"the interval has {which} end: the trials do not rule out that {x.name} matters less"
    return point


def _warnings(x: Axis, y: Axis | None, model: Model, sample: Sample, outcome: str) -> list[str]:
    found: list[str] = []
    names = _names(x, y)
    if model.firth:
        found.append(
            f"the axes separate {outcome} from the rest: maximum likelihood has no finite slope. The fit is Firth's "
            "penalised one: the spacing of the levels sets its slope, and se and ci95 of the coefficients are rough"
        )
    if not model.converged:
        found.append(
            f"the search for the maximum did not converge: {model.maximum.gradient_norm[0]:.1e} standard errors away "
            f"after {model.maximum.iterations} steps"
        )
    if model.unit == "draw":
        found.append(
            f"{len(sample.stream)} trials share {sample.streams} {sample.noun}s, and every {sample.noun} counts as one "
            f"trial: {model.no_draw}"
        )
    if y is not None and sample.v is None:
        found.append(f"not identifiable: {y.name} has one level, and the contour is that of {x.name} alone")
    entered = [names[test["term"]] for test in model.tests if test["included"]]
    if entered:
        found.append(f"the contour is no power law: {' and '.join(entered)} entered (p < {NEEDED:g} each)")
    curved = [test for test in model.tests if test["term"] == "uu" and test["p"] < NEEDED]
    if curved:
        found.append(f"the logit is curved in {x.term} (p = {curved[0]['p']:.2g}): the contour leans on a straight one")
    return found
