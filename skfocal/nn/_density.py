"""Support for losses that weight their batch: margins, and a moving average of the density."""

import torch
from torch import Tensor, nn

from skfocal.margins import all_margins, multiclass_margin
from skfocal.nn._settings import ItemSettings
from skfocal.nn._targets import Items, resolve_target


class MovingDensity(nn.Module):
    """Moving average over batches of the fraction of weight in each bin of a histogram.

    It starts at the first batch, so that no bin is underestimated at first, and every bin decays.
    In ``eval()`` it averages in the same way, but does not keep the batch.

    Parameters
    ----------
    bins : int
        Number of bins.
    """

    share: Tensor
    started: Tensor

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.register_buffer("share", torch.zeros(bins))
        self.register_buffer("started", torch.tensor(False))

    def forward(self, share: Tensor, momentum: float) -> Tensor:
        """Return the average that includes this batch.

        Parameters
        ----------
        share : Tensor of shape (bins,)
            Of the batch; all 0 if it has no weight.
        momentum : float in [0, 1)
            Weight of the past.

        Returns
        -------
        Tensor of shape (bins,)
        """
        mixed = momentum * self.share + (1 - momentum) * share
        mixed = torch.where(self.started, mixed, share)
        if self.training:
            counts = share.sum() > 0
            self.share.copy_(torch.where(counts, mixed, self.share))
            self.started.logical_or_(counts)
        return mixed


def batch_margins(
    settings: ItemSettings, items: Items, sample_weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return the margins of all items and their weights.

    Parameters
    ----------
    settings : ItemSettings
    items : Items
        Without a graph.
    sample_weight : Tensor that broadcasts to the items, or None

    Returns
    -------
    margin, weight : Tensors of one shape
        That of the items; with soft targets one more dimension at the end, for each class what
        the margin would be and the share that the target gives it. 0 weigh ignored items.
    """
    scores = items.scores
    target, soft, kept = resolve_target(settings, scores, items.target, keep_soft=True)
    if settings.is_softmax:
        margin = all_margins(scores) if soft else multiclass_margin(scores, target).margin
        weight = target.to(scores.dtype) if soft else torch.ones_like(margin)
    elif soft:
        positive = target.to(scores.dtype)
        margin = torch.stack([-scores, scores], -1)
        weight = torch.stack([1 - positive, positive], -1)
    else:
        margin = torch.where(target > 0, scores, -scores)
        weight = torch.ones_like(margin)
    for factor in (sample_weight, kept):
        if factor is not None:
            weight = weight * (factor.unsqueeze(-1) if soft else factor)
    return margin, weight
