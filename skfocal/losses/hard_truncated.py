"""Hard truncated cross-entropy."""

import math
from collections.abc import Iterator
from typing import Any, Self

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import Array, array_namespace, cross_entropy, logistic_terms
from skfocal.losses._registry import register
from skfocal.losses._validation import check_parameter


@register
class HardTruncatedLoss(MarginLoss):
    """Cross-entropy, cut to 0 for rows whose true class has more than a threshold probability.

    With margin m (dimensionless log-odds, any real) and p = sigmoid(m)::

        value(m) = weight(p) * -log(p)               # in nats, >= 0
        weight(p) = 1 if p < threshold, 1/2 if p = threshold, 0 if p > threshold

    The value jumps at the threshold, and rows above it have no gradient: nothing holds them there,
    so training takes many more steps. Solvers with a line search therefore minimise
    :meth:`continuous`, ``max(-log(p) + log(threshold), 0)``, which has the same derivative and is
    convex. All scores above the threshold have the same loss, so no probability can be recovered,
    and on separable data the minimum is 0. At ``threshold=0.5`` a score of 0 costs nothing for
    either class, so the all-zero model is already a minimum: choose a larger threshold.

    Tends to :class:`CrossEntropyLoss` as the threshold tends to 1.

    Parameters
    ----------
    threshold : float in [0.5, 1), default=0.6
        Probability of the true class above which a row has no loss, dimensionless. The article
        uses 0.5.

    Raises
    ------
    TypeError
        If `threshold` is not a number.
    ValueError
        If `threshold` is outside its range.

    See Also
    --------
    SoftTruncatedLoss : The same step made smooth.
    FocalLoss : The step replaced by a power of ``1 - p``.

    References
    ----------
    Su, "From hard truncation and softening of the loss to focal loss" (in Chinese), 2017,
    https://kexue.fm/archives/4733

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.losses import HardTruncatedLoss
    >>> loss = HardTruncatedLoss(threshold=0.5)
    >>> loss.value(np.array([-2.0, 0.0, 2.0])).round(4)
    array([2.1269, 0.3466, 0.    ])
    >>> loss.continuous().value(np.array([-2.0, 0.0, 2.0])).round(4)
    array([1.4338, 0.    , 0.    ])
    """

    name = "hard_truncated"

    def __init__(self, threshold: float = 0.6) -> None:
        self.threshold = threshold
        self.validate()

    def validate(self) -> None:
        """Raise unless the threshold is in [0.5, 1)."""
        check_parameter(self, "threshold", 0.5, 1)

    @property
    def traits(self) -> Traits:
        """Symmetric only."""
        return Traits(convex=False, proper=False, invertible=False, smooth=False)

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        # Compared as margins: probabilities above 0.5 are coarse, and 1 at m = 40.
        distance = margin - _logit(self.threshold)
        weight = 0.5 - 0.5 * array_namespace(margin).sign(distance)
        return tuple(weight * term for term in cross_entropy(logistic_terms(margin), order))

    def continuous(self) -> "HardTruncatedLoss":
        """Return ``max(cross-entropy - cross-entropy at the threshold, 0)``."""
        return _ContinuousHardTruncatedLoss(self.threshold)

    @classmethod
    def corner_cases(cls) -> Iterator[Self]:
        """Yield thresholds from the smallest to one that is nearly cross-entropy."""
        for threshold in (0.5, 0.6, 0.9, 0.99):
            yield cls(threshold=threshold)

    @classmethod
    def search_space(cls) -> dict[str, list[Any]]:
        """Return thresholds over the useful range."""
        return {"threshold": [0.5, 0.6, 0.7, 0.8, 0.9]}


class _ContinuousHardTruncatedLoss(HardTruncatedLoss):
    """Hard truncated cross-entropy less its jump, for line searches; not registered."""

    @property
    def traits(self) -> Traits:
        """Convex and symmetric."""
        return Traits(convex=True, proper=False, invertible=False, smooth=False)

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        excess = -logistic_terms(margin).log_p + math.log(self.threshold)
        value = array_namespace(margin).clip(excess, 0.0, None)
        return (value, *super().evaluate(margin, order)[1:])

    def continuous(self) -> Self:
        """Return the loss itself."""
        return self


def _logit(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)
