"""What theory says of one trial of sparse recovery, column by column, each with its source and its hypotheses.

A column is a number only where its hypotheses were checked and hold; otherwise it is None with the reason. T1 to T9 and
M1 to M3 are the names of docs/science.md, the first from the paper, the second measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from grokscale.trainers.linear.strengths import strengths
from grokscale.trainers.tasks.sparse_recovery.theory.chatter import chatter
from grokscale.trainers.tasks.sparse_recovery.theory.closed_form import support_bias
from grokscale.trainers.tasks.sparse_recovery.theory.draw import DrawTheory
from grokscale.trainers.tasks.sparse_recovery.theory.sign_flow import SignFlow
from grokscale.trainers.trial import Value, number

_NEGLIGIBLE_FLOOR = 0.1
"""M2 holds where the floor is at most this fraction of the threshold."""


class Withheld(Exception):
    """A column has no value here; the message is the reason shown beside the null."""


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """One trial on its draw: the arguments of every column."""

    draw: DrawTheory
    a0: np.ndarray
    optimizer: str
    alpha: float
    beta1: float
    beta2: float
    train_threshold: float
    test_threshold: float


def columns(
    draw: DrawTheory,
    a0: np.ndarray,
    config: Mapping[str, Value],
    train_threshold: float,
    test_threshold: float,
) -> tuple[dict[str, float | None], dict[str, str]]:
    """The theory columns of one trial.

    `a_gap`: ||a_hat - a*||_inf, the distance behind the heuristic count a_gap / (alpha beta) (T2).
    `alpha_max`: 2 / (sigma_max(X^T X) + beta2), the limit of the step size.
    `t1_predicted`: step at which the linear row-space residual comes to the train threshold ("exact t1").
    `T_star`: time of the sign flow to the test threshold (M2).
    `t2_predicted`: T_star / (alpha beta) steps (M2).
    `floor`: relative error of the point where training ends, computed exactly (M1; T5 for l2).
    `floor_closed_form`: the same by the formula on the true support, where its three conditions hold (M1).

    Args:
        draw: the trial's draw; pass the same object for all trials of a draw.
        a0: initial point, shape (n,).
        config: `regularizer` with its strengths, `optimizer`, `alpha`.
        train_threshold: relative train error of t1.
        test_threshold: relative recovery error of t2.

    Returns:
        The values by column, finite or None, and the reasons of those that are None.
    """
    beta1, beta2 = strengths(config)
    case = _Case(
        draw=draw,
        a0=np.asarray(a0, dtype=np.float64),
        optimizer=str(config["optimizer"]),
        alpha=number(config, "alpha"),
        beta1=beta1,
        beta2=beta2,
        train_threshold=train_threshold,
        test_threshold=test_threshold,
    )
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for name, column in COLUMNS.items():
        try:
            values[name] = _finite(column(case))
        except Withheld as why:
            values[name], reasons[name] = None, str(why)
    return values, reasons


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise Withheld("the value is not finite")
    return value


def _a_gap(case: _Case) -> float:
    return float(np.max(np.abs(case.draw.spectrum.a_hat() - case.draw.a_star)))


def _alpha_max(case: _Case) -> float:
    limit = case.draw.spectrum.alpha_max(case.beta2)
    if limit is None:
        raise Withheld("X = 0: any step size is stable")
    return limit


def _t1_predicted(case: _Case) -> float:
    spectrum, theta = case.draw.spectrum, case.train_threshold
    _require_data(case)
    _require_stable(case)
    if case.optimizer == "projected":
        step = _first_projection(case)
    else:
        rest = spectrum.train_error_plateau(spectrum.least_squares_limit(case.a0), case.beta1, case.beta2)
        if rest > theta:
            raise Withheld(f"beta holds the train error of the slow phase near {rest:.2g}, above its threshold")
        step = spectrum.t1_predicted(theta, case.alpha, case.a0)
    if step is None:
        raise Withheld("the least-squares residual itself lies above the train threshold")
    return float(step)


def _first_projection(case: _Case) -> int | None:
    """The projected method solves the equations in its first step."""
    spectrum, y = case.draw.spectrum, case.draw.spectrum.y
    for step, a in enumerate((case.a0, spectrum.a_hat())):
        if np.linalg.norm(spectrum.X @ a - y) <= case.train_threshold * np.linalg.norm(y):
            return step
    return None


def _T_star(case: _Case) -> float:
    if case.beta1 == 0:
        raise Withheld("without an l1 term there is no sign flow")
    if case.beta2 > 0:
        raise Withheld("the l2 term bends the sign flow: T* belongs to l1 alone")
    _require_data(case)
    if case.draw.spectrum.rank == case.draw.spectrum.n:
        raise Withheld("P_perp = 0: t2 is the convergence of least squares")
    flow = _flow(case)
    if flow.limit_error > _NEGLIGIBLE_FLOOR * case.test_threshold:
        raise Withheld(f"basis pursuit does not return a*: it ends at relative error {flow.limit_error:.2g}")
    time = flow.first_passage(case.test_threshold)
    if time is None:
        raise Withheld("the sign flow does not come to the test threshold")
    return time


def _t2_predicted(case: _Case) -> float:
    time = _T_star(case)
    _require_stable(case)
    floor = _chatter(case) if case.optimizer == "projected" else _floor(case)
    if floor > _NEGLIGIBLE_FLOOR * case.test_threshold:
        raise Withheld(f"the floor {floor:.2g} is more than a tenth of the test threshold")
    return time / (case.alpha * case.beta1)


def _chatter(case: _Case) -> float:
    """Most that the projected method, which ends at the basis pursuit point, keeps swinging about it (M1, M2)."""
    return chatter(case.alpha, case.beta1, case.beta2, case.draw.a_star) / case.draw.scale


def _floor(case: _Case) -> float:
    draw = case.draw
    if case.optimizer == "projected":
        return draw.error(_projected_limit(case))
    if case.beta1 == 0:
        spectrum = draw.spectrum
        return draw.error(spectrum.ridge_point(case.beta2) if case.beta2 > 0 else spectrum.least_squares_limit(case.a0))
    point = draw.lasso(case.beta1, case.beta2)
    if not point.certified:
        raise Withheld(f"no point met the optimality conditions: off by {point.residual / case.beta1:.1g} of beta")
    if not point.unique:
        raise Withheld("the Lasso point is not unique")
    return draw.error(point.a)


def _projected_limit(case: _Case) -> np.ndarray:
    """Where the projected method ends as alpha beta falls: the point of `Xa = X a_hat` of least regulariser."""
    spectrum = case.draw.spectrum
    if case.beta1 > 0 and case.beta2 > 0:
        raise Withheld("the end of the projected method is not computed for the elastic net")
    if case.beta1 > 0:
        return _flow(case).limit
    return spectrum.a_hat() if case.beta2 > 0 else spectrum.least_squares_limit(case.a0)


def _floor_closed_form(case: _Case) -> float:
    if case.beta1 == 0 or case.beta2 > 0:
        raise Withheld("the formula is that of the Lasso: l1 alone")
    if case.optimizer == "projected":
        raise Withheld("the projected method does not end at the Lasso point")
    draw = case.draw
    formula = support_bias(draw.spectrum.X, draw.spectrum.y, draw.a_star, case.beta1)
    if not formula.independent:
        raise Withheld("the columns of X on the support are dependent")
    if not formula.signs_kept:
        raise Withheld("beta is large enough to turn the sign of a coordinate of a*")
    if not formula.irrepresentable < 1:
        raise Withheld(f"the irrepresentable condition fails: {formula.irrepresentable:.3f} >= 1")
    return float(np.linalg.norm(formula.bias)) / draw.scale


def _flow(case: _Case) -> SignFlow:
    try:
        return case.draw.sign_flow(case.a0)
    except ArithmeticError as error:
        raise Withheld(str(error)) from error


def _require_data(case: _Case) -> None:
    if not case.draw.spectrum.y.any():
        raise Withheld("y* = 0: the data say nothing of a*")


def _require_stable(case: _Case) -> None:
    limit = case.draw.spectrum.alpha_max(case.beta2)
    if limit is not None and case.alpha >= limit:
        raise Withheld(f"alpha is not below its limit {limit:.4g}")


COLUMNS: Mapping[str, Callable[[_Case], float]] = {
    "a_gap": _a_gap,
    "alpha_max": _alpha_max,
    "t1_predicted": _t1_predicted,
    "T_star": _T_star,
    "t2_predicted": _t2_predicted,
    "floor": _floor,
    "floor_closed_form": _floor_closed_form,
}
"""The columns in the order of the interface; one more is one more function."""
