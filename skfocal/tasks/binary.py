"""Two classes: one score per row, the log-odds of the second class."""

import numpy as np
from scipy.special import log_expit

from skfocal.losses._math import Array
from skfocal.tasks._cells import Cells
from skfocal.weights import class_counts


class Binary(Cells):
    """Scores (n,), targets (n,) of 0 and 1, class weights (2,)."""

    name = "binary"

    def n_scores(self, per_class: Array) -> int:
        """Return 1."""
        return 1

    def from_columns(self, columns: Array) -> Array:
        """Drop the axis of one column."""
        return columns[..., 0]

    def to_columns(self, scores: Array) -> Array:
        """Add an axis of one column."""
        return scores[..., None]

    def count(
        self, target: np.ndarray, sample_weight: np.ndarray | None, n_classes: int = 2
    ) -> np.ndarray:
        """Return the summed weights of both classes."""
        return class_counts(target, sample_weight, 2)

    def probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return both classes, each to full precision where ``1 - p`` would lose the small ones."""
        # exp(-max(z, 0)) and exp(min(z, 0)) over their sum: faster than a sigmoid for each side.
        # Columns are contiguous.
        columns = np.empty((2, *log_odds.shape), dtype=log_odds.dtype)
        np.exp(-np.maximum(log_odds, 0), out=columns[0])
        np.exp(np.minimum(log_odds, 0), out=columns[1])
        columns /= columns[0] + columns[1]
        return np.moveaxis(columns, 0, -1)

    def log_probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the logarithms for both classes."""
        return np.stack([log_expit(-log_odds), log_expit(log_odds)], axis=-1)
