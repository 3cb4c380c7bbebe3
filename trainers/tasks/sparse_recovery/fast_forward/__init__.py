"""Exact times without taking the steps: between two events, proximal gradient descent on l1 is an affine map.

`course` says what can be followed, `segment` holds the algebra and `decomposition` (by `rank_one` updates) what it
needs of X, `modes` how anything moves along one, `events` where it ends and `looks` what is crossed on the way; `path`
strings segments together, `run` finds all that the stepping engine keeps, and `surrogate` says what that tells of the
subgradient method.
"""
