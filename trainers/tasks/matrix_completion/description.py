"""What matrix completion says of itself.

Sources name sections of the paper (Notsawo, Dumas, Rabusseau, ICML 2025, arXiv 2506.05718 v2) and of its code.
"""

from __future__ import annotations

from grokscale.trainers.linear.sections import FOR_0, L1, L2, MODERATE, NONE, OPTIMIZERS, SMOOTH, strength
from grokscale.trainers.tasks.description import (
    AtMost,
    Column,
    Description,
    Field,
    Grid,
    OneOf,
    Quantity,
    Real,
    Section,
    Takes,
    Whole,
)

_SIZE = Whole(1, 1000)

NUCLEAR = Section("nuclear", "Nuclear", "f = g + beta ||A||_*.", (strength("beta", FOR_0, "paper section 4"),))

MATRIX_COMPLETION = Description(
    kind="matrix_completion",
    version=1,
    title="MatrixCompletion",
    says=(
        "Matrix completion: find a matrix A* of rank r, n1 x n2, from N of its cells.\n\n"
        "g(A) = 1/2 sum over the observed cells of (A - A*)^2, relative train error ||P(A - A*)||_F / ||P(A*)||_F with "
        "P\nthe projection onto the observed cells, relative test error ||A - A*||_F / ||A*||_F."
    ),
    source="paper section 4",
    fields=(
        Field("n1", _SIZE, "rows", 10, sweeps=True, role="data", packs=True, size=True, source="figures 5, 6: 10"),
        Field("n2", _SIZE, "columns", 10, sweeps=True, role="data", packs=True, size=True, source="figures 5, 6: 10"),
        Field("r", _SIZE, "rank of A*, at most n1 and n2", 2, sweeps=True, role="data", source="figures 5, 6: 2"),
        Field(
            "N",
            Whole(1, 1_000_000),
            "observed cells, at most n1 n2",
            70,
            sweeps=True,
            role="data",
            source="figure 5: 70",
        ),
        Field(
            "tau",
            Real(0, 1),
            "coherence: int(tau N) observed cells are those of the largest leverage scores",
            0.0,
            sweeps=True,
            role="data",
            source="paper section 4, figure 8",
            letter="τ",
        ),
        Field(
            "factors",
            OneOf(("independent", "symmetric")),
            "A* = U V^T with U, V of independent normals, or V = U (n1 = n2)",
            "independent",
            role="data",
            source="code: symmetric=False",
        ),
        Field(
            "init",
            OneOf(("ones", "random")),
            "start A0: init_scale times ones, or N(0, 1/(n1 n2)) entries",
            "ones",
            source="code: ones",
        ),
        Field("init_scale", Real(0, MODERATE), "scale zeta of the start", 1e-6, sweeps=True, source="code: 1e-6"),
    ),
    regularizers=(NONE, NUCLEAR, L1, L2),
    optimizers=OPTIMIZERS,
    rules=(
        AtMost("r", "n1"),
        AtMost("r", "n2"),
        AtMost("N", "n1*n2"),
        Takes(SMOOTH, optimizer="gd", because="non-smooth"),
    ),
    theory=(
        Column(
            "A_gap",
            "1",
            "||A_hat - A*||_2, the distance behind the heuristic count A_gap / (alpha beta) (T4)",
            heuristic=True,
        ),
        Column("alpha_max", "1", "2 / (1 + beta of l2), the limit of the step size", limits="alpha"),
        Column("t1_predicted", "steps", "step at which the observed residual comes to the threshold", predicts="t1"),
    ),
    curves=(
        Quantity("train_error", "1", "||P(A - A*)||_F / ||P(A*)||_F"),
        Quantity("test_error", "1", "||A - A*||_F / ||A*||_F"),
        Quantity("train_loss", "1", "g(A)"),
        Quantity("nuclear_norm", "1", "||A||_*"),
        Quantity("frobenius_norm", "1", "||A||_F"),
        Quantity("rank", "1", "singular values of A above 1e-4 of the largest of A*"),
        Quantity("gradient_ratio", "1", "beta ||H||_F / ||G||_F"),
    ),
    error="relative recovery error",
    looks=Grid(dense=100, ratio=1.01, exact=True),
    foretold=(("n1", 1000), ("n2", 1000)),
    implementation="grokscale.trainers.tasks.matrix_completion.task:MatrixCompletion",
)
