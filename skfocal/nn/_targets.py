"""Targets of every form that torch users know, brought into one; and what is wrong with others."""

from typing import NamedTuple

import torch
from torch import Tensor

from skfocal.nn._settings import ItemSettings


class Items(NamedTuple):
    """Scores and targets with classes or labels last.

    Attributes
    ----------
    scores : Tensor of float32 or float64
        Of the shape of the items for binary, (..., L) for multilabel, (..., K) for multiclass.
    target : Tensor
        Integers, booleans or shares in [0, 1], of the shape of `scores`; for multiclass integers
        of shape (...,) or shares of shape (..., K).
    """

    scores: Tensor
    target: Tensor


class ResolvedTarget(NamedTuple):
    """A target that can be computed with.

    Attributes
    ----------
    target : Tensor
        Classes if not `soft`, else shares. 0 where ignored.
    soft : bool
    kept : Tensor of bool of the shape of the items, or None
        Which items are not ignored; None if none can be.
    """

    target: Tensor
    soft: bool
    kept: Tensor | None


def arrange_items(scores: Tensor, target: Tensor, task: str, class_dim: int) -> Items:
    """Check form and shape of a batch and move its classes or labels last.

    Parameters
    ----------
    scores, target : Tensor
        As :class:`skfocal.nn.LossModule` takes them.
    task : {"binary", "multilabel", "multiclass"}
    class_dim : int
        Dimension of the classes or labels in `scores`; of no meaning for binary.

    Returns
    -------
    Items

    Raises
    ------
    TypeError
        If `scores` is not a floating-point tensor, or `target` not real.
    ValueError
        If the shapes do not fit, or `target` requires a gradient.
    """
    if not isinstance(scores, Tensor) or not scores.is_floating_point():
        kind = getattr(scores, "dtype", type(scores).__name__)
        raise TypeError(f"LossModule: scores must be a floating-point tensor, got {kind}.")
    if not isinstance(target, Tensor) or target.is_complex():
        kind = getattr(target, "dtype", type(target).__name__)
        raise TypeError(f"LossModule: target must be a tensor of real numbers, got {kind}.")
    if target.requires_grad:
        raise ValueError(
            "LossModule: target must not require a gradient; give target.detach(), or give the "
            "shares as sample_weight, which may."
        )
    if scores.dtype in (torch.float16, torch.bfloat16):
        scores = scores.float()
    if task == "binary":
        if scores.shape != target.shape and _column(scores.shape) == _column(target.shape):
            scores = scores.reshape(target.shape)
        return Items(_same_shape(scores, target, task), target)
    dim = _check_dim(scores, class_dim)
    if task == "multilabel":
        _same_shape(scores, target, task)
        return Items(scores.movedim(dim, -1), target.movedim(dim, -1))
    return _arrange_rows(scores, target, dim)


def arrange_weight(
    sample_weight: Tensor, items: Items, target_shape: torch.Size, task: str, class_dim: int
) -> Tensor:
    """Bring sample weights into the shape of the items, or one that broadcasts to it.

    Parameters
    ----------
    sample_weight : Tensor
        One weight for each item, or one for each entry of the first dimension.
    items : Items
    target_shape : torch.Size
        Of the target as it was given.
    task : {"binary", "multilabel", "multiclass"}
    class_dim : int

    Returns
    -------
    Tensor of the dtype of the scores

    Raises
    ------
    TypeError
        If it is not a tensor.
    ValueError
        If its shape does not fit.
    """
    if not isinstance(sample_weight, Tensor):
        kind = type(sample_weight).__name__
        raise TypeError(f"LossModule: sample_weight must be a tensor, got {kind}.")
    weight = sample_weight.to(items.scores.dtype)
    shape = items.scores.shape[:-1] if task == "multiclass" else target_shape
    if task == "binary" and _column(weight.shape) == _column(shape):
        return weight.reshape(shape)
    if weight.shape == shape:
        return weight.movedim(class_dim, -1) if task == "multilabel" and shape else weight
    if weight.shape != shape[:1]:
        raise ValueError(
            "LossModule: sample_weight must have one weight for each item, of shape "
            f"{tuple(shape)}, or one for each row, of shape {tuple(shape[:1])}, got "
            f"{tuple(weight.shape)}."
        )
    return weight.reshape(-1, *[1] * (len(shape) - 1))


def resolve_target(
    settings: ItemSettings,
    scores: Tensor,
    target: Tensor,
    *,
    checked: bool = False,
    keep_soft: bool = False,
) -> ResolvedTarget:
    """Separate ignored items, and smooth labels.

    Parameters
    ----------
    settings : ItemSettings
    scores, target : Tensor
        See :class:`Items`.
    checked : bool, default=False
        Whether values may be looked at, which makes a device wait and a compiler stop. Then they
        are checked, and floating-point targets that are all 0 or 1 count as hard.
    keep_soft : bool, default=False
        Whether all floating-point targets count as soft, whatever their values.

    Returns
    -------
    ResolvedTarget
    """
    rows = settings.is_softmax
    n_classes = scores.shape[-1] if rows else 2
    floating = target.is_floating_point()
    if not floating and target.dtype != torch.bool:
        target = target.long()  # or ignore_index could be out of range and wrap round
    kept = None
    plain = checked and _is_plain(target, n_classes, settings.ignore_index, rows)
    if not plain and not (rows and floating) and target.dtype != torch.bool:
        kept = target != settings.ignore_index
        target = torch.where(kept, target, 0)
    if checked and not plain:
        _check_values(target, n_classes, settings)
        plain = not rows and floating and _is_hard(target)
    soft = floating and (keep_soft or not plain)
    if settings.label_smoothing == 0:
        return ResolvedTarget(target, soft, kept)
    if rows and not floating:
        target = target.unsqueeze(-1) == torch.arange(n_classes, device=target.device)
    smoothing = settings.label_smoothing
    share = target.to(scores.dtype) * (1 - smoothing) + smoothing / n_classes
    return ResolvedTarget(share, True, kept)


def _is_plain(target: Tensor, n_classes: int, ignore_index: int, rows: bool) -> bool:
    """Return whether every entry is a class for sure, none of them ignored."""
    if target.dtype == torch.bool or target.numel() == 0:
        return True
    if 0 <= ignore_index < n_classes or (rows and target.is_floating_point()):
        return False
    if target.is_floating_point():
        return _is_hard(target)
    lowest, highest = torch.aminmax(target)
    return bool(lowest >= 0) and bool(highest < n_classes)


def _is_hard(target: Tensor) -> bool:
    """Return whether floating-point shares are all 0 or 1."""
    if target.dtype in (torch.float16, torch.bfloat16):
        target = target.float()
    rest = torch.addcmul(target, target, target, value=-1).reshape(-1)  # t (1 - t)
    # A sum of squares, since comparisons are several times slower. It takes shares below 1e-22
    # for 0, which changes no result.
    return float(torch.dot(rest, rest)) == 0.0


def _check_values(target: Tensor, n_classes: int, settings: ItemSettings) -> None:
    lowest, highest = (float(end) for end in torch.aminmax(target))
    top = 1 if target.is_floating_point() else n_classes - 1
    if not (lowest >= 0 and highest <= top):  # NaN is neither
        wrong = highest if lowest >= 0 else lowest
        raise ValueError(
            f"LossModule: the target for task={settings.task!r} must be in [0, {top}], or "
            f"ignore_index={settings.ignore_index} where it is to be ignored, got {wrong:g}."
        )


def _arrange_rows(scores: Tensor, target: Tensor, dim: int) -> Items:
    n_classes = scores.shape[dim]
    if n_classes < 2:
        raise ValueError(
            f"LossModule: task='multiclass' needs at least 2 scores per row, got {n_classes} along "
            f"class_dim={dim} of the shape {tuple(scores.shape)}."
        )
    if target.dtype == torch.bool:
        raise TypeError(
            "LossModule: the target for task='multiclass' must be class indices (integers) or "
            "shares of the classes (floats), got torch.bool."
        )
    soft = target.is_floating_point()
    expected = scores.shape if soft else scores.shape[:dim] + scores.shape[dim + 1 :]
    if target.shape != expected:
        kind = "shares of the classes (floats)" if soft else "class indices (integers)"
        raise ValueError(
            f"LossModule: scores of shape {tuple(scores.shape)} with the {n_classes} classes along "
            f"dimension {dim} need {kind} of shape {tuple(expected)} as target, got "
            f"{tuple(target.shape)}; see class_dim for scores with the classes elsewhere."
        )
    return Items(scores.movedim(dim, -1), target.movedim(dim, -1) if soft else target)


def _check_dim(scores: Tensor, class_dim: int) -> int:
    """Return the dimension counted from 0; the only one of a single row."""
    if scores.dim() == 1:
        return 0
    if not -scores.dim() <= class_dim < scores.dim():
        raise ValueError(
            f"LossModule: class_dim={class_dim} is not a dimension of scores of shape "
            f"{tuple(scores.shape)}."
        )
    return class_dim % scores.dim()


def _column(shape: torch.Size) -> tuple[int, ...]:
    """Return (N, 1) for (N,), so that both are the same."""
    return (*shape, 1) if len(shape) == 1 else tuple(shape)


def _same_shape(scores: Tensor, target: Tensor, task: str) -> Tensor:
    if scores.shape != target.shape:
        raise ValueError(
            f"LossModule: task={task!r} needs scores and target of the same shape, got "
            f"{tuple(scores.shape)} and {tuple(target.shape)}."
        )
    return scores
