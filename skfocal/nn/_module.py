"""Any registered loss as a torch module."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skfocal.losses import MarginLoss, get_loss
from skfocal.losses._base import TASKS
from skfocal.margins import transform_scores
from skfocal.nn._density import MovingDensity, batch_margins
from skfocal.nn._function import LossFunction
from skfocal.nn._reduction import REDUCTIONS, reduce_items
from skfocal.nn._settings import ItemSettings
from skfocal.nn._targets import Items, arrange_items, arrange_weight
from skfocal.nn._weights import as_single_alpha, single_alpha_error, weight_table


class LossModule(nn.Module):
    """Any loss of the margin as a torch module, on scores (logits).

    The loss of an item with target y is ``a_y l_y(m)``, with m the margin of its scores and a the
    class weights; a soft target t means the mixture ``sum_k t_k a_k l_k``. ``"focal"`` with
    ``alpha=0.25, gamma=2.0`` is torchvision's ``sigmoid_focal_loss`` wherever that is right: for
    gamma < 1, or logits of which float32 makes 0 or 1, its gradient becomes NaN.

    Parameters
    ----------
    loss : str or MarginLoss
        A registered name, with its parameters as keywords, or an instance.
    task : {"binary", "multilabel", "multiclass"}
        ``"binary"``: one score per item, scores and target of the same shape, where (N,) and
        (N, 1) are equivalent. ``"multilabel"``: scores and target (N, L, ...), each cell an item.
        ``"multiclass"``: scores (N, K, ...) and target (N, ...) of class indices, or (N, K, ...)
        of class probabilities; a single row (K,) too.
    alpha : None, float in [0, 1] or vector, default=None
        Weights of the classes, *not normalised* (unlike in the estimators): a float weights
        positives by alpha and negatives by ``1 - alpha``. A vector has one weight of at least 0
        for each class (negatives first), or for multilabel one number in (0, 1) for each label.
        The paper uses 0.25 with gamma = 2.
    class_weight : vector of shape (K,), or (2, L) for multilabel, default=None
        Further factor for each class, at least 0, negatives first.
    pos_weight : None, float or vector of shape (L,), default=None
        Further factor for positives, at least 0; as in ``torch.nn.BCEWithLogitsLoss``.
    reduction : {"none", "mean", "sum", "positives", "weights"}, default="mean"
        ``"none"``: the losses, of the shape of the items. ``"mean"``: their sum divided by the
        number of items that are not ignored, or by the sum of their sample weights; in multilabel
        every cell is an item. ``"positives"``: divided by the number (the sum of the sample
        weights) of the positives, at least 1; not for multiclass. ``"weights"``: by the sum of
        sample weight times class weight, as ``F.cross_entropy(weight=...)`` does. The sum of no
        items is 0 for each of them.
    ignore_index : int, default=-100
        Target of items that are ignored: no loss and no gradient, whatever their scores.
    label_smoothing : float in [0, 1), default=0.0
        Every target t becomes ``(1 - label_smoothing) t + label_smoothing / K``, with K = 2 for
        binary and multilabel.
    class_counts : vector of shape (K,), or (2, L) for multilabel, default=None
        Rows of each class in the training data, negatives first, before any weight, for a loss
        that depends on them.
    class_dim : int, default=1
        Dimension of the classes or labels in the scores; -1 for channels-last.
    **loss_parameters
        Parameters of the loss, with a name only, such as ``gamma=2.0``.

    Attributes
    ----------
    loss : MarginLoss
        The current loss; schedules change it.
    class_weight : Tensor of shape (K,), (2,) or (2, L), or None
        Product of `alpha`, `class_weight` and `pos_weight`, negatives first; a buffer.
    reweighted : bool
        Whether the class weights are applied; schedules change it.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an argument is outside its range, does not fit another, or the loss is not defined for
        the task.

    See Also
    --------
    initial_bias : The bias of the last layer to start with.
    skfocal.losses : The losses.

    Notes
    -----
    Computation is in float32 or float64. float16 and bfloat16 scores are computed in float32 and
    the result is rounded back to their type, but stays float32 under autocast, as with torch's
    own losses.

    On the CPU the values of the targets are checked. On other devices and in compiled code they
    are not, as that would wait for the device; and floating-point targets, which may be soft,
    cost two evaluations there: give integers or booleans if they are hard.

    A loss with a memory of batches (``"ghm"`` with momentum) updates it in training mode only.

    Examples
    --------
    >>> import torch
    >>> from skfocal.nn import LossModule
    >>> criterion = LossModule("focal", "binary", alpha=0.25, gamma=2.0)
    >>> scores = torch.tensor([2.0, -1.0], requires_grad=True)
    >>> loss = criterion(scores, torch.tensor([1, 0]))
    >>> loss.backward()
    >>> loss.detach(), scores.grad
    (tensor(0.0087), tensor([-0.0006,  0.0197]))
    """

    class_weight: Tensor | None

    def __init__(
        self,
        loss: str | MarginLoss,
        task: str,
        *,
        alpha: Any = None,
        class_weight: Any = None,
        pos_weight: Any = None,
        reduction: str = "mean",
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        class_counts: Any = None,
        class_dim: int = 1,
        **loss_parameters: Any,
    ) -> None:
        super().__init__()
        _check_arguments(task, reduction, label_smoothing, ignore_index, class_dim)
        self.loss = _bound_loss(get_loss(loss, **loss_parameters), task, class_counts)
        self.task = task
        self.reduction = reduction
        self.ignore_index = ignore_index
        self.label_smoothing = float(label_smoothing)
        self.class_dim = class_dim
        self.reweighted = True
        self.register_buffer("class_weight", weight_table(task, alpha, class_weight, pos_weight))
        self._single_alpha = as_single_alpha(alpha)
        if class_counts is not None and task != "binary":
            self._check_width(np.shape(class_counts)[-1])
        has_memory = bool(getattr(self.loss, "momentum", 0.0))
        self.density = MovingDensity(self.loss.bins) if has_memory else None

    def forward(
        self, scores: Tensor, target: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        scores : Tensor of a floating-point dtype
            Logits; see `task` for the shape.
        target : Tensor
            Class indices or 0 / 1 (integers or booleans), or probabilities in [0, 1] (floats).
        sample_weight : Tensor, default=None
            At least 0: one weight for each item, or one for each entry of the first dimension.

        Returns
        -------
        Tensor
            Of shape (), or with ``reduction="none"`` of the shape of the items.

        Raises
        ------
        TypeError
            If an argument is not a tensor of the right kind.
        ValueError
            If shapes do not fit, or, on the CPU, a target is out of range.
        """
        items = arrange_items(scores, target, self.task, self.class_dim)
        if self.task != "binary" and items.scores.dim():
            self._check_width(items.scores.shape[-1])
        if sample_weight is not None:
            sample_weight = arrange_weight(
                sample_weight, items, target.shape, self.task, self.class_dim
            )
        items = items._replace(scores=transform_scores(self.loss, items.scores, self.task))
        settings = ItemSettings(self.loss, self.task, self.ignore_index, self.label_smoothing)
        class_weight = self.class_weight if self.reweighted else None
        value, _, count = LossFunction.apply(
            items.scores,
            items.target,
            class_weight,
            self._batch_weight(settings, items, sample_weight),
            settings,
            int(torch.is_grad_enabled() and items.scores.requires_grad),
            self.reduction != "none" and sample_weight is None,
        )
        result = reduce_items(
            value, count, self.reduction, settings, items, sample_weight, class_weight
        )
        if self.reduction == "none" and self.task == "multilabel" and result.dim() > 1:
            result = result.movedim(-1, self.class_dim)
        if result.dtype == scores.dtype or _under_autocast(scores.device.type):
            return result
        return result.to(scores.dtype)

    def extra_repr(self) -> str:
        """Return the settings of the module."""
        shown = [repr(self.loss), f"task={self.task!r}", f"reduction={self.reduction!r}"]
        if self.class_weight is not None:
            shown.append(f"class_weight={self.class_weight.tolist()}")
        return ", ".join(shown)

    def _batch_weight(
        self, settings: ItemSettings, items: Items, sample_weight: Tensor | None
    ) -> Tensor | None:
        """Return the weights that depend on the batch, as constants to autograd."""
        if not self.loss.weighs_batch:
            return None
        if sample_weight is not None:
            sample_weight = sample_weight.detach()
        items = items._replace(scores=items.scores.detach())
        margin, weight = batch_margins(settings, items, sample_weight)
        momentum = getattr(self.loss, "momentum", 0.0)
        if momentum and self.density is not None:
            histogram = self.loss.histogram(margin, weight)
            share = self.density(histogram.share, momentum)
            result = self.loss.weight_by_density(histogram, share)
        else:
            result = self.loss.batch_weight(margin, weight)
        return result.to(items.scores.dtype)

    def _check_width(self, width: int) -> None:
        """Raise unless there are class weights for as many classes or labels."""
        if self.class_weight is None:
            return
        known = self.class_weight.shape[-1]
        if self.task == "multilabel":
            if self.class_weight.dim() == 2 and known not in (1, width):
                raise ValueError(
                    f"LossModule: the weights are for {known} labels, but there are {width}."
                )
        elif known != width:
            if self._single_alpha is not None and known == 2:
                raise single_alpha_error(self._single_alpha, width)
            raise ValueError(
                f"LossModule: the weights are for {known} classes, but there are {width}."
            )


def _check_arguments(
    task: str, reduction: str, label_smoothing: float, ignore_index: Any, class_dim: Any
) -> None:
    _check_choice("task", task, sorted(TASKS))
    _check_choice("reduction", reduction, REDUCTIONS)
    if task == "multiclass" and reduction == "positives":
        raise ValueError(
            "LossModule: reduction='positives' needs a positive class; for task='multiclass' "
            "use 'mean', 'sum', 'weights' or 'none'."
        )
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"LossModule: label_smoothing must be in [0, 1), got {label_smoothing!r}.")
    for name, value in (("ignore_index", ignore_index), ("class_dim", class_dim)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"LossModule: {name} must be an integer, got {value!r}.")


def _check_choice(name: str, value: Any, allowed: Any) -> None:
    if value not in allowed:
        raise ValueError(f"LossModule: {name} must be one of {list(allowed)}, got {value!r}.")


def _under_autocast(device_type: str) -> bool:
    return torch.amp.is_autocast_available(device_type) and torch.is_autocast_enabled(device_type)


def _bound_loss(loss: MarginLoss, task: str, class_counts: Any) -> MarginLoss:
    """Return the loss bound to the class counts; raise if it needs some, or another task."""
    if task not in loss.tasks:
        raise ValueError(
            f"LossModule: {loss!r} is not defined for task={task!r}, only for {sorted(loss.tasks)}."
        )
    if class_counts is not None:
        if isinstance(class_counts, Tensor):
            class_counts = class_counts.detach().cpu().numpy()
        return loss.bind(class_counts)
    try:
        loss.evaluate(np.zeros(1), 0, 0)
    except ValueError as error:
        raise ValueError(f"LossModule: class_counts is needed here. {error}") from None
    return loss
