"""Cross-entropy: the loss that all others are compared with."""

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import Array, array_namespace, cross_entropy, logistic_terms
from skfocal.losses._registry import register


@register
class CrossEntropyLoss(MarginLoss):
    """Negative log-likelihood of the true class.

    With margin m (dimensionless log-odds, any real)::

        value(m) = -log(sigmoid(m))                  # in nats, >= 0

    Proper, so ``sigmoid(score)`` estimates the probability, and convex.

    See Also
    --------
    FocalLoss : Down-weights rows that the model already gets right.

    References
    ----------
    Good, "Rational Decisions", Journal of the Royal Statistical Society B 14, 1952,
    doi:10.1111/j.2517-6161.1952.tb00104.x

    Examples
    --------
    >>> from skfocal.losses import CrossEntropyLoss
    >>> float(CrossEntropyLoss().value(0.0).round(4))
    0.6931
    """

    name = "cross_entropy"

    @property
    def traits(self) -> Traits:
        """Convex, proper, invertible, symmetric."""
        return Traits(convex=True, proper=True, invertible=True)

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        return cross_entropy(logistic_terms(margin), order)

    def log_relative_slope(self, margin: Array, target: Array | None = None) -> Array:
        """Return zeros: the posterior of cross-entropy is its sigmoid, bit for bit."""
        return array_namespace(margin).zeros_like(margin)
