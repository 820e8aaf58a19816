"""The loss of a batch and its gradient in the scores, by the closed forms of the loss."""

import torch
from torch import Tensor

from skfocal.margins import transform_scores
from skfocal.nn._cells import hard_cells
from skfocal.nn._module import LossModule
from skfocal.nn._rows import hard_rows
from skfocal.tasks import get_task


def score_gradient(
    criterion: LossModule, scores: Tensor, target: Tensor, weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return the loss of a batch and its gradient in the scores.

    The loss is the weighted mean over the rows (and labels), summed over the members so that each
    learns as it would alone. The mean divides by the number of rows, not by their weights: a batch
    of small weights must count less.

    Parameters
    ----------
    criterion : LossModule
        With ``reduction="sum"``.
    scores : Tensor of shape (n_members, n, n_scores)
        Without a graph.
    target : Tensor of shape (n,) or (n, n_labels) of int64
        Class codes, or an indicator.
    weight : Tensor of shape (n,) or (n_members, n), or None
        Sample weights, of mean 1 over all rows of an epoch. Those of each member are not for
        losses that weight their batch.

    Returns
    -------
    loss : Tensor of shape ()
    gradient : Tensor of the shape of `scores`
    """
    n_members, size = len(scores), target.numel()
    if criterion.loss.weighs_batch:
        return _weighed_gradient(criterion, scores, target, weight)
    form = get_task(criterion.task)
    flat = form.from_columns(scores.flatten(0, 1))
    if n_members > 1:
        target = torch.cat([target] * n_members)
    if weight is not None:
        weight = weight.expand(n_members, -1).flatten()
    # The criterion checks its arguments and records a graph, which takes as long as the forward
    # pass of a small network; here the arguments are known and the gradient is all that is wanted.
    shifted = transform_scores(criterion.loss, flat, criterion.task)
    if weight is not None and not form.is_softmax:
        weight = weight.view(-1, *[1] * (shifted.dim() - 1)).expand_as(shifted)
    class_weight = criterion.class_weight if criterion.reweighted else None
    evaluate = hard_rows if form.is_softmax else hard_cells
    value, gradient = evaluate(criterion.loss, shifted, target, class_weight, weight, 1)
    # Apart from the shift the scores are only scaled.
    gradient = gradient.mul_(criterion.loss.score_scale / size)
    return value.sum() / size, gradient.view_as(scores)


def _weighed_gradient(
    criterion: LossModule, scores: Tensor, target: Tensor, weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return loss and gradient of a loss that weights its batch, member by member."""
    losses, gradients = [], []
    for member in scores.split(1):
        with torch.enable_grad():
            flat = get_task(criterion.task).from_columns(member[0]).requires_grad_()
            loss = criterion(flat, target, weight) / target.numel()
            gradients.append(torch.autograd.grad(loss, flat)[0].view_as(member))
        losses.append(loss.detach())
    return torch.stack(losses).sum(), torch.cat(gradients)
