"""What the loss of an item depends on, besides tensors."""

from typing import NamedTuple

from skfocal.losses import MarginLoss
from skfocal.tasks import get_task


class ItemSettings(NamedTuple):
    """The settings of a :class:`skfocal.nn.LossModule` that its computations need."""

    loss: MarginLoss
    task: str
    ignore_index: int
    label_smoothing: float

    @property
    def is_softmax(self) -> bool:
        """Whether a row of scores is one item; else each score is."""
        return get_task(self.task).is_softmax
