"""Gradient-harmonised classification loss."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import Array, array_namespace, cross_entropy, logistic_terms
from skfocal.losses._registry import register
from skfocal.losses._validation import check_parameter


class GradientHistogram(NamedTuple):
    """The gradient norms of a batch, counted in bins.

    Attributes
    ----------
    bin : integer array of the shape of the margins
        Bin of each entry.
    share : array of shape (bins,) of float64
        Share of the total weight in each bin; they sum to 1, or are all 0 if all weights are.
    """

    bin: Array
    share: Array


@register
class GHMLoss(MarginLoss):
    """Cross-entropy reweighted so that all gradient magnitudes contribute equally.

    With p = sigmoid(m), the gradient of cross-entropy has the norm g = 1 - p. The range [0, 1] of
    g is divided into `bins` bins of equal width, and an entry has the weight::

        weight = N / (N_b * B),    value(m) = -log(p)    # in nats, >= 0

    with N entries in the batch, N_b of them in its bin, and B bins that are not empty. The weights
    sum to N, and each bin has the same total weight: neither the many easy entries nor a cluster
    of outliers dominates. With sample weights, N and N_b are sums of weights. The weights are
    constants to the gradient. Equals :class:`CrossEntropyLoss` with ``bins=1``.

    There is one joint histogram for all entries of a batch, over all labels and pixels, as in the
    paper; for one histogram per label use one loss per label. Bins include their left edge, the
    last one both edges.

    The weights depend on the whole batch, so :meth:`evaluate` is cross-entropy and
    :meth:`batch_weight` gives the weights. There is no function that a solver could minimise:
    learners that follow a gradient accept this loss (:class:`skfocal.nn.LossModule`, neural
    networks, boosting), linear models refuse it. A density estimated from a few rows is noise: use
    large batches, few bins or momentum.

    Parameters
    ----------
    bins : int in [1, inf), default=10
        Number of bins. The paper uses 30 and finds similar results from 10 to 40.
    momentum : float in [0, 1), default=0.0
        Weight of the past in a moving average of ``N_b / N`` over batches, for learners that keep
        one. The average starts at the first batch, and all bins decay. B is always that of the
        current batch. With 0 each batch stands alone. The paper's code uses 0.75.

    Raises
    ------
    TypeError
        If `bins` is not an integer or `momentum` not a number.
    ValueError
        If a parameter is outside its range.

    See Also
    --------
    FocalLoss : Down-weights easy entries only, and needs no batch.

    References
    ----------
    Li et al., "Gradient Harmonized Single-Stage Detector", AAAI 2019, arXiv:1811.05181

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.losses import GHMLoss
    >>> GHMLoss(bins=2).batch_weight(np.array([3.0, 2.0, 1.0, -1.0])).round(4)
    array([0.6667, 0.6667, 0.6667, 2.    ])
    """

    name = "ghm"
    weighs_batch = True

    def __init__(self, bins: int = 10, momentum: float = 0.0) -> None:
        self.bins = bins
        self.momentum = momentum
        self.validate()

    def validate(self) -> None:
        """Raise unless `bins` is a positive integer and `momentum` in [0, 1)."""
        check_parameter(self, "bins", 1)
        if self.bins != int(self.bins):
            raise TypeError(f"GHMLoss: bins must be an integer, got {self.bins!r}.")
        check_parameter(self, "momentum", 0, 1)

    @property
    def traits(self) -> Traits:
        """Symmetric and smooth while the weights stay fixed."""
        return Traits(convex=False, proper=False, invertible=False)

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return those of cross-entropy; see :meth:`MarginLoss.evaluate`."""
        return cross_entropy(logistic_terms(margin), order)

    def batch_weight(self, margin: Array, sample_weight: Array | None = None) -> Array:
        """Return the weight of each entry; see :meth:`MarginLoss.batch_weight`."""
        histogram = self.histogram(margin, sample_weight)
        return self.weight_by_density(histogram, histogram.share)

    def histogram(self, margin: Array, sample_weight: Array | None = None) -> GradientHistogram:
        """Count the entries of a batch by gradient norm, without waiting for a device.

        Parameters
        ----------
        margin : ndarray or torch.Tensor of float, any shape
        sample_weight : array of the shape of `margin`, default=None
            Weight of each entry.

        Returns
        -------
        GradientHistogram
        """
        xp = array_namespace(margin)
        bins = int(self.bins)
        position = bins * logistic_terms(margin).q
        if xp is np:
            place = np.clip(np.asarray(position).astype(np.intp), 0, bins - 1)
            weight = None if sample_weight is None else np.ravel(sample_weight)
            count = np.bincount(place.ravel(), weight, minlength=bins).astype(np.float64)
        else:
            place = position.long().clip(0, bins - 1)
            weight = xp.ones_like(margin) if sample_weight is None else sample_weight
            # Not torch.bincount: it waits for the device to find the largest entry. In float64:
            # counting by ones in float32 stops at 2**24.
            count = xp.zeros(bins, dtype=xp.float64, device=margin.device)
            count = count.scatter_add(0, place.reshape(-1), weight.double().reshape(-1))
        total = count.sum()
        return GradientHistogram(place, count / xp.where(total > 0, total, 1.0))

    def weight_by_density(self, histogram: GradientHistogram, share: Array) -> Array:
        """Return the weight of each entry of a batch, given the share of each bin.

        Parameters
        ----------
        histogram : GradientHistogram
            Of the batch.
        share : array of shape (bins,)
            ``N_b / N``: the histogram's own, or an average over batches that includes it.

        Returns
        -------
        array of the shape of ``histogram.bin``, of float64
            At least 0, and 0 in a bin that holds no weight.
        """
        xp = array_namespace(share)
        occupied = (histogram.share > 0).sum()
        filled = share > 0
        density = occupied * xp.where(filled, share, 1.0)
        return xp.where(filled, 1.0 / xp.where(filled, density, 1.0), 0.0)[histogram.bin]

    @classmethod
    def corner_cases(cls) -> Iterator[Self]:
        """Yield cross-entropy, the defaults, the paper's bins, and a memory."""
        for bins, momentum in ((1, 0.0), (10, 0.0), (30, 0.0), (10, 0.75)):
            yield cls(bins=bins, momentum=momentum)

    @classmethod
    def search_space(cls) -> dict[str, list[Any]]:
        """Return bins around the default, with and without a memory."""
        return {"bins": [5, 10, 30], "momentum": [0.0, 0.75]}
