"""Compiled: the eigendecomposition of X_S X_S^T, kept up while coordinates join and leave the active set S.

One coordinate more or less changes it by a rank one: X_S X_S^T +- x_j x_j^T = V^T (diag(d) +- z z^T) V, z = V x_j.
The new eigenvalues are the roots mu of the secular equation 1 + sum_i z_i^2 / (d_i - mu) = 0, one between each two d;
the eigenvectors are those of the z for which these roots are exact, so that they are orthogonal to rounding (M. Gu,
S. Eisenstat, SIAM J. Matrix Anal. Appl. 15, 1994). Where z_i is nothing, or two d are one, the pair is left as it is
(J. Dongarra, D. Sorensen, SIAM J. Sci. Stat. Comput. 8, 1987).
"""

from __future__ import annotations

import math

import numpy as np

from grokscale.trainers.compiled import njit

_EPSILON = 2.0**-52
_MOST_ITERATIONS = 100


@njit
def update(V: np.ndarray, d: np.ndarray, x: np.ndarray, joins: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvectors and eigenvalues of V^T diag(d) V + x x^T, or of that minus x x^T.

    Shapes: V (N, N), rows orthonormal; d (N,), ascending; x (N,). The result is as ordered as its arguments.
    """
    # loops, not array expressions: each of those takes a second to compile
    N = d.size
    if not joins:  # minus the matrix gains what the matrix loses
        V, d = _rows(V, np.arange(N - 1, -1, -1)), _negative(d)
    else:
        V, d = V.copy(), d.copy()
    z = np.dot(V, x)
    kept = _deflate(V, d, z)
    m = kept.size
    if m > 0:
        poles, weights, apart = np.empty(m), np.empty(m), np.empty((m, m))
        for i in range(m):
            poles[i], weights[i] = d[kept[i]], z[kept[i]]
        for i in range(m):
            d[kept[i]] = _root(poles, weights, i, apart[i])
        turned = np.dot(_eigenvectors(poles, weights, apart), _rows(V, kept))
        for i in range(m):
            for j in range(N):
                V[kept[i], j] = turned[i, j]
    if not joins:
        V, d = _rows(V, np.arange(N - 1, -1, -1)), _negative(d)
    return _in_order(V, d)


@njit
def _rows(V: np.ndarray, which: np.ndarray) -> np.ndarray:
    out = np.empty((which.size, V.shape[1]))
    for i in range(which.size):
        for j in range(V.shape[1]):
            out[i, j] = V[which[i], j]
    return out


@njit
def _negative(d: np.ndarray) -> np.ndarray:
    """Return -d from the last to the first: ascending again."""
    out = np.empty(d.size)
    for i in range(d.size):
        out[i] = -d[d.size - 1 - i]
    return out


@njit
def _in_order(V: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs by ascending eigenvalue: few are out of place, where some were deflated."""
    order, ascending = np.arange(d.size), True
    for i in range(1, d.size):
        one, j = order[i], i
        while j > 0 and d[order[j - 1]] > d[one]:
            order[j], j, ascending = order[j - 1], j - 1, False
        order[j] = one
    if ascending:
        return V, d
    values = np.empty(d.size)
    for i in range(d.size):
        values[i] = d[order[i]]
    return _rows(V, order), values


@njit
def _deflate(V: np.ndarray, d: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return which pairs the update changes; rotate what is one pole, so that one of the two is none of them."""
    size = math.sqrt(np.dot(z, z))
    nothing = 8 * _EPSILON * max(abs(d[0]), abs(d[-1]), size * size)
    kept = np.empty(d.size, dtype=np.int64)
    count = 0
    for i in range(d.size):
        if abs(z[i]) * size <= nothing:
            z[i] = 0.0
            continue
        if count > 0:
            before = kept[count - 1]
            both = math.hypot(z[before], z[i])
            c, s = z[i] / both, z[before] / both
            if abs((d[i] - d[before]) * c * s) <= nothing:
                z[before], z[i] = 0.0, both
                for j in range(V.shape[1]):
                    one, other = V[before, j], V[i, j]
                    V[before, j], V[i, j] = c * one - s * other, s * one + c * other
                low, high = d[before], d[i]
                d[before], d[i] = low * c * c + high * s * s, low * s * s + high * c * c
                count -= 1
        kept[count] = i
        count += 1
    return kept[:count]


@njit(fastmath={"reassoc", "contract", "nsz"})
def _secular(weights: np.ndarray, apart: np.ndarray, first: int, last: int) -> tuple[float, float]:
    """Return the sum of w^2 / apart over some poles, and its derivative."""
    value, slope = 0.0, 0.0
    for k in range(first, last):
        part = weights[k] / apart[k]
        value += weights[k] * part
        slope += part * part
    return value, slope


@njit
def _root(poles: np.ndarray, weights: np.ndarray, i: int, apart: np.ndarray) -> float:
    """Return the i-th root of 1 + sum weights^2 / (poles - mu), which is increasing between two poles.

    `apart` is set to poles - mu, each to full relative precision: mu is sought as an offset from the nearer pole. The
    steps are those of the middle way (R.-C. Li, LAPACK Working Note 89, 1993), within a bracket.
    """
    m = poles.size
    inner = i < m - 1
    width = poles[i + 1] - poles[i] if inner else np.dot(weights, weights)
    origin, low, high, offset = poles[i], 0.0, width, width / 2
    for iteration in range(_MOST_ITERATIONS):
        for k in range(m):
            apart[k] = (poles[k] - origin) - offset
        below, below_slope = _secular(weights, apart, 0, i + 1)
        above, above_slope = _secular(weights, apart, i + 1, m)
        value, slope = 1 + below + above, below_slope + above_slope
        if iteration == 0 and inner and value < 0:
            # the second half: from the other pole
            origin, low, high, offset = poles[i + 1], -width / 2, 0.0, -width / 2
            for k in range(m):
                apart[k] = (poles[k] - origin) - offset
        elif value < 0:
            low = offset
        else:
            high = offset
        if abs(value) <= 2 * _EPSILON * (1 + abs(below) + abs(above) + abs(offset) * slope):
            break
        step = (
            _towards(value, slope, apart[i], apart[i + 1], below_slope, above_slope)
            if inner
            else (apart[i] * value / (value - slope * apart[i]))
        )
        following = offset + step
        if not low < following < high:
            following = (low + high) / 2
        if following == offset or not low < following < high:
            break
        offset = following
    return origin + offset


@njit
def _towards(value: float, slope: float, one: float, other: float, below: float, above: float) -> float:
    """Return the step to the root of c + r/(one - step) + s/(other - step) with this value and these slopes at 0."""
    c = value - one * below - other * above
    a = (one + other) * value - one * other * slope
    b = one * other * value
    root = math.sqrt(abs(a * a - 4 * b * c))
    if a <= 0:
        return (a - root) / (2 * c) if c != 0 else b / a
    return 2 * b / (a + root)


@njit(fastmath={"contract"})
def _eigenvectors(poles: np.ndarray, weights: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Return the eigenvectors in rows; apart[i, k] is the k-th pole less the i-th root."""
    m = poles.size
    # Loewner: the weights for which the roots are exact
    squares = np.empty(m)
    for k in range(m):
        squares[k] = -apart[m - 1, k]
    for i in range(m - 1):
        for k in range(i + 1):
            squares[k] *= apart[i, k] / (poles[k] - poles[i + 1])
        for k in range(i + 1, m):
            squares[k] *= apart[i, k] / (poles[k] - poles[i])
    out = np.empty((m, m))
    for i in range(m):
        size = 0.0
        for k in range(m):
            out[i, k] = math.copysign(math.sqrt(abs(squares[k])), weights[k]) / apart[i, k]
            size += out[i, k] ** 2
        size = math.sqrt(size)
        for k in range(m):
            out[i, k] /= size
    return out
