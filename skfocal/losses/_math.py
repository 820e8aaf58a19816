"""Arithmetic shared by the losses, on NumPy arrays and torch tensors alike.

Everything starts from the margin and stays in log space. No probability is clipped and no
epsilon is added anywhere: an epsilon moves the optimum and hides NaN.
"""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

# A NumPy array or a torch tensor. There is no useful common static type: torch is optional.
Array = Any


def array_namespace(array: Array) -> ModuleType:
    """Return ``torch`` for a torch tensor and ``numpy`` for all else, importing nothing."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(array, torch.Tensor):
        return torch
    return np


def as_float_array(values: Array) -> Array:
    """Return a floating-point array or tensor; integers and lists become float64."""
    if array_namespace(values) is not np:
        return values if values.is_floating_point() else values.double()
    values = np.asarray(values)
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def like(parameter: Array, array: Array) -> Array:
    """Return a loss parameter fit for arithmetic with `array`.

    A number stays a Python float, so that it cannot promote float32 to float64; a vector (one
    value per label) becomes an array of the same kind, type and device.
    """
    # Not np.ndim, which torch.compile cannot trace. A list has no ndim.
    if isinstance(parameter, int | float) or getattr(parameter, "ndim", 1) == 0:
        return float(parameter)
    xp = array_namespace(array)
    if xp is np:
        return np.asarray(parameter, dtype=array.dtype)
    return xp.as_tensor(parameter, dtype=array.dtype, device=array.device)


class LogisticTerms:
    """Probabilities of a margin and their logarithms, sharing one exponential.

    It unpacks to ``p, q, log_p, log_q``.

    Attributes
    ----------
    p, q : arrays
        ``sigmoid(m)``, the probability of the true class, and ``sigmoid(-m)``.
    log_p, log_q : arrays
        Their logarithms. ``log_q`` is computed when asked for: many losses do without.
    """

    __slots__ = ("_log_larger", "_margin", "log_p", "p", "q")

    def __init__(self, margin: Array, p: Array, q: Array, log_p: Array, log_larger: Array) -> None:
        self.p = p
        self.q = q
        self.log_p = log_p
        self._margin = margin
        self._log_larger = log_larger  # log(max(p, q))

    @property
    def log_q(self) -> Array:
        """Logarithm of q."""
        return self._log_larger - array_namespace(self.q).clip(self._margin, 0.0, None)

    def __iter__(self) -> Iterator[Array]:
        return iter((self.p, self.q, self.log_p, self.log_q))


def logistic_terms(margin: Array) -> LogisticTerms:
    """Return p, q, log p and log q, each to full relative precision for any margin.

    Parameters
    ----------
    margin : ndarray or torch.Tensor of float
        Signed scores of the true class.

    Returns
    -------
    LogisticTerms
        A named tuple of arrays of the shape of `margin`.
    """
    # No choosing by sign: `where` is the slowest operation here, in NumPy and torch alike.
    xp = array_namespace(margin)
    if xp is np:
        below, above = np.minimum(margin, 0.0), np.maximum(margin, 0.0)
        # One of the two exponentials is 1 and neither can overflow.
        left, right = np.exp(below), np.exp(-above)
        small = left * right  # exp(-abs(m)), exactly
        larger = 1.0 / (1.0 + small)
        p, q = left * larger, right * larger
        log_larger = -np.log1p(small)
    else:
        # The same numbers from the kernel that NumPy lacks, in half the passes.
        p, q = xp.sigmoid(margin), xp.sigmoid(-margin)
        log_larger = xp.log1p(-xp.minimum(p, q))
        below = xp.clip(margin, None, 0.0)
    log_p = below
    log_p += log_larger  # in place: what fits into the cache decides the speed
    return LogisticTerms(margin, p, q, log_p, log_larger)


def p_log_p(terms: LogisticTerms) -> Array:
    """Return ``p * log(p)`` with its limit 0 at a margin of minus infinity."""
    xp = array_namespace(terms.p)
    # Only the factor is bounded: 0 * -inf would be NaN, 0 * -1.8e308 is the limit.
    return terms.p * xp.clip(terms.log_p, xp.finfo(terms.log_p.dtype).min, None)


def odds_times_log_p(margin: Array) -> Array:
    """Return ``-p log(p) / q = exp(m) log1p(exp(-m))``, which tends to 1 as m grows."""
    xp = array_namespace(margin)
    small = xp.exp(-xp.abs(margin))
    # For m >= 0 it is log1p(e) / e with e = exp(-m), and 1 where e has underflowed.
    nonzero = xp.where(small > 0, small, xp.ones_like(small))
    right = xp.where(small > 0, xp.log1p(nonzero) / nonzero, xp.ones_like(small))
    left = small * (xp.log1p(small) - xp.clip(margin, xp.finfo(margin.dtype).min, 0.0))
    return xp.where(margin < 0, left, right)


def log_q_and_odds(margin: Array) -> tuple[Array, Array]:
    """Return ``log q`` and ``-p log(p) / q`` for slopes, with one exponential for both.

    The second, which :func:`odds_times_log_p` has to the last digit, ends at about 1e-302.
    """
    xp = array_namespace(margin)
    # Beyond the limit both are at their limits, and nothing underflows.
    distance = xp.clip(xp.abs(margin), None, 700.0 if margin.itemsize == 8 else 80.0)
    small = xp.exp(-distance)
    log_sum = xp.log1p(small)
    odds = xp.where(margin < 0, small * (log_sum + distance), log_sum / small)
    return -log_sum - xp.clip(margin, 0.0, None), odds


def power_of_q(terms: LogisticTerms, exponent: Array) -> Array:
    """Return ``q**exponent``, without the logarithm for the commonest exponents."""
    if isinstance(exponent, float) and exponent == 1.0:
        return terms.q
    if isinstance(exponent, float) and exponent == 2.0:
        return terms.q * terms.q
    return power(terms.log_q, exponent)


def power(log_base: Array, exponent: Array) -> Array:
    """Return ``exp(exponent * log_base)``, 1 for an exponent of 0 whatever the base."""
    xp = array_namespace(log_base)
    if isinstance(exponent, float):
        return xp.exp(exponent * log_base) if exponent else xp.ones_like(log_base)
    return xp.exp(exponent * xp.where(exponent > 0, log_base, 0.0))


def cross_entropy(terms: LogisticTerms, order: int) -> tuple[Array, ...]:
    """Return ``-log p`` and its first `order` derivatives in the margin."""
    results: tuple[Array, ...] = (-terms.log_p,)
    if order >= 1:
        results += (-terms.q,)
    if order >= 2:
        results += (terms.p * terms.q,)
    return results


def add_half_rows(counts: np.ndarray) -> np.ndarray:
    """Return class counts without a 0, where their logarithm or inverse is wanted.

    Parameters
    ----------
    counts : ndarray of shape (K,), or (2, L) for labels

    Returns
    -------
    ndarray of the shape of `counts`
        Half a row more for each class, or for both sides of a label, if one of them has none; else
        the counts themselves.
    """
    return counts + 0.5 * (counts == 0).any(axis=0)


def by_columns(array: Array) -> Array:
    """Return the same NumPy array with each column of the last axis in one piece.

    NumPy takes the largest or the sum of a few numbers in each of many rows some ten times faster
    column by column than row by row. torch does not, and its tensors are returned as they are.
    """
    if array_namespace(array) is not np:
        return array
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, 0)), 0, -1)
