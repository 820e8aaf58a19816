"""Several labels per row: one score for each; labels do not exclude one another."""

import numpy as np

from skfocal.losses._math import Array
from skfocal.tasks._cells import Cells


class Multilabel(Cells):
    """Scores (n, L), targets (n, L) of 0 and 1, class weights (2, L), negatives first."""

    name = "multilabel"

    def n_scores(self, per_class: Array) -> int:
        """Return the number of labels."""
        return per_class.shape[-1]

    def from_columns(self, columns: Array) -> Array:
        """Return the columns: one per label."""
        return columns

    def to_columns(self, scores: Array) -> Array:
        """Return the scores: one column per label."""
        return scores

    def count(
        self, target: np.ndarray, sample_weight: np.ndarray | None, n_classes: int = 2
    ) -> np.ndarray:
        """Return the summed weights of both sides of each label."""
        weight = np.ones(len(target)) if sample_weight is None else sample_weight
        positive = weight @ target
        return np.stack([weight.sum() - positive, positive])
