"""Logit-adjusted cross-entropy."""

from collections.abc import Iterator
from copy import copy
from typing import Any, Self

import numpy as np

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import (
    Array,
    add_half_rows,
    array_namespace,
    cross_entropy,
    logistic_terms,
)
from skfocal.losses._registry import register
from skfocal.losses._validation import check_class_counts, check_parameter, unbound_error


@register
class LogitAdjustedLoss(MarginLoss):
    """Cross-entropy of the scores plus the logarithm of the class frequencies.

    With pi_k the fraction of training rows in class k, the scores z are shifted in training, and
    only there, to::

        z_k + tau * log(pi_k)                        # softmax
        z + tau * log(pi_1 / pi_0)                   # binary, and per label

    and the loss is their cross-entropy, in nats, with m the margin of the shifted scores::

        value(m) = -log(sigmoid(m))

    The model need not learn the frequencies: with ``tau=1`` its own scores are the log-odds at
    equal class frequencies, and their argmax minimises the balanced error. Convex. Equals
    :class:`CrossEntropyLoss` with ``tau=0``; otherwise not proper, but the shift is known. In the
    estimators ``probabilities="weighted"`` keeps it as a cost, as if rare classes were weighted by
    ``pi_k**-tau``, and ``"posterior"`` undoes it.

    An unregularised intercept absorbs the shift: the fit is that of cross-entropy with another
    intercept, and moving the decision threshold does the same.

    Parameters
    ----------
    tau : float in [0, inf), default=1.0
        Strength of the shift, dimensionless. The paper uses 1, and tunes it for some results.

    Attributes
    ----------
    class_offset : ndarray of shape (n_classes,), or (2, n_labels) for multilabel data, or None
        ``tau * log(pi_k)`` once the loss is bound to class counts. Where a class has no rows, half
        a row is added to each class (multilabel: to both sides of that label), so that the
        logarithm is finite.

    Raises
    ------
    TypeError
        If `tau` is not a number.
    ValueError
        If `tau` is outside its range, or the loss is evaluated before :meth:`bind`.

    See Also
    --------
    LDAMLoss : Lowers the score of the true class only.

    References
    ----------
    Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, arXiv:2007.07314

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.losses import LogitAdjustedLoss
    >>> from skfocal.margins import transform_scores
    >>> loss = LogitAdjustedLoss(tau=1.0).bind([90, 10])
    >>> shifted = transform_scores(loss, np.array([0.0, 0.0]), "multiclass")
    >>> np.exp(shifted)
    array([0.9, 0.1])
    """

    name = "logit_adjusted"

    def __init__(self, tau: float = 1.0) -> None:
        self.tau = tau
        self.validate()

    def validate(self) -> None:
        """Raise unless tau is finite and at least 0."""
        check_parameter(self, "tau", 0)

    @property
    def traits(self) -> Traits:
        """Convex, invertible and symmetric always; proper without a shift."""
        return Traits(convex=True, proper=bool(self.tau == 0), invertible=True)

    def bind(self, class_counts: Array) -> Self:
        """Return the loss with the shift for these class counts."""
        counts = add_half_rows(check_class_counts(self, class_counts))
        bound = copy(self)
        bound.class_offset = self.tau * np.log(counts / counts.sum(axis=0))
        return bound

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        if self.class_offset is None and self.tau != 0:
            raise unbound_error(self)
        return cross_entropy(logistic_terms(margin), order)

    def log_relative_slope(self, margin: Array, target: Array | None = None) -> Array:
        """Return zeros: the shifted scores are log-odds."""
        if self.class_offset is None and self.tau != 0:
            raise unbound_error(self)
        return array_namespace(margin).zeros_like(margin)

    @classmethod
    def corner_cases(cls) -> Iterator[Self]:
        """Yield no shift, half the paper's, the paper's, and twice that."""
        for tau in (0.0, 0.5, 1.0, 2.0):
            yield cls(tau=tau)

    @classmethod
    def search_space(cls) -> dict[str, list[Any]]:
        """Return values of tau around the paper's."""
        return {"tau": [0.0, 0.5, 1.0, 1.5, 2.0]}
