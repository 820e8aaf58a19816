"""Labels to codes, a block of rows at a time, without a copy of the labels."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skfocal.utils._blocks import row_slices

BLOCK = 2**16
# Integers within such a range are looked up in a table; sorting them takes longer than a pass
# over the features.
TABLE = 256


def encode_labels(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted labels and the code of each row.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels of any type.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
    codes : ndarray of shape (n,)
        Of the smallest unsigned type that holds them.

    Raises
    ------
    ValueError
        If `y` is no classification target: not one-dimensional, or not discrete.
    """
    if y.dtype.kind in "biu" and y.ndim == 1 and len(y):
        integers = y.view(np.uint8) if y.dtype.kind == "b" else y
        if int(integers.max()) - int(integers.min()) < TABLE:
            classes, codes = _encode_small_range(integers)
            return classes.astype(y.dtype), codes
    classes = find_classes(y)
    return classes, encode_known(y, classes, "y")


def find_classes(y: np.ndarray) -> np.ndarray:
    """Return the sorted labels that occur in `y`; parameters and errors of `encode_labels`."""
    check_classification_targets(y[:BLOCK])
    classes = np.unique(y[:BLOCK])
    for rows in row_slices(len(y), BLOCK):
        new = _codes(y[rows], classes)[1]
        if len(new):
            # Twice, so that not every label is one of its own: that warns of a regression.
            check_classification_targets(np.repeat(new, 2))
            classes = np.union1d(classes, new)
    return classes


def encode_known(y: np.ndarray, classes: np.ndarray, owner: str) -> np.ndarray:
    """Return the code of each row among known, sorted classes.

    Parameters
    ----------
    y : ndarray of shape (n,)
    classes : ndarray of shape (n_classes,)
    owner : str
        Name of the estimator, for the message.

    Returns
    -------
    ndarray of shape (n,)

    Raises
    ------
    ValueError
        If `y` has other labels.
    """
    codes = np.empty(len(y), dtype=np.min_scalar_type(max(len(classes) - 1, 0)))
    for rows in row_slices(len(y), BLOCK):
        codes[rows], unknown = _codes(y[rows], classes)
        if len(unknown):
            check_classification_targets(y)
            raise ValueError(
                f"{owner}: y has the labels {unknown.tolist()}, which are not among the classes "
                f"{classes.tolist()}."
            )
    return codes


def _encode_small_range(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low = y.min()
    codes = np.empty(len(y), dtype=np.uint8)
    present = np.zeros(TABLE, dtype=bool)
    for rows in row_slices(len(y), BLOCK):
        # Modulo 256, so that a difference that its own type cannot hold is right too.
        codes[rows] = (y[rows] - low).astype(np.uint8)
        present |= np.bincount(codes[rows], minlength=TABLE) > 0
    offsets = np.flatnonzero(present)
    if offsets[-1] >= len(offsets):  # a gap between the labels
        ranks = (np.cumsum(present) - 1).astype(np.uint8)
        for rows in row_slices(len(y), BLOCK):
            codes[rows] = ranks[codes[rows]]
    return low + offsets.astype(y.dtype), codes


def _codes(y: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes of some rows and the labels that are not among the classes."""
    codes = np.searchsorted(classes, y)
    codes[codes == len(classes)] = 0
    other = classes[codes] != y
    return codes, np.unique(y[other]) if other.any() else y[:0]


def binary_target(y_true: ArrayLike, pos_label: Any = None) -> np.ndarray:
    """Return 1 where a label is the positive one, else 0."""
    labels = column_or_1d(y_true)
    if pos_label is not None:
        return (labels == pos_label).astype(int)
    found = np.unique(labels)
    if labels.dtype.kind in "biuf" and set(found.tolist()) <= {0, 1}:
        return labels.astype(int)
    if len(found) != 2:
        raise ValueError(
            f"y_true must have two labels, got {found[:5].tolist()}; pos_label says which is the "
            "positive one where it cannot be seen."
        )
    return (labels == found[1]).astype(int)
