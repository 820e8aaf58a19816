"""Label-distribution-aware margin loss."""

from collections.abc import Iterator
from copy import copy
from typing import Any, Self

import numpy as np

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import (
    Array,
    array_namespace,
    cross_entropy,
    logistic_terms,
)
from skfocal.losses._registry import register
from skfocal.losses._validation import check_class_counts, check_parameter, unbound_error


@register
class LDAMLoss(MarginLoss):
    """Cross-entropy with a margin that each class has to exceed, larger for rarer classes.

    With n_k training rows of class k, n_min of the rarest class, and m the margin (dimensionless
    log-odds, any real) of the scores times `scale`::

        value(m) = -log(sigmoid(m - scale * d_k))    # in nats, >= 0
        d_k = max_margin * (n_k / n_min)**(-1/4)

    In training the score of the true class is lowered by d_k before scaling; in prediction it is
    not. Convex. Equals :class:`CrossEntropyLoss` with ``max_margin=0``;
    otherwise not proper, and :mod:`skfocal.posterior` recovers the probabilities with the
    function of each class.

    A linear model without strong regularisation can reach any margin by growing its coefficients,
    which removes most of the effect. The paper bounds the scores (cosines of a normalised last
    layer) and sets their temperature by `scale`; without such a layer keep it at 1.

    Parameters
    ----------
    max_margin : float in [0, inf), default=0.5
        Margin of the rarest class, in units of the unscaled score. The paper uses 0.5.
    scale : float in (0, inf), default=1.0
        Factor on all scores, dimensionless. The paper's code uses 30 for cosines.

    Attributes
    ----------
    class_margin : ndarray of shape (n_classes,), or (2, n_labels) for multilabel data, or None
        d_k once the loss is bound to class counts; a class without rows gets the margin of the
        rarest class that has some.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If a parameter is outside its range, or the loss is evaluated before :meth:`bind`.

    See Also
    --------
    LogitAdjustedLoss : Shifts the scores of all classes.

    References
    ----------
    Cao et al., "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss", NeurIPS
    2019, arXiv:1906.07413

    Examples
    --------
    >>> from skfocal.losses import LDAMLoss
    >>> loss = LDAMLoss(max_margin=0.5).bind([10000, 16])
    >>> loss.class_margin
    array([0.1, 0.5])
    >>> [float(loss.value(0.0, target=k).round(4)) for k in (0, 1)]
    [0.7444, 0.9741]
    """

    name = "ldam"
    class_margin: Array | None = None

    def __init__(self, max_margin: float = 0.5, scale: float = 1.0) -> None:
        self.max_margin = max_margin
        self.scale = scale
        self.validate()

    def validate(self) -> None:
        """Raise unless the margin is at least 0 and the scale positive, both finite."""
        check_parameter(self, "max_margin", 0)
        check_parameter(self, "scale", 0, closed="neither")

    @property
    def score_scale(self) -> float:  # type: ignore[override]  # a constant in the base class
        """The factor on the scores, `scale`."""
        return float(self.scale)

    @property
    def traits(self) -> Traits:
        """Convex and invertible always; proper and symmetric without margins."""
        plain = bool(self.max_margin == 0)
        return Traits(
            convex=True,
            proper=plain and bool(self.scale == 1),
            invertible=True,
            symmetric=plain,
        )

    def bind(self, class_counts: Array) -> Self:
        """Return the loss with the margins for these class counts."""
        counts = check_class_counts(self, class_counts)
        rarest = np.where(counts > 0, counts, np.inf).min(axis=0)
        bound = copy(self)
        bound.class_margin = self.max_margin * (np.maximum(counts, rarest) / rarest) ** -0.25
        return bound

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        return cross_entropy(logistic_terms(self._lowered(margin, target)), order)

    def log_relative_slope(self, margin: Array, target: Array | None = None) -> Array:
        """Return ``log sigmoid(scale * d_k - m) - log sigmoid(-m)``."""
        lowered = self._lowered(margin, target)
        return logistic_terms(lowered).log_q - logistic_terms(margin).log_q

    def _lowered(self, margin: Array, target: Array | None) -> Array:
        """Subtract the margin that the class of each entry has to exceed."""
        if self.max_margin == 0:
            return margin
        if self.class_margin is None:
            raise unbound_error(self)
        if target is None:
            raise ValueError(f"{self!r} treats the classes differently: give target.")
        xp = array_namespace(margin)
        if xp is np:
            demanded = np.asarray(self.class_margin, dtype=margin.dtype)
        else:
            demanded = xp.as_tensor(self.class_margin, dtype=margin.dtype, device=margin.device)
        demanded = float(self.scale) * demanded
        if isinstance(target, int | np.integer):
            return margin - demanded[int(target)]
        if demanded.ndim == 2:
            return margin - xp.where(target > 0, demanded[1], demanded[0])
        # Other integers and bool would be taken for a mask.
        return margin - demanded[target.astype(np.intp) if xp is np else target.long()]

    @classmethod
    def corner_cases(cls) -> Iterator[Self]:
        """Yield the paper's margin, none, a large one, and other scales."""
        for max_margin, scale in ((0.5, 1.0), (0.0, 1.0), (0.0, 2.0), (0.3, 2.0), (5.0, 0.1)):
            yield cls(max_margin=max_margin, scale=scale)

    @classmethod
    def search_space(cls) -> dict[str, list[Any]]:
        """Return margins around the paper's; `scale` depends on the last layer, not on the data."""
        return {"max_margin": [0.25, 0.5, 1.0, 2.0]}
