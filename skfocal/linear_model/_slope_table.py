"""The slope of a loss in a binary score, looked up instead of computed."""

import numpy as np

from skfocal.losses import MarginLoss
from skfocal.tasks import Task

# The table's end. Blocks with a score within 1 of it, or beyond, are computed; few rows have such.
LIMIT = 32.0
# Cells per unit of the score: the first that is exact enough. More no longer fit into the cache.
CELLS = (64, 128, 256)
# Largest error of the interpolation, relative to the slope itself.
ERROR = 1e-8
UNDERFLOW = 1e-200


class SlopeTable:
    """Cubic Hermite interpolation of the slope of each class, times the weight of the class.

    It takes a fifth of the time of a focal loss and serves any smooth loss, registered or a
    user's own. Build it by :meth:`of`.

    Parameters
    ----------
    cubics : ndarray of shape (2 * n_cells, 4)
        Coefficients of the cubics of the negatives, then of the positives.
    cells : int
        Cells per unit of the score.
    """

    def __init__(self, cubics: np.ndarray, cells: int) -> None:
        self.cubics = cubics
        self.cells = cells

    @classmethod
    def of(cls, loss: MarginLoss, task: Task, class_weight: np.ndarray) -> "SlopeTable | None":
        """Return the table of a loss, or None if it has no binary slope that a cubic follows."""
        if task.is_softmax or not loss.traits.smooth:
            return None
        for cells in CELLS:
            cubics = np.empty((2, int(2 * LIMIT * cells), 4))
            for side in (0, 1):
                _fill(cubics[side], loss, task, side, cells)
            if all(_follows(cubics[side], loss, task, side, cells) for side in (0, 1)):
                cubics *= class_weight[:, None, None]
                return cls(cubics.reshape(-1, 4), cells)
        return None

    def slopes(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray | None:
        """Return the weighted slopes of rows, or None if a score is outside of the table.

        Parameters
        ----------
        scores : ndarray of shape (n,) of float
        target : ndarray of shape (n,) of 0 and 1

        Returns
        -------
        ndarray of shape (n,) of float64
        """
        # Not a number fails both comparisons.
        if not (scores.min() > 1.0 - LIMIT and scores.max() < LIMIT - 1.0):
            return None
        # In float64, whatever the scores: a cell is a 4,096th of the table and less.
        position = np.multiply(scores, self.cells, dtype=np.float64)
        position += LIMIT * self.cells
        cell = position.astype(np.intp)
        position -= cell
        cell += target * np.intp(len(self.cubics) // 2)
        constant, linear, square, cube = self.cubics.take(cell, axis=0).T
        slopes = cube * position
        slopes += square
        slopes *= position
        slopes += linear
        slopes *= position
        slopes += constant
        return slopes


def _exact(
    loss: MarginLoss, task: Task, side: int, scores: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and curvature of one class in the scores."""
    at = task.derivatives(loss, scores, np.full(len(scores), side), 2)
    return at.gradient, at.curvature(exact=True)


def _fill(cubics: np.ndarray, loss: MarginLoss, task: Task, side: int, cells: int) -> None:
    """Set the coefficients of the cubics of one class."""
    nodes = np.arange(-LIMIT * cells, LIMIT * cells + 1) / cells
    slope, curvature = _exact(loss, task, side, nodes)
    curvature = curvature / cells
    rise = np.diff(slope)
    cubics[:, 0] = slope[:-1]
    cubics[:, 1] = curvature[:-1]
    cubics[:, 2] = 3 * rise - 2 * curvature[:-1] - curvature[1:]
    cubics[:, 3] = curvature[:-1] + curvature[1:] - 2 * rise


def _follows(cubics: np.ndarray, loss: MarginLoss, task: Task, side: int, cells: int) -> bool:
    """Return whether the cubics are exact enough in the middle of the cells, where they err most.

    Relative to the slope, except where that has underflowed.
    """
    middles = (np.arange(-LIMIT * cells, LIMIT * cells) + 0.5) / cells
    slope, _ = _exact(loss, task, side, middles)
    error = np.abs(cubics @ np.array([1.0, 0.5, 0.25, 0.125]) - slope)
    return bool(np.all(error <= ERROR * np.abs(slope) + UNDERFLOW))
