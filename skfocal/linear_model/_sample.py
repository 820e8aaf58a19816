"""A sample of the rows that stands for all: every class keeps its weight."""

import numpy as np

from skfocal.weights import class_counts

# Rows of the sample: many from so many rows on, else few.
MANY_ROWS = 300_000
SAMPLE_ROWS = 16_384, 65_536
# Memory of the sample, a copy in float32, as a share of that of the table; a small table can
# spare more.
LARGEST_SHARE = 1 / 24
FEWEST_ROWS = 4096


def sample_size(n_rows: int, dtype: np.dtype) -> int:
    """Return how many rows are the best sample of so many."""
    largest = int(LARGEST_SHARE * n_rows * dtype.itemsize / np.dtype(np.float32).itemsize)
    return min(SAMPLE_ROWS[n_rows >= MANY_ROWS], max(FEWEST_ROWS, largest))


def draw_rows(
    target: np.ndarray,
    n_classes: int,
    sample_weight: np.ndarray | None,
    size: int,
    random: np.random.RandomState,
) -> np.ndarray:
    """Return sorted numbers of about `size` rows, rare classes first.

    A class may take its part of the sample, of K + 1 equal parts; what rare ones leave goes to
    the common ones. A uniform sample has too few rows of a rare class to know the curvature: with
    95 of a million, an iteration around its Hessian does not even converge.

    Parameters
    ----------
    target : ndarray of shape (n,)
        Class codes.
    n_classes : int
    sample_weight : ndarray of shape (n,) or None
        Rows of weight 0 are not drawn.
    size : int
    random : RandomState

    Returns
    -------
    ndarray of int
        In ascending order; a row of a common class may be drawn twice.
    """
    counts = class_counts(target, None, n_classes).astype(int)
    quota = np.minimum(counts, size // (n_classes + 1))
    left = counts - quota
    quota = quota + (left * ((size - quota.sum()) / max(1, left.sum()))).astype(int)
    drawn = [
        _rows_of_class(target == k, int(counts[k]), int(quota[k]), random)
        for k in range(n_classes)
        if quota[k]
    ]
    rows = np.sort(np.concatenate(drawn))
    return rows if sample_weight is None else rows[sample_weight[rows] > 0]


def _rows_of_class(
    members: np.ndarray, count: int, quota: int, random: np.random.RandomState
) -> np.ndarray:
    if 8 * count > len(members):
        # Numbers of all its rows would cost as much as a column of X.
        rows = random.randint(0, len(members), quota * len(members) // count)
        return rows[members[rows]]
    rows = np.flatnonzero(members)
    return rows if quota == count else rows[random.randint(0, count, quota)]
