"""Schedules: which loss, and whether class weights, from epoch to epoch.

They import no torch: a fitted estimator that was given one must load without it.
"""

from abc import abstractmethod
from copy import copy
from typing import Any, Protocol

from sklearn.base import BaseEstimator

from skfocal.losses import CrossEntropyLoss, MarginLoss
from skfocal.losses._blend import BlendedLoss


class _Module(Protocol):
    """What a schedule changes: a :class:`skfocal.nn.LossModule`."""

    loss: MarginLoss
    reweighted: bool


class Schedule(BaseEstimator):
    """Base class of the schedules.

    A schedule is a value: it can be cloned, searched over and shared. :meth:`attach` makes of it
    something with a ``step``.
    """

    def validate(self) -> None:
        """Raise TypeError or ValueError if a parameter is outside its range."""

    @abstractmethod
    def apply(self, module: _Module, loss: MarginLoss, epoch: int) -> None:
        """Change a module for an epoch.

        Parameters
        ----------
        module : LossModule
            Its ``loss`` or ``reweighted`` is set.
        loss : MarginLoss
            The loss that the module was made with.
        epoch : int
            Counted from 0.
        """

    def attach(self, module: _Module) -> "AttachedSchedule":
        """Apply the schedule to a module, starting at epoch 0.

        Parameters
        ----------
        module : LossModule
            A module with the final loss and class weights.

        Returns
        -------
        AttachedSchedule
            Call its ``step(epoch)`` at the beginning of every epoch.

        Raises
        ------
        ValueError
            If the schedule does not fit the loss.
        """
        return AttachedSchedule(self, module)


class AttachedSchedule:
    """A schedule applied to one module; made by :meth:`Schedule.attach`.

    Parameters
    ----------
    schedule : Schedule
        What to apply at each epoch.
    module : LossModule
        The module that it changes.
    """

    def __init__(self, schedule: Schedule, module: _Module) -> None:
        self.schedule = schedule
        self.module = module
        self._loss = module.loss
        self.step(0)

    def step(self, epoch: int) -> None:
        """Set the module for an epoch.

        Parameters
        ----------
        epoch : int
            Counted from 0; any order is allowed.
        """
        self.schedule.apply(self.module, self._loss, epoch)


class WarmUp(Schedule):
    """Cross-entropy first, then the loss.

    Losses that concentrate on hard rows learn slowly from random weights, for which nearly all
    rows are hard. After a few epochs of cross-entropy only the truly hard rows are left.

    Parameters
    ----------
    epochs : int in [0, inf), default=1
        Epochs of cross-entropy.
    blend : int in [0, inf), default=0
        Further epochs in which the fraction of the loss rises in equal steps. 0 switches at once.

    Raises
    ------
    TypeError
        If a parameter is not an integer.
    ValueError
        If a parameter is negative.

    Examples
    --------
    >>> from skfocal.nn import LossModule, WarmUp
    >>> criterion = LossModule("focal", "binary", gamma=2.0)
    >>> schedule = WarmUp(epochs=2, blend=1).attach(criterion)
    >>> for epoch in range(4):
    ...     schedule.step(epoch)
    ...     print(epoch, criterion.loss)
    0 CrossEntropyLoss()
    1 CrossEntropyLoss()
    2 BlendedLoss(loss=FocalLoss())
    3 FocalLoss()
    """

    def __init__(self, epochs: int = 1, blend: int = 0) -> None:
        self.epochs = epochs
        self.blend = blend
        self.validate()

    def validate(self) -> None:
        """Raise unless both are integers of at least 0."""
        _check_count(self, "epochs")
        _check_count(self, "blend")

    def attach(self, module: _Module) -> AttachedSchedule:
        """Return the schedule at work; see :meth:`Schedule.attach`."""
        if self.blend:
            BlendedLoss(module.loss)  # refuses what cannot be blended, before any epoch
        return super().attach(module)

    def apply(self, module: _Module, loss: MarginLoss, epoch: int) -> None:
        """Set the loss of an epoch; see :meth:`Schedule.apply`."""
        if epoch < self.epochs:
            module.loss = CrossEntropyLoss()
        elif epoch < self.epochs + self.blend:
            module.loss = BlendedLoss(loss, (epoch - self.epochs + 1) / (self.blend + 1))
        else:
            module.loss = loss


class GammaSchedule(Schedule):
    """A focusing exponent that moves from one value to another in equal steps.

    Parameters
    ----------
    start : float in [0, inf), default=0.0
        ``gamma`` in epoch 0. 0 is cross-entropy.
    stop : float in [0, inf), default=2.0
        ``gamma`` from epoch `epochs` on.
    epochs : int in [0, inf), default=10
        Number of epochs from `start` to `stop`.

    Raises
    ------
    TypeError
        If `start` or `stop` is not a number or `epochs` not an integer.
    ValueError
        If a parameter is negative or not finite.

    Examples
    --------
    >>> from skfocal.nn import GammaSchedule, LossModule
    >>> criterion = LossModule("focal", "binary")
    >>> schedule = GammaSchedule(start=0.0, stop=2.0, epochs=4).attach(criterion)
    >>> schedule.step(3)
    >>> criterion.loss
    FocalLoss(gamma=1.5)
    """

    def __init__(self, start: float = 0.0, stop: float = 2.0, epochs: int = 10) -> None:
        self.start = start
        self.stop = stop
        self.epochs = epochs
        self.validate()

    def validate(self) -> None:
        """Raise unless the ends are finite and at least 0 and `epochs` is an integer."""
        _check_count(self, "epochs")
        for name in ("start", "stop"):
            value = getattr(self, name)
            if not isinstance(value, int | float):
                raise TypeError(f"GammaSchedule: {name} must be a number, got {value!r}.")
            if not 0 <= value < float("inf"):
                raise ValueError(
                    f"GammaSchedule: {name} must be finite and at least 0, got {value!r}."
                )

    def attach(self, module: _Module) -> AttachedSchedule:
        """Return the schedule at work; see :meth:`Schedule.attach`."""
        if "gamma" not in module.loss.get_params(deep=False):
            raise ValueError(
                f"GammaSchedule: {module.loss!r} has no parameter gamma; use a loss that has, such "
                "as 'focal', or WarmUp."
            )
        return super().attach(module)

    def apply(self, module: _Module, loss: MarginLoss, epoch: int) -> None:
        """Set the exponent of an epoch; see :meth:`Schedule.apply`."""
        done = min(epoch / self.epochs, 1.0) if self.epochs else 1.0
        # A copy, not a clone: a loss that is bound to class counts must stay so.
        gamma = (1 - done) * self.start + done * self.stop
        module.loss = copy(loss).set_params(gamma=float(gamma))


class DeferredReweighting(Schedule):
    """Class weights that are switched on late, when the features have been learned without.

    Parameters
    ----------
    epoch : int in [0, inf), default=1
        First epoch with class weights (alpha, class_weight and pos_weight). The paper takes the
        last fifth of the training.

    Raises
    ------
    TypeError
        If `epoch` is not an integer.
    ValueError
        If `epoch` is negative.

    References
    ----------
    Cao et al., "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss", NeurIPS
    2019, arXiv:1906.07413

    Examples
    --------
    >>> from skfocal.nn import DeferredReweighting, LossModule
    >>> criterion = LossModule("ldam", "multiclass", class_counts=[90, 10], class_weight=[1, 9])
    >>> schedule = DeferredReweighting(epoch=160).attach(criterion)
    >>> criterion.reweighted
    False
    >>> schedule.step(160)
    >>> criterion.reweighted
    True
    """

    def __init__(self, epoch: int = 1) -> None:
        self.epoch = epoch
        self.validate()

    def validate(self) -> None:
        """Raise unless the epoch is an integer of at least 0."""
        _check_count(self, "epoch")

    def apply(self, module: _Module, loss: MarginLoss, epoch: int) -> None:
        """Switch the weights of an epoch; see :meth:`Schedule.apply`."""
        module.reweighted = epoch >= self.epoch


def _check_count(schedule: Any, name: str) -> None:
    value = getattr(schedule, name)
    message = f"{type(schedule).__name__}: {name} must be an integer of at least 0, got {value!r}."
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(message)
    if value < 0:
        raise ValueError(message)
