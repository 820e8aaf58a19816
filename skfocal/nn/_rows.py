"""Losses of rows: softmax scores, classes last, where a row of scores is one decision.

Like :mod:`skfocal.nn._cells`; the curvature of a row is a matrix and comes as its product with a
vector.
"""

from typing import Any

import torch
from torch import Tensor

from skfocal.losses import MarginLoss
from skfocal.margins import (
    all_margins,
    multiclass_curvature_product,
    multiclass_gradient,
    multiclass_margin,
)


def hard_rows(
    loss: MarginLoss,
    scores: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    batch_weight: Tensor | None,
    order: int,
    vector: Any = None,
) -> tuple[Tensor, ...]:
    """Return value, gradient and product of the curvature up to `order` for class indices.

    Parameters
    ----------
    loss : MarginLoss
    scores : Tensor of float32 or float64 of shape (..., K)
    target : Tensor of int64 of shape (...,)
    class_weight : Tensor of shape (K,), or None
    batch_weight : Tensor of shape (...,), or None
    order : {0, 1, 2}
    vector : Tensor of shape (..., K), default=None
        What the curvature is multiplied by at `order` 2.

    Returns
    -------
    tuple of order + 1 tensors
        The value of shape (...,), the others of shape (..., K).
    """
    if order < 2:
        margin, wrong = _margin_in_place(scores, target)
    else:
        at = multiclass_margin(scores, target)
        margin = at.margin
    results = loss.evaluate(margin, order, target)
    if class_weight is not None:
        results = tuple(result * class_weight[target] for result in results)
    if batch_weight is not None:
        results = tuple(result * batch_weight for result in results)
    if order == 0:
        return results
    value, derivative, *curvature = results
    if order == 1:
        column = derivative.unsqueeze(-1)
        return value, wrong.mul_(-column).scatter_(-1, target.unsqueeze(-1), column)
    product = multiclass_curvature_product(derivative, curvature[0], at, vector)
    return value, multiclass_gradient(derivative, at), product


def _margin_in_place(scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return margins and the softmax over the wrong classes, of one copy of the scores.

    What :func:`skfocal.margins.multiclass_margin` computes, in half the time: a large batch of
    softmax scores spends it on passes over memory.
    """
    true = target.unsqueeze(-1)
    wrong = scores.scatter(-1, true, -torch.inf)
    highest = wrong.amax(-1, keepdim=True)
    wrong = wrong.sub_(highest.clip(min=torch.finfo(scores.dtype).min)).exp_()
    total = wrong.sum(-1, keepdim=True).clip_(min=1)
    margin = (scores.gather(-1, true) - highest) - total.log()
    return margin.squeeze(-1), wrong.div_(total)


def soft_rows(
    loss: MarginLoss,
    scores: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    batch_weight: Tensor | None,
    order: int,
    vector: Any = None,
) -> tuple[Tensor, ...]:
    """Return the mixture ``sum_k t_k l_k``, for targets that are class probabilities.

    Parameters as in :func:`hard_rows`, but `target` and `batch_weight` have the shape of `scores`.
    """
    share = target.to(scores.dtype)
    if class_weight is not None:
        share = share * class_weight
    if batch_weight is not None:
        share = share * batch_weight
    classes = torch.arange(scores.shape[-1], device=scores.device)
    margins = all_margins(scores)
    # Chosen, not multiplied: a class that is masked with -inf has an infinite loss, which counts
    # for nothing where its share is 0.
    results = [
        torch.where(share == 0, 0.0, share * result)
        for result in loss.evaluate(margins, order, classes)
    ]
    value = results[0].sum(-1)
    if order == 0:
        return (value,)
    gradient = _pull_back(results[1], scores, margins)
    if order == 1:
        return value, gradient
    # Every row once for each class: K * K numbers per row, only for second derivatives.
    n_classes = scores.shape[-1]
    copies = scores.unsqueeze(-2).expand(*scores.shape, n_classes)
    margin = multiclass_margin(copies, classes.expand(scores.shape))
    product = multiclass_curvature_product(results[1], results[2], margin, vector.unsqueeze(-2))
    return value, gradient, product.sum(-2)


def _pull_back(derivative: Tensor, scores: Tensor, margins: Tensor) -> Tensor:
    """Return ``sum_k derivative_k (e_k - r_k)``, with r_k the softmax over all classes but k.

    The entries of r_k are ``p_j / (1 - p_k)``. Where p_k is near 1 that is 0 / 0 in the end, so
    the class of the highest score gets its r from its own exponentials.
    """
    top = scores.argmax(-1)
    is_top = top.unsqueeze(-1) == torch.arange(scores.shape[-1], device=scores.device)
    relative = torch.where(is_top, 0.0, derivative / torch.sigmoid(-margins))
    others = relative.sum(-1, keepdim=True) - relative
    of_top = torch.where(is_top, derivative, 0.0).sum(-1, keepdim=True)
    wrong = multiclass_margin(scores, top).wrong
    return derivative - torch.sigmoid(margins) * others - of_top * wrong
