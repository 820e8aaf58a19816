"""alpha, class_weight and pos_weight as torch users write them, in one table of class weights."""

from functools import reduce
from typing import Any

import torch
from torch import Tensor


def weight_table(task: str, alpha: Any, class_weight: Any, pos_weight: Any) -> Tensor | None:
    """Return the weight of each class, the product of what is given.

    Parameters
    ----------
    task : {"binary", "multilabel", "multiclass"}
    alpha, class_weight, pos_weight
        See :class:`skfocal.nn.LossModule`.

    Returns
    -------
    None, or Tensor of shape (K,), (2,) or (2, L), negatives first
        Of torch's default dtype, or a wider one that is given.

    Raises
    ------
    TypeError
        If something is not made of numbers.
    ValueError
        If something is outside its range or has a wrong shape.
    """
    tables = [
        make(task, given)
        for make, given in (
            (_alpha_table, alpha),
            (_class_table, class_weight),
            (_positive_table, pos_weight),
        )
        if given is not None
    ]
    if not tables:
        return None
    if any(table.dim() == 2 for table in tables):
        tables = [table.reshape(2, -1) for table in tables]
    _check_same_length(tables)
    product = tables[0]
    for table in tables[1:]:
        product = product * table
    dtypes = [g.dtype for g in (alpha, class_weight, pos_weight) if isinstance(g, Tensor)]
    dtypes = [dtype for dtype in dtypes if dtype.is_floating_point]
    return product.to(reduce(torch.promote_types, dtypes, torch.get_default_dtype()))


def single_alpha_error(alpha: float, n_classes: int) -> ValueError:
    """Return the error for one alpha among more than two classes."""
    example = [alpha] + [round(1 - alpha, 12)] * (n_classes - 1)
    return ValueError(
        "LossModule: a single alpha weighs the positive class against one other, but there are "
        f"{n_classes} classes: give a vector of {n_classes} class weights such as {example}, or "
        "skfocal.weights.balanced_weights(class_counts), which are the 'balanced' ones, instead "
        f"of alpha={alpha!r}."
    )


def as_single_alpha(alpha: Any) -> float | None:
    """Return alpha as a number if it is a single one."""
    if alpha is None or isinstance(alpha, str):
        return None
    tensor = _numbers("alpha", alpha)
    return float(tensor) if tensor.dim() == 0 else None


def _alpha_table(task: str, alpha: Any) -> Tensor:
    tensor = _numbers("alpha", alpha)
    if tensor.dim() == 0:
        if not 0 <= float(tensor) <= 1:
            raise ValueError(f"LossModule: a single alpha must be in [0, 1], got {alpha!r}.")
        return torch.stack([1 - tensor, tensor])
    if task != "multilabel":
        return _class_table(task, tensor, "alpha")
    if tensor.dim() != 1 or not bool(((tensor > 0) & (tensor < 1)).all()):
        raise ValueError(
            "LossModule: alpha for task='multilabel' must be a number in [0, 1] or a vector of one "
            f"number in (0, 1) for each label, got {alpha!r}."
        )
    return torch.stack([1 - tensor, tensor])


def _class_table(task: str, class_weight: Any, name: str = "class_weight") -> Tensor:
    tensor = _numbers(name, class_weight)
    shapes = {
        "binary": "of shape (2,), negatives first",
        "multilabel": "of shape (2,) or (2, n_labels), negatives first",
        "multiclass": "of shape (n_classes,)",
    }
    fits = tensor.dim() == 1 if task == "multiclass" else tensor.shape[:1] == (2,)
    if not fits or tensor.dim() > (2 if task == "multilabel" else 1):
        raise ValueError(
            f"LossModule: {name} for task={task!r} must be {shapes[task]}, got the shape "
            f"{tuple(tensor.shape)}."
        )
    return _non_negative(name, tensor)


def _positive_table(task: str, pos_weight: Any) -> Tensor:
    if task == "multiclass":
        raise ValueError(
            "LossModule: pos_weight needs a positive class; for task='multiclass' give "
            "class_weight, one weight for each class."
        )
    tensor = _non_negative("pos_weight", _numbers("pos_weight", pos_weight))
    if tensor.dim() > 1 or (task == "binary" and tensor.numel() != 1):
        raise ValueError(
            "LossModule: pos_weight must be a number, or for task='multilabel' a vector of one "
            f"number for each label, got the shape {tuple(tensor.shape)}."
        )
    if task == "binary":
        tensor = tensor.reshape(())
    return torch.stack([torch.ones_like(tensor), tensor])


def _numbers(name: str, given: Any) -> Tensor:
    """Return what is given as a tensor of float64, for arithmetic, without a graph."""
    try:
        if isinstance(given, bool | str):
            raise TypeError
        return torch.as_tensor(given, dtype=torch.float64).detach()
    except (TypeError, ValueError, RuntimeError):
        hint = ""
        if isinstance(given, str):
            hint = (
                "; skfocal.weights has balanced_weights and effective_number_weights, which make "
                "them from class counts"
            )
        raise TypeError(
            f"LossModule: {name} must be a number or a vector of numbers, got {given!r}{hint}."
        ) from None


def _non_negative(name: str, tensor: Tensor) -> Tensor:
    if not bool(((tensor >= 0) & tensor.isfinite()).all()):
        raise ValueError(
            f"LossModule: {name} must hold finite weights of at least 0, got {tensor.tolist()}."
        )
    return tensor


def _check_same_length(tables: list[Tensor]) -> None:
    lengths = sorted({table.shape[-1] for table in tables} - {1})
    if len(lengths) > 1:
        raise ValueError(
            "LossModule: alpha, class_weight and pos_weight must be for the same classes, got "
            f"weights for {lengths[0]} and for {lengths[1]}."
        )
