"""Soft truncated cross-entropy."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import Array, LogisticTerms, array_namespace, logistic_terms
from skfocal.losses._registry import register
from skfocal.losses._validation import check_parameter
from skfocal.losses.hard_truncated import _logit

SPACES = ("logit", "probability")


@register
class SoftTruncatedLoss(MarginLoss):
    """Cross-entropy multiplied by a sigmoid that falls to 0 around a threshold.

    With margin m (dimensionless log-odds, any real), p = sigmoid(m), h = `threshold` and
    K = `sharpness`::

        value(m) = weight * -log(p)                  # in nats, >= 0
        weight = sigmoid(-K (m - logit(h)))                              # space="logit"
        weight = 1 - sigmoid(K (1 - h)) sigmoid(K (p - h))
                   - sigmoid(-K h) sigmoid(K (1 - h - p))                # space="probability"

    A smooth version of :class:`HardTruncatedLoss`, to which it tends as K grows: rows above the
    threshold keep a small gradient that holds them there. In log-odds with h = 0.5 and K = 1 it
    *is* :class:`FocalLoss` with ``gamma=1``. In probabilities the label is smoothed together with
    the prediction, as in the article, so that the weight of a row never reaches 0.

    Not proper. After a gentle step :mod:`skfocal.posterior` recovers the probabilities; a steep
    one gives different probabilities the same score, and nothing can recover them. An instance is
    invertible if ``l'' > (q - p) l'`` everywhere (q = 1 - p), which is checked on a grid: then the
    log-odds increase with the score for any number of classes. In log-odds this holds up to a K
    of 2 or 3, in probabilities up to 10 or more; it fails in log-odds with h = 0.6 and K = 5, for
    example. The same grid shows which instances are convex: in log-odds some with K between 1
    and 5.

    Parameters
    ----------
    threshold : float in [0.5, 1), default=0.5
        Probability of the true class at which the weight is one half, dimensionless. The article
        uses 0.5.
    sharpness : float in (0, inf), default=1.0
        Slope of the step, dimensionless. The article uses 1.
    space : {"logit", "probability"}, default="logit"
        Whether the distance to the threshold is measured in log-odds or in probabilities.

    Raises
    ------
    TypeError
        If `threshold` or `sharpness` is not a number.
    ValueError
        If a parameter is outside its range.

    See Also
    --------
    HardTruncatedLoss : The limit of large sharpness.
    FocalLoss : Down-weights easy rows without a threshold.

    References
    ----------
    Su, "From hard truncation and softening of the loss to focal loss" (in Chinese), 2017,
    https://kexue.fm/archives/4733

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.losses import SoftTruncatedLoss
    >>> margin = np.array([-2.0, 0.0, 2.0])
    >>> SoftTruncatedLoss(sharpness=1.0).value(margin).round(4)
    array([1.8734, 0.3466, 0.0151])
    >>> SoftTruncatedLoss(threshold=0.6, sharpness=5.0).traits.invertible
    False
    """

    name = "soft_truncated"

    def __init__(
        self, threshold: float = 0.5, sharpness: float = 1.0, *, space: str = "logit"
    ) -> None:
        self.threshold = threshold
        self.sharpness = sharpness
        self.space = space
        self.validate()

    def validate(self) -> None:
        """Raise unless the threshold is in [0.5, 1), the sharpness positive, the space known."""
        check_parameter(self, "threshold", 0.5, 1)
        check_parameter(self, "sharpness", 0, closed="neither")
        if self.space not in SPACES:
            raise ValueError(
                f"SoftTruncatedLoss: space must be one of {list(SPACES)}, got {self.space!r}."
            )

    @property
    def traits(self) -> Traits:
        """Symmetric; convex or invertible depending on the place and slope of the step."""
        convex, invertible = _shape(float(self.threshold), float(self.sharpness), self.space)
        return Traits(convex=convex, proper=False, invertible=invertible)

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        xp = array_namespace(margin)
        terms = logistic_terms(margin)
        step = self._step(margin, terms)
        weight = xp.exp(step.log_weight)
        results: tuple[Array, ...] = (-weight * terms.log_p,)
        # Bounded, because a weight that no longer changes times -inf would be NaN.
        log_p = xp.clip(terms.log_p, xp.finfo(margin.dtype).min, None)
        if order >= 1:
            results += (-weight * (step.first * log_p + terms.q),)
        if order >= 2:
            bracket = step.second * log_p + (2 * step.first - terms.p) * terms.q
            results += (-weight * bracket,)
        return results

    def log_relative_slope(self, margin: Array, target: Array | None = None) -> Array:
        """Return the logarithm of the weight plus the term from its derivative."""
        xp = array_namespace(margin)
        terms = logistic_terms(margin)
        step = self._step(margin, terms)
        # -log(p) / q, which tends to 1 as both underflow.
        positive = terms.q > 0
        ratio = xp.where(positive, -terms.log_p / xp.where(positive, terms.q, 1.0), 1.0)
        ratio = xp.clip(ratio, None, xp.finfo(margin.dtype).max)
        return step.log_weight + xp.log1p(-step.first * ratio)

    def _step(self, margin: Array, terms: LogisticTerms) -> "_Step":
        step = _logit_step if self.space == "logit" else _probability_step
        return step(margin, terms, float(self.threshold), float(self.sharpness))

    @classmethod
    def corner_cases(cls) -> Iterator[Self]:
        """Yield gentle and steep steps, invertible and not, in both spaces."""
        for space in SPACES:
            for threshold, sharpness in (
                (0.5, 1.0),
                (0.5, 0.2),
                (0.6, 5.0),
                (0.9, 2.0),
                (0.9, 10.0),
            ):
                yield cls(threshold=threshold, sharpness=sharpness, space=space)

    @classmethod
    def search_space(cls) -> dict[str, list[Any]]:
        """Return thresholds and steps; the steeper ones are not invertible."""
        return {"threshold": [0.5, 0.6, 0.8], "sharpness": [0.5, 1.0, 2.0, 5.0]}


class _Step(NamedTuple):
    """The weight and its derivatives in the margin, the latter as multiples of the weight."""

    log_weight: Array
    first: Array  # <= 0
    second: Array


def _logit_step(margin: Array, terms: LogisticTerms, threshold: float, sharpness: float) -> _Step:
    at = logistic_terms(sharpness * (margin - _logit(threshold)))
    first = -sharpness * at.p
    return _Step(at.log_q, first, sharpness * first * (at.q - at.p))


def _probability_step(
    margin: Array, terms: LogisticTerms, threshold: float, sharpness: float
) -> _Step:
    """Return the step ``1 - a A - b B`` as the positive sum ``(1 - a - b) + a (1-A) + b (1-B)``.

    The printed form cancels: at p = 1 with K = 50 it has six correct digits.
    """
    xp = array_namespace(margin)
    p, q = terms.p, terms.q
    at_p = logistic_terms(sharpness * (p - threshold))
    at_q = logistic_terms(sharpness * (q - threshold))
    upper = _log_sigmoid(sharpness * (1 - threshold)) + at_p.log_q
    lower = _log_sigmoid(-sharpness * threshold) + at_q.log_q
    log_weight = xp.logaddexp(upper, lower)
    if threshold > 0.5:
        rest = _log_sigmoid(-sharpness * (1 - threshold)) + _log_sigmoid(sharpness * threshold)
        rest += math.log(-math.expm1(sharpness * (1 - 2 * threshold)))
        log_weight = xp.logaddexp(log_weight, xp.full_like(margin, rest))
    upper, lower = xp.exp(upper - log_weight), xp.exp(lower - log_weight)
    in_p = sharpness * (at_q.p * lower - at_p.p * upper)
    again_in_p = -(sharpness**2) * (
        upper * at_p.p * (at_p.q - at_p.p) + lower * at_q.p * (at_q.q - at_q.p)
    )
    # From derivatives in p to derivatives in m, dp/dm = p q.
    return _Step(log_weight, p * q * in_p, p * q * (again_in_p * p * q + in_p * (q - p)))


@lru_cache(maxsize=1024)
def _shape(threshold: float, sharpness: float, space: str) -> tuple[bool, bool]:
    """Return whether the loss is convex and whether it is invertible, as seen on a grid.

    Invertible is where ``p sigmoid(-m) / -l'(m)`` increases with m: where ``l'' > (q - p) l'``.
    """
    steps = np.linspace(-40, 40, 8001) / sharpness
    if space == "logit":
        around = _logit(threshold) + steps
    else:
        p = threshold + steps
        p = p[(p > 0) & (p < 1)]
        around = np.log(p) - np.log1p(-p)
    # Far above, the two sides of the inequality differ by less than rounding.
    margin = np.clip(np.append(around, np.linspace(-700, 30, 7301)), -700, 30)
    terms = logistic_terms(margin)
    loss = SoftTruncatedLoss(threshold, sharpness, space=space)
    _, slope, curvature = loss.evaluate(margin)
    # Where the weight falls no faster than p, its derivative times -m makes the loss concave.
    convex = space == "logit" and sharpness > 1 and bool(np.all(curvature >= 0))
    return convex, bool(np.all(curvature > (terms.q - terms.p) * slope))


def _log_sigmoid(x: float) -> float:
    return min(x, 0.0) - math.log1p(math.exp(-abs(x)))
