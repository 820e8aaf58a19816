"""Initial biases of an output layer, from the class frequencies."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from skfocal.losses import MarginLoss, get_loss
from skfocal.losses._math import add_half_rows
from skfocal.nn._module import LossModule
from skfocal.posterior import best_constant_score
from skfocal.tasks import get_task

KINDS = ("prior", "best")


def initial_bias(
    loss: str | MarginLoss | LossModule,
    y: ArrayLike | Tensor,
    how: str = "prior",
    *,
    n_classes: int | None = None,
    sample_weight: ArrayLike | Tensor | None = None,
) -> Tensor:
    """Return the bias with which an output layer starts at the class frequencies.

    A network that starts at a score of 0 spends its first steps learning that positives are rare,
    and may become unstable if they are very rare.

    Parameters
    ----------
    loss : str, MarginLoss or LossModule
        What will be minimised. A module also gives its task and class weights.
    y : array-like or Tensor of shape (n,) or (n, L)
        Training labels: 0 or 1 for binary, 0 to K - 1 for multiclass, an indicator matrix for
        multilabel.
    how : {"prior", "best"}, default="prior"
        ``"prior"``: the scores whose sigmoid or softmax are the class frequencies, as in the
        paper; class weights are not used. ``"best"``: the constant scores of least loss, with
        class weights; the same as ``"prior"`` for cross-entropy without weights.
    n_classes : int, default=None
        K, if it is not the largest label + 1. 2 without a :class:`LossModule` means binary.
    sample_weight : array-like or Tensor of shape (n,), default=None
        Weight of each row.

    Returns
    -------
    Tensor of torch's default dtype
        Of shape () for binary, (K,) for multiclass with mean 0, (L,) for multilabel. If a class
        has no rows, half a row is added to each class.

    Raises
    ------
    ValueError
        If `how` is unknown, `y` is not of these forms, or `how` is ``"best"`` for a loss that is
        not invertible or with a class weight of 0.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, section 4.1,
    doi:10.1109/ICCV.2017.324

    Examples
    --------
    >>> from skfocal.nn import initial_bias
    >>> y = [0] * 99 + [1]
    >>> initial_bias("focal", y).sigmoid()
    tensor(0.0100)
    >>> initial_bias("focal", y, how="best").sigmoid()
    tensor(0.1536)
    """
    if how not in KINDS:
        raise ValueError(f"how must be one of {list(KINDS)}, got {how!r}.")
    labels = _as_array(y)
    task, class_weight = None, None
    if isinstance(loss, LossModule):
        task = loss.task
        if loss.class_weight is not None:
            class_weight = loss.class_weight.detach().cpu().double().numpy()
            n_classes = n_classes or class_weight.shape[0]
        loss = loss.loss
    else:
        loss = get_loss(loss)
    task = task or _task_of(labels, n_classes)
    counts = _class_counts(labels, task, n_classes, _as_array(sample_weight))
    if how == "best":
        if class_weight is not None and class_weight.ndim < counts.ndim:
            class_weight = class_weight[:, None]
        score = best_constant_score(loss.bind(counts), counts, class_weight, task=task)
    else:
        form = get_task(task)
        score = form.centred(form.contrast(np.log(counts))) / loss.score_scale
    return torch.as_tensor(score, dtype=torch.get_default_dtype())


def _as_array(values: Any) -> Any:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    return None if values is None else np.asarray(values)


def _task_of(labels: np.ndarray, n_classes: int | None) -> str:
    if labels.ndim == 2:
        return "multilabel"
    if n_classes is None and labels.size:
        n_classes = int(labels.max()) + 1
    return "multiclass" if n_classes is not None and n_classes > 2 else "binary"


def _class_counts(
    labels: np.ndarray, task: str, n_classes: int | None, sample_weight: np.ndarray | None
) -> np.ndarray:
    """Return the summed weights of the classes, of shape (K,) or (2, L), none of them 0."""
    expected = 2 if task == "multilabel" else 1
    if labels.ndim != expected or len(labels) == 0:
        raise ValueError(
            f"y for task={task!r} must have {expected} dimension(s) and some rows, got the shape "
            f"{labels.shape}."
        )
    codes = labels.astype(np.intp)
    top = 1 if task != "multiclass" else (n_classes or int(codes.max()) + 1) - 1
    if np.any(codes != labels) or codes.min() < 0 or codes.max() > top:
        raise ValueError(
            f"y for task={task!r} must hold integers from 0 to {top}, got values from "
            f"{labels.min()} to {labels.max()}."
        )
    if sample_weight is not None:
        sample_weight = sample_weight.astype(np.float64)
    return add_half_rows(get_task(task).count(codes, sample_weight, top + 1))
