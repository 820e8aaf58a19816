"""The reduction of the losses of the items: one reducer for every loss and task."""

import torch
from torch import Tensor

from skfocal.nn._settings import ItemSettings
from skfocal.nn._targets import Items, resolve_target

REDUCTIONS = ("none", "mean", "sum", "positives", "weights")


def reduce_items(
    value: Tensor,
    count: Tensor,
    reduction: str,
    settings: ItemSettings,
    items: Items,
    sample_weight: Tensor | None,
    class_weight: Tensor | None,
) -> Tensor:
    """Return the losses, weighted by the samples, or one number.

    Parameters
    ----------
    value : Tensor of the shape of the items, or of shape ()
        Losses, class weights included, 0 where ignored; or their sum, without sample weights.
    count : Tensor of shape ()
        Items that are not ignored.
    reduction : {"none", "mean", "sum", "positives", "weights"}
    settings : ItemSettings
    items : Items
    sample_weight : Tensor that broadcasts to `value`, or None
    class_weight : Tensor of shape (K,), (2,) or (2, L), or None

    Returns
    -------
    Tensor of the shape of `value`, or of shape ()
        The sum of no items is 0, and so is their mean: a batch that is ignored as a whole must
        not turn a model into NaN.
    """
    if sample_weight is not None:
        value = value * sample_weight
    if reduction == "none":
        return value
    total = value.sum()
    if reduction == "sum":
        return total
    if reduction == "mean" and sample_weight is None:
        return total / count.clamp(min=1)
    if reduction == "mean":
        size = _size(settings, items, sample_weight, None)
    elif reduction == "weights":
        size = _size(settings, items, sample_weight, class_weight)
    else:
        positive = torch.tensor([0.0, 1.0], device=value.device)
        return total / _size(settings, items, sample_weight, positive).clamp(min=1)
    return total / torch.where(size > 0, size, 1)


def _size(
    settings: ItemSettings, items: Items, sample_weight: Tensor | None, class_weight: Tensor | None
) -> Tensor:
    """Return the sum of the weights of the kept items, class weights included."""
    # Labels are not smoothed here: a smoothed positive is one positive.
    target, soft, kept = resolve_target(
        settings._replace(label_smoothing=0.0), items.scores, items.target
    )
    shape = items.scores.shape[:-1] if settings.is_softmax else items.scores.shape
    weight = items.scores.new_ones(())
    if class_weight is not None:
        table = class_weight.to(items.scores.dtype)
        if not settings.is_softmax:
            share = target.to(items.scores.dtype)
            weight = share * table[1] + (1 - share) * table[0]
        else:
            weight = (target * table).sum(-1) if soft else table[target]
    if sample_weight is not None:
        weight = weight * sample_weight
    if kept is not None:
        weight = weight * kept
    return weight.expand(shape).sum()
