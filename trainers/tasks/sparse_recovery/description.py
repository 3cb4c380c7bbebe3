"""What sparse recovery says of itself.

Sources name sections of the paper (Notsawo, Dumas, Rabusseau, ICML 2025, arXiv 2506.05718 v2) and of its code.
"""

from __future__ import annotations

from grokscale.trainers.linear.sections import MODERATE, NOT_SMOOTH, OPTIMIZERS, REGULARIZERS, SMOOTH
from grokscale.trainers.linear.sparse_fields import MEASUREMENTS
from grokscale.trainers.tasks.description import (
    AtMost,
    Certified,
    Column,
    Description,
    Field,
    Leap,
    OneOf,
    Quantity,
    Real,
)

LARGEST = 1000
"""Dimension up to which trials are fast-forwarded, some n events with a decomposition each, and foretold: one draw's
theory takes 2 s at 1000, 7 s at 1600."""
_EVERY = tuple(section.kind for section in REGULARIZERS)

FIELDS = (
    *MEASUREMENTS[:-2],
    Field(
        "init",
        OneOf(("ones", "random", "least_squares")),
        "start a0: init_scale times ones, N(0, 1/n) or the least-squares solution",
        "ones",
        source="code: ones",
    ),
    Field("init_scale", Real(0, MODERATE), "scale zeta of the start", 1e-6, sweeps=True, source="code: 1e-6"),
    *MEASUREMENTS[-2:],
)

THEORY = (
    Column(
        "a_gap",
        "1",
        "||a_hat - a*||_inf, the distance behind the heuristic count a_gap / (alpha beta) (T2)",
        heuristic=True,
    ),
    Column("alpha_max", "1", "2 / (sigma_max(X^T X) + beta2), the limit of the step size", limits="alpha"),
    Column(
        "t1_predicted",
        "steps",
        "step at which the linear row-space residual comes to the train threshold",
        predicts="t1",
    ),
    Column("T_star", "steps", "time of the sign flow to the test threshold (M2)", explains_draws=True, letter="T*"),
    Column("t2_predicted", "steps", "T_star / (alpha beta) steps (M2)", predicts="t2"),
    Column(
        "floor",
        "1",
        "relative error of the point where training ends, computed exactly (M1; T5 for l2)",
        predicts="error_settled",
    ),
    Column(
        "floor_closed_form",
        "1",
        "the same by the formula on the true support, where its three conditions hold (M1)",
        predicts="error_settled",
    ),
)

SPARSE_RECOVERY = Description(
    kind="sparse_recovery",
    version=1,
    title="SparseRecovery",
    says=(
        "Sparse recovery (compressed sensing): find an s-sparse a* in R^n from N linear measurements y* = X a* + noise."
        "\n\ng(a) = 1/2 ||X a - y*||^2, relative train error ||X a - y*|| / ||y*||, relative test error "
        "||a - a*|| / ||a*||."
    ),
    source="paper section 3",
    fields=FIELDS,
    regularizers=REGULARIZERS,
    optimizers=OPTIMIZERS,
    rules=(AtMost("s", "n"), NOT_SMOOTH),
    theory=THEORY,
    curves=(
        Quantity("train_error", "1", "||X a - y*|| / ||y*||"),
        Quantity("test_error", "1", "||a - a*|| / ||a*||"),
        Quantity("train_loss", "1", "g(a)"),
        Quantity("l1_norm", "1", "||a||_1"),
        Quantity("l2_norm", "1", "||a||_2"),
        Quantity("gradient_ratio", "1", "beta ||H||_2 / ||G||_2"),
        Quantity("support_size", "coordinates", "of a above 1e-4 in magnitude"),
        Quantity("on_support_norm", "1", "norm of a on the support of a*"),
        Quantity("off_support_norm", "1", "norm of a off it"),
    ),
    measures=(Quantity("mean_l1", "1", "mean absolute test error per coordinate"),),
    error="relative recovery error",
    looks=Certified(),
    leaps=(
        Leap(
            "fast_forward",
            (("proximal", _EVERY), ("gd", _EVERY), ("subgradient", SMOOTH)),
            ("n", LARGEST),
            "sparse_recovery by proximal or gd steps (subgradient: with regularizer none or l2)",
        ),
        Leap(
            "surrogate",
            (("subgradient", ("l1", "elastic")),),
            ("n", LARGEST),
            "sparse_recovery by subgradient steps with regularizer l1 or elastic",
        ),
    ),
    foretold=(("n", LARGEST),),
    implementation="grokscale.trainers.tasks.sparse_recovery.task:SparseRecovery",
)
