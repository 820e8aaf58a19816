"""Losses of cells: binary and multilabel scores, where each score is a decision of its own.

Value, gradient and curvature are those in the score, class weights included. They are computed
outside of autograd; :mod:`skfocal.nn._function` gives them to it.
"""

from typing import Any

import torch
from torch import Tensor

from skfocal.losses import MarginLoss


def hard_cells(
    loss: MarginLoss,
    scores: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    batch_weight: Tensor | None,
    order: int,
) -> tuple[Tensor, ...]:
    """Return value, gradient and curvature up to `order` for targets that are 0 or 1.

    Parameters
    ----------
    loss : MarginLoss
    scores : Tensor of float32 or float64, any shape (labels last if anything differs by label)
    target : Tensor of the same shape
    class_weight : Tensor of shape (2,) or (2, L), or None
    batch_weight : Tensor of the shape of `scores`, or None
    order : {0, 1, 2}

    Returns
    -------
    tuple of order + 1 tensors of the shape of `scores`
    """
    # Arithmetic instead of torch.where, which is ten times slower on the CPU.
    positive = target.to(scores.dtype)
    negative = 1 - positive
    sign = positive - negative
    results = loss.evaluate(sign * scores, order, positive)
    weight: Any = 1
    if class_weight is not None:
        weight = torch.addcmul(positive * class_weight[1], negative, class_weight[0])
    if batch_weight is not None:
        weight = batch_weight * weight
    factors = (weight, sign * weight, weight)
    return tuple(result * factor for result, factor in zip(results, factors, strict=False))


def soft_cells(
    loss: MarginLoss,
    scores: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    batch_weight: Tensor | None,
    order: int,
) -> tuple[Tensor, ...]:
    """Return the mixture ``t l(1) + (1 - t) l(0)``, for targets t in [0, 1].

    Parameters as in :func:`hard_cells`, but `batch_weight` has the shape ``(*scores.shape, 2)``.
    """
    share = target.to(scores.dtype)
    shares = [1 - share, share]
    for k in (0, 1):
        if class_weight is not None:
            shares[k] = shares[k] * class_weight[k]
        if batch_weight is not None:
            shares[k] = shares[k] * batch_weight[..., k]
    sides = zip(loss.evaluate(-scores, order, 0), loss.evaluate(scores, order, 1), strict=True)
    # The margin of a negative is minus the score: odd derivatives change their sign.
    return tuple(
        shares[1] * positive + sign * shares[0] * negative
        for sign, (negative, positive) in zip((1, -1, 1), sides, strict=False)
    )
