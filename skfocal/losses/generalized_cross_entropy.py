"""Generalized cross-entropy."""

from collections.abc import Iterator
from typing import Any, Self

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import Array, array_namespace, logistic_terms
from skfocal.losses._registry import register
from skfocal.losses._validation import check_parameter


@register
class GeneralizedCrossEntropyLoss(MarginLoss):
    """Cross-entropy that down-weights badly misclassified rows, which may be mislabelled.

    With margin m (dimensionless log-odds, any real) and p = sigmoid(m)::

        value(m) = (1 - p**q) / q                    # in nats, in [0, 1/q]

    The opposite of focal loss: it down-weights the hardest rows, not the easiest. Tends to
    :class:`CrossEntropyLoss` as q tends to 0. At q = 1 it is ``1 - p``, half the mean absolute
    error of the probabilities, and determines a class but no probability. For q < 1 the score
    overstates the log-odds by the factor ``1 / (1 - q)``, which :mod:`skfocal.posterior` removes.

    Not convex: the curvature is negative where ``p < q (1 - p)``. Rare positives start there with
    a slope ``-p**q (1 - p)`` of nearly 0: without class weights the loss tends to ignore them.

    Parameters
    ----------
    q : float in (0, 1], default=0.7
        Robustness to label noise, dimensionless. The paper recommends 0.7.

    Raises
    ------
    TypeError
        If `q` is not a number.
    ValueError
        If `q` is outside its range.

    See Also
    --------
    FocalLoss : Concentrates on the rows that this loss down-weights.

    References
    ----------
    Zhang & Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy
    Labels", NeurIPS 2018, arXiv:1805.07836

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.losses import GeneralizedCrossEntropyLoss
    >>> GeneralizedCrossEntropyLoss(q=0.7).value(np.array([-2.0, 0.0, 2.0])).round(4)
    array([1.1062, 0.5492, 0.1215])
    """

    name = "generalized_cross_entropy"

    def __init__(self, q: float = 0.7) -> None:
        self.q = q
        self.validate()

    def validate(self) -> None:
        """Raise unless q is in (0, 1]."""
        check_parameter(self, "q", 0, 1, closed="right")

    @property
    def traits(self) -> Traits:
        """Symmetric; invertible for q < 1."""
        return Traits(convex=False, proper=False, invertible=bool(self.q < 1))

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        xp = array_namespace(margin)
        terms = logistic_terms(margin)
        # At least the smallest normal number: a smaller q would be 0 in float32.
        exponent = max(float(self.q), float(xp.finfo(margin.dtype).tiny))
        log_power = exponent * terms.log_p
        # Below the spacing of floats expm1(x) is x, and x itself may have underflowed.
        tiny = log_power > -xp.finfo(margin.dtype).eps / 4
        value = xp.where(tiny, -terms.log_p, -xp.expm1(log_power) / exponent)
        results: tuple[Array, ...] = (value,)
        if order >= 1:
            slope = xp.exp(log_power) * terms.q
            results += (-slope,)
        if order >= 2:
            results += (slope * (terms.p - exponent * terms.q),)
        return results

    def log_relative_slope(self, margin: Array, target: Array | None = None) -> Array:
        """Return ``q log p``."""
        return float(self.q) * logistic_terms(margin).log_p

    def log_odds_shift(self, score: Array) -> Array:
        """Return ``-q score``: the score overstates the log-odds by a factor."""
        return -float(self.q) * score

    @classmethod
    def corner_cases(cls) -> Iterator[Self]:
        """Yield q from nearly cross-entropy to mean absolute error."""
        for q in (0.01, 0.3, 0.7, 0.9, 1.0):
            yield cls(q=q)

    @classmethod
    def search_space(cls) -> dict[str, list[Any]]:
        """Return q over its range."""
        return {"q": [0.1, 0.3, 0.5, 0.7, 0.9]}
