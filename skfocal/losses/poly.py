"""Poly-1 loss."""

from collections.abc import Iterator
from typing import Any, Self

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import Array, array_namespace, logistic_terms, odds_times_log_p, p_log_p
from skfocal.losses._registry import register
from skfocal.losses._validation import check_parameter


@register
class PolyLoss(MarginLoss):
    """Cross-entropy or focal loss with a different coefficient of its leading term.

    With margin m (dimensionless log-odds, any real) and p = sigmoid(m)::

        value(m) = (1 - p)**gamma * (-log(p) + epsilon * (1 - p))      # in nats, >= 0

    This is the series of the focal loss in powers of 1 - p,
    ``(1 - p)**gamma * sum_j (1 - p)**j / j``, with ``1 + epsilon`` in place of the first
    coefficient. A positive epsilon makes the model more confident, a negative one less.

    Equals :class:`FocalLoss` at ``epsilon=0`` and :class:`CrossEntropyLoss` at
    ``epsilon=0, gamma=0``. Otherwise not proper: sigmoid(score) is not a probability,
    :mod:`skfocal.posterior` recovers one. Convex at ``gamma=0`` up to ``epsilon=1`` alone.

    Parameters
    ----------
    epsilon : float in (-1, inf), default=1.0
        Added to the leading coefficient, dimensionless. In the paper positive values help on
        balanced images, and dropping the term (-1) helps where background dominates. -1 itself is
        excluded: on rows that are right the two terms would cancel to rounding error.
    gamma : float in [0, inf), default=0.0
        Focusing exponent, dimensionless; 2 for the paper's Poly-1 focal loss.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If a parameter is outside its range.

    See Also
    --------
    FocalLoss : The loss at ``epsilon=0``.

    References
    ----------
    Leng et al., "PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions",
    ICLR 2022, arXiv:2204.12511

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.losses import PolyLoss
    >>> PolyLoss(epsilon=1.0).value(np.array([-2.0, 0.0, 2.0])).round(4)
    array([3.0077, 1.1931, 0.2461])
    """

    name = "poly"

    def __init__(self, epsilon: float = 1.0, gamma: float = 0.0) -> None:
        self.epsilon = epsilon
        self.gamma = gamma
        self.validate()

    def validate(self) -> None:
        """Raise unless epsilon is above -1 and gamma at least 0, both finite."""
        check_parameter(self, "epsilon", -1, closed="neither")
        check_parameter(self, "gamma", 0)

    @property
    def traits(self) -> Traits:
        """Invertible and symmetric always; proper where it is cross-entropy."""
        return Traits(
            # At gamma = 0 the curvature is p q (1 + epsilon (p - q)).
            convex=bool(self.gamma == 0 and self.epsilon <= 1),
            proper=bool(self.gamma == 0 and self.epsilon == 0),
            invertible=True,
        )

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        terms = logistic_terms(margin)
        epsilon, gamma = float(self.epsilon), float(self.gamma)
        # At gamma = 0 the power would be exp(0 * -inf) for an infinite margin.
        modulator = array_namespace(margin).exp(gamma * terms.log_q) if gamma else 1.0
        results: tuple[Array, ...] = (modulator * (epsilon * terms.q - terms.log_p),)
        lead = epsilon * (1 + gamma) * terms.p
        p_u = p_log_p(terms)
        if order >= 1:
            results += (modulator * (gamma * p_u - terms.q * (1 + lead)),)
        if order >= 2:
            bracket = (1 + 2 * gamma) * terms.p + lead * ((1 + gamma) * terms.p - terms.q)
            bracket = terms.q * bracket + gamma * p_u * (terms.q - gamma * terms.p)
            results += (modulator * bracket,)
        return results

    def log_relative_slope(self, margin: Array, target: Array | None = None) -> Array:
        """Return the slope of the focal part, with the leading term inside the logarithm."""
        terms = logistic_terms(margin)
        epsilon, gamma = float(self.epsilon), float(self.gamma)
        lead = epsilon * (1 + gamma) * terms.p
        relative = array_namespace(margin).log1p(gamma * odds_times_log_p(margin) + lead)
        return relative + gamma * terms.log_q if gamma else relative

    @classmethod
    def corner_cases(cls) -> Iterator[Self]:
        """Yield both signs of epsilon, with and without focusing."""
        for gamma in (0.0, 0.5, 2.0):
            for epsilon in (-0.9, -0.5, 0.0, 1.0, 5.0):
                yield cls(epsilon=epsilon, gamma=gamma)

    @classmethod
    def search_space(cls) -> dict[str, list[Any]]:
        """Return both signs of epsilon, with and without focusing."""
        return {"epsilon": [-0.9, -0.5, 0.0, 1.0, 2.0, 5.0], "gamma": [0.0, 2.0]}
