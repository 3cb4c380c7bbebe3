"""What diagonal linear networks say of themselves.

Sources name sections of the paper (Notsawo, Dumas, Rabusseau, ICML 2025, arXiv 2506.05718 v2) and of its code.
"""

from __future__ import annotations

from grokscale.trainers.linear.sections import FOR_0, MODERATE, NONE, NOT_SMOOTH, POSITIVE, strength
from grokscale.trainers.linear.sparse_fields import MEASUREMENTS
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
    Whole,
)

DEEPEST = 4

_ALPHA = (Field("alpha", POSITIVE, "constant step size", sweeps=True, source="paper appendix F.1", letter="α"),)

DIAGONAL_NETWORK = Description(
    kind="diagonal_network",
    version=1,
    title="DiagonalNetwork",
    says=(
        "Sparse recovery by a diagonal linear network: the s-sparse a* in R^n is a product of factors, found from N\n"
        "linear measurements y* = X a* + noise by descent on the factors; g = 1/2 ||X a - y*||^2, and regularisers\n"
        "are of the factors.\n\n"
        "`parameterization: product`: a = A_1 * ... * A_L, element by element (figures 9, 17, 18); equal factors stay\n"
        "equal, and their negative coordinates at 0. `symmetric`: a = u^L - v^L, which has no such floor. Errors need\n"
        "not fall: see `stayed` and `error_min` beside t1 and t2."
    ),
    source="paper section 3.4, appendix F.1",
    fields=(
        *MEASUREMENTS[:-2],
        Field(
            "parameterization",
            OneOf(("product", "symmetric")),
            "a = A_1 * ... * A_L, or u^L - v^L",
            "product",
            packs=True,
            source="code: product",
        ),
        Field(
            "depth",
            Whole(1, DEEPEST),
            "factors L",
            2,
            sweeps=True,
            packs=True,
            source="figures 9, 17, 18: 1 to 4",
            letter="L",
        ),
        Field(
            "init",
            OneOf(("ones", "random")),
            "start of every factor: init_scale times ones, or times N(0, 1/n) entries of its own",
            "ones",
            source="code: ones; paper: N(0, 1/n)",
        ),
        Field(
            "init_scale",
            Real(0, MODERATE),
            "scale zeta of the start",
            1e-2,
            sweeps=True,
            source="code: 1e-2",
            letter="ζ",
        ),
        *MEASUREMENTS[-2:],
    ),
    regularizers=(
        NONE,
        Section("l1", "FactorL1", "f = g + beta sum_k ||A_k||_1.", (strength("beta", FOR_0),)),
        Section("l2", "FactorL2", "f = g + beta/2 sum_k ||A_k||_2^2 (with the half).", (strength("beta", FOR_0),)),
    ),
    optimizers=(
        Section("gd", "FactorDescent", "All factors by their gradients at the old point, of f smooth.", _ALPHA),
        Section("subgradient", "FactorSubgradient", "The same with beta sign(A_k) of an l1 term, sign(0) = 0.", _ALPHA),
        Section("proximal", "FactorProximal", "A step of g and l2, then the soft threshold by alpha beta.", _ALPHA),
    ),
    rules=(AtMost("s", "n"), NOT_SMOOTH),
    theory=(
        Column(
            "reachable_error",
            "1",
            "||min(a*, 0)|| / ||a*||: least error of a product of equal factors; 0 where no sign is out of reach",
        ),
        Column(
            "t2_predicted",
            "steps",
            "ln(init_scale) / (alpha beta), the leading order of the kernel-to-rich transition (T7)",
            predicts="t2",
        ),
    ),
    curves=(
        Quantity("train_error", "1", "||X a - y*|| / ||y*||"),
        Quantity("test_error", "1", "||a - a*|| / ||a*||"),
        Quantity("train_loss", "1", "g"),
        Quantity("l1_norm", "1", "||a||_1"),
        Quantity("l2_norm", "1", "||a||_2"),
        Quantity("weight_norm", "1", "l2 norm of all factors"),
        Quantity("gradient_ratio", "1", "beta ||H||_2 / ||G||_2 over all factors"),
        Quantity("support_size", "coordinates", "of a above 1e-4 in magnitude"),
    ),
    measures=(
        Quantity("mean_l1", "1", "mean absolute test error per coordinate"),
        Quantity("weight_norm", "1", "l2 norm of all factors"),
    ),
    error="relative recovery error",
    looks=Grid(dense=100, ratio=1.01, exact=True),
    foretold=(("n", 10_000),),
    implementation="grokscale.trainers.tasks.diagonal_network.task:DiagonalNetwork",
)
