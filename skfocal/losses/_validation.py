"""Checks that the losses share: parameters inside their range, counts that are counts."""

import math

import numpy as np

from skfocal.losses._base import MarginLoss
from skfocal.losses._math import Array


def check_parameter(
    loss: MarginLoss,
    name: str,
    low: float,
    high: float = math.inf,
    *,
    closed: str = "left",
    vector: bool = False,
) -> None:
    """Raise unless a parameter of a loss is a number in the interval from `low` to `high`.

    Parameters
    ----------
    loss : MarginLoss
    name : str
        The parameter.
    low, high : float
        Ends of the interval.
    closed : {"left", "right", "neither"}, default="left"
        The end that belongs to it; an infinite end does not.
    vector : bool, default=False
        Whether one value per label is allowed too.

    Raises
    ------
    TypeError
        If the parameter is not a number (or a vector of them).
    ValueError
        If it is NaN or outside the interval.
    """
    given = getattr(loss, name)
    left, right = "[" if closed == "left" else "(", "]" if closed == "right" else ")"
    allowed = "a number (or a vector of one per label)" if vector else "a number"
    message = f"{type(loss).__name__}: {name} must be {allowed} in {left}{low:g}, {high:g}{right}"
    try:
        number = np.asarray(given)
    except ValueError:  # a ragged list
        number = np.asarray(None)
    if number.dtype.kind not in "iuf" or number.ndim > vector:
        raise TypeError(f"{message}, got {given!r}.")
    above = number >= low if closed == "left" else number > low
    below = number <= high if closed == "right" else number < high
    if not np.all(above & below):  # NaN is neither
        raise ValueError(f"{message}, got {given!r}.")


def check_class_counts(loss: MarginLoss, class_counts: Array) -> np.ndarray:
    """Return the counts as float64; raise unless they can be those of a training set.

    Parameters
    ----------
    loss : MarginLoss
    class_counts : array-like of shape (K,), or (2, L) for multilabel data
        Summed sample weights of each class. A class may be absent, but not all of them.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ValueError
        If the shape is another, a count is negative or not finite, or a label has no counts.
    """
    counts = np.asarray(class_counts, dtype=np.float64)
    name = type(loss).__name__
    if counts.ndim not in (1, 2) or len(counts) < 2 or (counts.ndim == 2 and len(counts) > 2):
        raise ValueError(
            f"{name}: class_counts must have the shape (n_classes,) or (2, n_labels), got the "
            f"shape {counts.shape}."
        )
    if not np.all((counts >= 0) & np.isfinite(counts)) or not np.all(counts.sum(axis=0) > 0):
        raise ValueError(
            f"{name}: class_counts must be finite, not negative and not all 0, got "
            f"{counts.tolist()}."
        )
    return counts


def unbound_error(loss: MarginLoss) -> ValueError:
    """Return the error for a loss that is used before it has seen the class counts."""
    return ValueError(
        f"{loss!r} depends on the class counts of the training set: use "
        "loss.bind(class_counts) first."
    )
