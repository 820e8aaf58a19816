"""Focal loss."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import (
    Array,
    array_namespace,
    cross_entropy,
    like,
    log_q_and_odds,
    logistic_terms,
    p_log_p,
    power_of_q,
)
from skfocal.losses._registry import register


@register
class FocalLoss(MarginLoss):
    """Cross-entropy that down-weights rows the model already gets right.

    With margin m (dimensionless log-odds, any real) and p = sigmoid(m)::

        value(m) = -(1 - p)**gamma * log(p)          # in nats, >= 0

    Equals :class:`CrossEntropyLoss` at ``gamma=0``, exactly. For gamma > 0 it is not proper:
    sigmoid(score) is not a probability; :mod:`skfocal.posterior` recovers one. It is not convex
    either: at gamma = 2 the curvature is negative below m = -2.8.

    Parameters
    ----------
    gamma : float or array-like of shape (n_labels,), in [0, inf), default=2.0
        Focusing exponent, dimensionless; one value per label for multilabel scores. The paper
        scans 0 to 5 and settles on 2.

    Raises
    ------
    TypeError
        If `gamma` is not a number or a vector of numbers.
    ValueError
        If `gamma` is negative or not finite.

    See Also
    --------
    CrossEntropyLoss : The loss at ``gamma=0``.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, doi:10.1109/ICCV.2017.324

    Charoenphakdee et al., "On Focal Loss for Class-Posterior Probability Estimation: A
    Theoretical Perspective", CVPR 2021, arXiv:2011.09172

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.losses import FocalLoss
    >>> FocalLoss(gamma=2.0).value(np.array([-2.0, 0.0, 2.0])).round(4)
    array([1.6501, 0.1733, 0.0018])
    """

    name = "focal"

    def __init__(self, gamma: float | Array = 2.0) -> None:
        self.gamma = gamma
        self.validate()

    def validate(self) -> None:
        """Raise unless gamma is finite and at least 0."""
        try:
            gamma = np.asarray(self.gamma, dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError(
                f"FocalLoss: gamma must be a number or a vector of numbers, got {self.gamma!r}."
            ) from None
        if gamma.ndim > 1 or not np.all((gamma >= 0) & np.isfinite(gamma)):
            raise ValueError(
                "FocalLoss: gamma must be finite and at least 0 (one value, or one per label), "
                f"got {self.gamma!r}."
            )

    @property
    def traits(self) -> Traits:
        """Invertible and symmetric always; convex and proper only at gamma = 0."""
        gamma = self.gamma
        # Asked in every pass of a solver, where NumPy's way to look at one number would be felt.
        plain = gamma == 0 if isinstance(gamma, int | float) else not np.any(gamma)
        return Traits(convex=plain, proper=plain, invertible=True)

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        terms = logistic_terms(margin)
        gamma = like(self.gamma, margin)
        if isinstance(gamma, float) and gamma == 0.0:
            return cross_entropy(terms, order)
        # exp(gamma * log q) instead of (1 - p)**gamma: at m = 40, p rounds to 1.
        modulator = power_of_q(terms, gamma)
        # In place where autograd does not mind: what fits into the cache decides the speed.
        value = modulator * terms.log_p
        value *= -1
        results: tuple[Array, ...] = (value,)
        if order >= 1:
            p_u = p_log_p(terms)
            bracket = gamma * p_u
            bracket -= terms.q
            results += (modulator * bracket,)
        if order >= 2:
            # p multiplied in: q * log p alone is infinite at minus infinity.
            bracket = (1 + 2 * gamma) * terms.p * terms.q
            bracket = bracket + gamma * p_u * (terms.q - gamma * terms.p)
            results += (modulator * bracket,)
        return results

    def log_relative_slope(self, margin: Array, target: Array | None = None) -> Array:
        """Return ``gamma log q + log(1 - gamma p log(p) / q)``, finite where the slope is 0."""
        log_q, odds = log_q_and_odds(margin)
        gamma = like(self.gamma, margin)
        return gamma * log_q + array_namespace(margin).log1p(gamma * odds)

    def log_odds_shift(self, score: Array) -> Array:
        """Return the shift of the posterior with one exponential for both sides."""
        xp = array_namespace(score)
        gamma = like(self.gamma, score)
        # Beyond the limit both terms are at their limits, 1 and 0, and nothing underflows.
        distance = xp.clip(xp.abs(score), None, 700.0 if score.itemsize == 8 else 80.0)
        small = xp.exp(-distance)
        log_sum = xp.log1p(small)
        right = xp.log1p(gamma * (log_sum / small))  # -p log(p) / q on the side that is right
        wrong = xp.log1p(gamma * (small * (log_sum + distance)))
        return gamma * score + xp.sign(score) * (wrong - right)

    @classmethod
    def corner_cases(cls) -> Iterator[Self]:
        """Yield the exponents where implementations elsewhere have failed."""
        for gamma in (0.0, 0.1, 0.5, 0.99, 1.0, 2.0, 5.0, 10.0):
            yield cls(gamma=gamma)

    @classmethod
    def search_space(cls) -> dict[str, list[Any]]:
        """Return the range that the paper scans."""
        return {"gamma": [0.0, 0.5, 1.0, 2.0, 5.0]}
