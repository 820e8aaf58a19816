"""Several classes: one score for each, turned into probabilities by the softmax."""

import numpy as np
from scipy.special import log_softmax, logsumexp, softmax

from skfocal.losses import MarginLoss
from skfocal.losses._math import Array, by_columns
from skfocal.margins import (
    MulticlassMargin,
    all_margins,
    multiclass_curvature_blocks,
    multiclass_curvature_product,
    multiclass_gradient,
    multiclass_margin,
)
from skfocal.tasks._contract import Task
from skfocal.weights import class_counts


class Multiclass(Task):
    """Scores (n, K), targets (n,) of 0 to K - 1, class weights (K,)."""

    name = "multiclass"
    is_softmax = True

    def n_scores(self, per_class: Array) -> int:
        """Return the number of classes."""
        return len(per_class)

    def from_columns(self, columns: Array) -> Array:
        """Return the columns: one per class."""
        return columns

    def to_columns(self, scores: Array) -> Array:
        """Return the scores: one column per class."""
        return scores

    def indicator(self, target: np.ndarray, n_classes: int) -> np.ndarray:
        """Return one column for each class."""
        return target[:, None] == np.arange(n_classes)

    def count(
        self, target: np.ndarray, sample_weight: np.ndarray | None, n_classes: int
    ) -> np.ndarray:
        """Return the summed weights of all classes."""
        return class_counts(target, sample_weight, n_classes)

    def contrast(self, per_class: Array) -> Array:
        """Return all K: only their differences count."""
        return per_class

    def margin(self, scores: Array, target: Array) -> MulticlassMargin:
        """Return the score of the true class minus the log-sum-exp of the others."""
        return multiclass_margin(scores, target)

    def gradient(self, derivative: Array, at: MulticlassMargin) -> Array:
        """Return ``l'(m) (e_y - r)``."""
        return multiclass_gradient(derivative, at)

    def curvature(self, derivative: Array, curvature: Array, at: MulticlassMargin) -> Array:
        """Return ``l''(m) (e_y - r)(e_y - r)^T - l'(m) (diag r - r r^T)``, (n, K, K)."""
        return multiclass_curvature_blocks(derivative, curvature, at)

    def curvature_diagonal(
        self, derivative: Array, curvature: Array, at: MulticlassMargin
    ) -> Array:
        """Return ``l''(m)`` at the true class, ``l''(m) r^2 - l'(m) r (1 - r)`` at the others."""
        wrong = at.wrong
        spread = wrong * (1.0 - wrong)
        return curvature[..., None] * at.direction**2 - derivative[..., None] * spread

    def curvature_product(
        self, derivative: Array, curvature: Array, at: MulticlassMargin, vector: Array
    ) -> Array:
        """Multiply row by row, without the matrices."""
        return multiclass_curvature_product(derivative, curvature, at, vector)

    def undistorted(self, loss: MarginLoss, scores: Array) -> Array:
        """Return ``z_k - h_k(logit p_k)``: the logarithm of p_k is z_k less a constant."""
        scores = by_columns(scores)
        classes = np.arange(scores.shape[-1])
        slope = loss.log_relative_slope(all_margins(scores), classes)
        # A masked class, of score -inf, has no probability, whatever its slope does there.
        return scores - np.where(np.isneginf(scores), 0.0, slope)

    def normalised(self, log_odds: np.ndarray) -> np.ndarray:
        """Return log-probabilities whose exponentials sum to 1."""
        return log_softmax(by_columns(log_odds), axis=-1)

    def log_odds_of(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the logarithms, after normalisation."""
        return np.log(probabilities / probabilities.sum(axis=-1, keepdims=True))

    def probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the softmax."""
        return softmax(by_columns(log_odds), axis=-1)

    def log_probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return log-probabilities, which the log-odds of several classes are."""
        return log_odds

    def mean(self, log_odds: np.ndarray) -> np.ndarray:
        """Average in log space."""
        return logsumexp(log_odds, axis=0) - np.log(len(log_odds))

    def decide(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the class of the highest score."""
        return by_columns(log_odds).argmax(axis=-1)

    def centred(self, scores: np.ndarray) -> np.ndarray:
        """Subtract the mean over the classes."""
        return scores - scores.mean(axis=-1, keepdims=True)
