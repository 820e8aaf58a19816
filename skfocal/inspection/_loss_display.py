"""Losses as curves."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from scipy.special import logit

from skfocal.inspection._axes import new_axes
from skfocal.losses import MarginLoss, get_loss

QUANTITIES = {"value": 0, "derivative": 1, "second_derivative": 2}
AXIS_LABELS = {
    "value": "loss (nats)",
    "derivative": "derivative in the margin",
    "second_derivative": "second derivative in the margin",
}


class LossDisplay:
    """Curves of losses against the probability of the true class, or the margin.

    Make one with :meth:`from_losses`.

    Parameters
    ----------
    x : ndarray of shape (n_points,)
        Where the losses were evaluated: probabilities or margins.
    curves : dict of str to ndarray of shape (n_points,)
        Name and values of each curve.
    quantity : {"value", "derivative", "second_derivative"}
        What the curves show.
    against : {"probability", "margin"}
        What `x` holds.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the curves were drawn.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        One line per curve.

    Examples
    --------
    >>> from skfocal.inspection import LossDisplay
    >>> from skfocal.losses import FocalLoss
    >>> display = LossDisplay.from_losses([FocalLoss(gamma=g) for g in (0, 1, 2)], n_points=50)
    >>> len(display.lines_)
    3
    """

    def __init__(
        self, *, x: np.ndarray, curves: dict[str, np.ndarray], quantity: str, against: str
    ) -> None:
        self.x = x
        self.curves = curves
        self.quantity = quantity
        self.against = against

    @classmethod
    def from_losses(
        cls,
        losses: Iterable[str | MarginLoss] | str | MarginLoss,
        *,
        quantity: str = "value",
        against: str = "probability",
        target: int = 1,
        n_points: int = 400,
        ax: Any = None,
        **line_options: Any,
    ) -> Self:
        """Evaluate losses and draw them.

        Parameters
        ----------
        losses : str, MarginLoss, or iterable of them
            Names or instances; a loss that depends on class counts must be bound.
        quantity : {"value", "derivative", "second_derivative"}, default="value"
            What to draw.
        against : {"probability", "margin"}, default="probability"
            Horizontal axis: the probability of the true class from 0 to 1, or the margin from
            -6 to 6.
        target : {0, 1}, default=1
            True class, for losses whose classes differ.
        n_points : int, default=400
            Points of each curve.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **line_options
            Passed to ``Axes.plot``.

        Returns
        -------
        LossDisplay

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If `quantity` or `against` is unknown.
        """
        if quantity not in QUANTITIES:
            raise ValueError(f"quantity must be one of {list(QUANTITIES)}, got {quantity!r}.")
        if against not in ("probability", "margin"):
            raise ValueError(f"against must be 'probability' or 'margin', got {against!r}.")
        if isinstance(losses, str | MarginLoss):
            losses = [losses]
        if against == "probability":
            # The ends, where a loss may be infinite, stay out.
            x = (np.arange(n_points) + 0.5) / n_points
            margin = logit(x)
        else:
            x = margin = np.linspace(-6, 6, n_points)
        order, codes = QUANTITIES[quantity], np.full(n_points, target)
        found = [get_loss(loss) for loss in losses]
        curves = {repr(loss): loss.evaluate(margin, order, codes)[order] for loss in found}
        display = cls(x=x, curves=curves, quantity=quantity, against=against)
        return display.plot(ax, **line_options)

    def plot(self, ax: Any = None, **line_options: Any) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **line_options
            Passed to ``Axes.plot``.

        Returns
        -------
        LossDisplay
            Itself, with ``ax_``, ``figure_`` and ``lines_``.
        """
        if ax is None:
            ax = new_axes(type(self).__name__)
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_ = [
            ax.plot(self.x, curve, label=name, **line_options)[0]
            for name, curve in self.curves.items()
        ]
        across = "probability of the true class" if self.against == "probability" else "margin"
        ax.set(xlabel=across, ylabel=AXIS_LABELS[self.quantity])
        ax.legend()
        return self
