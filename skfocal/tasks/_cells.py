"""What binary and multilabel share: every score is a separate decision with two sides."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_expit, logit, logsumexp

from skfocal.losses import MarginLoss
from skfocal.losses._math import Array, array_namespace
from skfocal.tasks._contract import Task


class CellMargin(NamedTuple):
    """Margins of cells, and their derivative in the scores, which is 1 or -1."""

    margin: Array
    sign: Array


class Cells(Task):
    """Scores of any shape, and targets of 0 and 1 of the same shape."""

    is_softmax = False

    def indicator(self, target: np.ndarray, n_classes: int = 2) -> np.ndarray:
        """Return where the target is 1."""
        return self.to_columns(target > 0)

    def contrast(self, per_class: Array) -> Array:
        """Return positives minus negatives."""
        return per_class[1] - per_class[0]

    def margin(self, scores: Array, target: Array) -> CellMargin:
        """Return the score of a positive, and minus the score of a negative.

        By arithmetic: choosing by the target is several times slower, in NumPy and torch alike.
        """
        if array_namespace(scores) is np:
            sign = np.multiply(target, 2.0, dtype=scores.dtype) - 1.0
        else:
            sign = 2.0 * target.to(scores.dtype) - 1.0
        return CellMargin(sign * scores, sign)

    def gradient(self, derivative: Array, at: CellMargin) -> Array:
        """Return ``l'(m)`` for positives, ``-l'(m)`` for negatives."""
        return at.sign * derivative

    def curvature(self, derivative: Array, curvature: Array, at: CellMargin) -> Array:
        """Return `curvature`: the square of a sign is 1."""
        return curvature

    curvature_diagonal = curvature

    def curvature_product(
        self, derivative: Array, curvature: Array, at: CellMargin, vector: Array
    ) -> Array:
        """Multiply cell by cell."""
        return curvature * vector

    def undistorted(self, loss: MarginLoss, scores: Array) -> Array:
        """Return ``z - h_1(z) + h_0(-z)``."""
        return scores if loss.traits.proper else scores + loss.log_odds_shift(scores)

    def normalised(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the log-odds: they are normalised as they are."""
        return log_odds

    def log_odds_of(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the logit."""
        return logit(probabilities)

    def mean(self, log_odds: np.ndarray) -> np.ndarray:
        """Average both sides in log space: 1 - p would lose the small ones."""
        return logsumexp(log_expit(log_odds), axis=0) - logsumexp(log_expit(-log_odds), axis=0)

    def decide(self, log_odds: np.ndarray) -> np.ndarray:
        """Return 1 where the log-odds are positive."""
        return (log_odds > 0).astype(int)

    def centred(self, scores: np.ndarray) -> np.ndarray:
        """Return the scores: each counts."""
        return scores

    def probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the probability of the positive side."""
        return expit(log_odds)

    def log_probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the logarithm of the probability of the positive side."""
        return log_expit(log_odds)
