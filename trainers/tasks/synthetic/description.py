"""What the synthetic task says of itself."""

from __future__ import annotations

from grokscale.trainers.linear.sections import L1, L2, NOT_SMOOTH, OPTIMIZERS, POSITIVE
from grokscale.trainers.tasks.description import (
    Column,
    Description,
    Field,
    Group,
    Line,
    ListOf,
    Quantity,
    Real,
    Takes,
    Whole,
)

_TRIALS = ListOf(Whole(0, 1_000_000), 0, 1000)

_FAULTS = Group(
    "Faults",
    (
        Field("diverge", _TRIALS, "trials that diverge", ()),
        Field("raise_", _TRIALS, "trials that raise an exception", (), alias="raise"),
        Field("hang", _TRIALS, "trials that never return", ()),
        Field("exit", _TRIALS, "trials that end their process", ()),
        Field("hold", _TRIALS, "trials that, halfway to t2, take next to no step until the file `until` is there", ()),
        Field("until", Line(), "path of that file, on the worker's machine", "never"),
    ),
    "Trials, by index, that misbehave on purpose; only where the server was started with GROKSCALE_TEST_TASKS=1.",
)

SYNTHETIC = Description(
    kind="synthetic",
    version=1,
    title="Synthetic",
    says=(
        "A known law to recover: t1 and t2 are drawn from it and nothing is trained.\n\n"
        "t2 = prefactor exp(draw_sigma u + sigma e) (alpha beta)^-exponent with u ~ N(0, 1) of the seed and "
        "e ~ N(0, 1)\nof the trial, t1 = t1_prefactor / alpha, both rounded up to whole steps."
    ),
    source="",
    fields=(
        Field("prefactor", POSITIVE, "prefactor of t2", 0.1, sweeps=True, unit="steps"),
        Field("exponent", Real(-10, 10), "exponent of 1/(alpha beta)", 1.0, sweeps=True),
        Field("sigma", Real(0, 10), "log-normal noise of a trial", 0.0, sweeps=True, letter="σ"),
        Field("draw_sigma", Real(0, 10), "log-normal spread between seeds", 0.0, sweeps=True, role="data"),
        Field("t1_prefactor", POSITIVE, "t1 times alpha", 1.0, sweeps=True, unit="steps"),
        Field(
            "seconds",
            Real(0, 3600),
            "time each trial pretends to take; above 0 only with GROKSCALE_TEST_TASKS=1",
            0.0,
            test_only=True,
            unit="s",
        ),
        Field("faults", _FAULTS, "trials that misbehave; only with GROKSCALE_TEST_TASKS=1", None, test_only=True),
    ),
    regularizers=(L1, L2),
    optimizers=OPTIMIZERS,
    rules=(NOT_SMOOTH, Takes(("l1", "l2"), because="the synthetic law needs one beta")),
    theory=(
        Column("t1_predicted", "steps", "t1_prefactor / alpha", predicts="t1"),
        Column("T_star", "steps", "prefactor of the draw", explains_draws=True, letter="T*"),
        Column("t2_predicted", "steps", "t2 without the noise of the trial", predicts="t2"),
    ),
    curves=(
        Quantity("train_error", "1", "theta1^(t / t1)"),
        Quantity("test_error", "1", "theta2^(t / t2)"),
    ),
    measures=(Quantity("mean_l1", "1", "the test error: there is one coordinate, and it is 1"),),
    coordinates=False,
    settles=False,
    one_kind=False,
    error="the error of a made-up run",
    implementation="grokscale.trainers.tasks.synthetic.task:Synthetic",
)
