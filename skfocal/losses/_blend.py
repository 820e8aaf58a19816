"""Mixtures of cross-entropy and another loss, for schedules that move from one to the other."""

from typing import Self

import numpy as np

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import Array, array_namespace, cross_entropy, logistic_terms
from skfocal.losses._validation import check_parameter
from skfocal.losses.ghm import GradientHistogram


class BlendedLoss(MarginLoss):
    """Mixture of cross-entropy and another loss; not registered.

    With margin m::

        value(m) = (1 - share) * -log(sigmoid(m)) + share * loss.value(m)

    A loss that weights its batch must itself be a weighted cross-entropy (as :class:`GHMLoss` is);
    its weights are mixed with 1.

    Parameters
    ----------
    loss : MarginLoss
        Without a scale or an offset of the scores, which would change the margin.
    share : float in (0, 1), default=0.5
        Fraction of `loss` in the mixture, dimensionless.

    Raises
    ------
    TypeError
        If `share` is not a number.
    ValueError
        If `share` is outside its range, or the loss changes the scores.
    """

    name = "blended"

    def __init__(self, loss: MarginLoss, share: float = 0.5) -> None:
        self.loss = loss
        self.share = share
        self.validate()

    def validate(self) -> None:
        """Raise unless the share is in (0, 1) and the margins of both are the same."""
        check_parameter(self, "share", 0, 1, closed="neither")
        if self.loss.score_scale != 1.0 or self.loss.class_offset is not None:
            raise ValueError(
                f"BlendedLoss: {self.loss!r} scales or shifts the scores and has no margin in "
                "common with cross-entropy; it can only follow it (blend=0)."
            )

    @property
    def tasks(self) -> frozenset[str]:  # type: ignore[override]  # a constant in the base class
        """Those of the loss."""
        return self.loss.tasks

    @property
    def weighs_batch(self) -> bool:  # type: ignore[override]  # a constant in the base class
        """Whether the loss does."""
        return self.loss.weighs_batch

    @property
    def momentum(self) -> float:
        """That of a loss with a memory of batches."""
        return float(getattr(self.loss, "momentum", 0.0))

    @property
    def traits(self) -> Traits:
        """Those of the loss, because cross-entropy has all of them."""
        return self.loss.traits

    def bind(self, class_counts: Array) -> Self:
        """Return the blend with the loss bound."""
        return type(self)(self.loss.bind(class_counts), self.share)

    def continuous(self) -> "BlendedLoss":
        """Return the blend with a loss without jumps."""
        return type(self)(self.loss.continuous(), self.share)

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        other = self.loss.evaluate(margin, order, target)
        if self.weighs_batch:
            return other
        plain = cross_entropy(logistic_terms(margin), order)
        return tuple(
            (1 - self.share) * a + self.share * b for a, b in zip(plain, other, strict=True)
        )

    def log_relative_slope(self, margin: Array, target: Array | None = None) -> Array:
        """Return ``log(1 - share + share * exp(h))``, with h that of the loss."""
        xp = array_namespace(margin)
        # The loss may have no slope at all somewhere, where cross-entropy still has one.
        with np.errstate(divide="ignore"):
            relative = self.loss.log_relative_slope(margin, target)
        plain = xp.full_like(relative, np.log1p(-self.share))
        return xp.logaddexp(plain, np.log(self.share) + relative)

    def batch_weight(self, margin: Array, sample_weight: Array | None = None) -> Array | None:
        """Return the weights of the loss, mixed with 1."""
        weight = self.loss.batch_weight(margin, sample_weight)
        return None if weight is None else (1 - self.share) + self.share * weight

    def histogram(self, margin: Array, sample_weight: Array | None = None) -> GradientHistogram:
        """Return that of a loss with a memory of batches."""
        return self.loss.histogram(margin, sample_weight)

    def weight_by_density(self, histogram: GradientHistogram, share: Array) -> Array:
        """Return that of a loss with a memory of batches, mixed with 1."""
        weight = self.loss.weight_by_density(histogram, share)
        return (1 - self.share) + self.share * weight
