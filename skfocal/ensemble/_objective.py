"""The sum of the trees and the derivatives of the loss in it: one contract for losses and engines.

For a loss with an inverse the sum is the log-odds of the posterior, :class:`LogOddsObjective`, or
of more than two classes the log-probabilities, :class:`LogProbabilitiesObjective`. There the loss
is proper, the best start is that of the class frequencies, and the regularisation of the engine
acts as it does for log loss. For the rest, in :class:`ScoreObjective`, the sum is the score of the
loss, and none of this holds.
"""

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, softmax
from sklearn.utils import gen_batches

from skfocal.ensemble._softmax_table import SoftmaxTable, softmax_table
from skfocal.ensemble._table import LogOddsTable, log_odds_table
from skfocal.losses import MarginLoss
from skfocal.margins import transform_scores
from skfocal.posterior import Posterior, best_constant_score
from skfocal.tasks import Task

# Rows in a block: its few float64 vectors stay in the second-level cache.
BLOCK = 8192
# Least curvature of a row, as in XGBoost: engines divide by sums of it.
SMALLEST_CURVATURE = 1e-16
# In scores every row keeps this fraction of the curvature of cross-entropy: engines count rows by
# their curvature, and would not count rows that a loss ignores.
CURVATURE_FLOOR = 0.1
# exp of more would overflow.
LARGEST_EXPONENT = 700.0


def make_objective(loss: MarginLoss, task: Task) -> "Objective":
    """Return the objective of a loss that is bound to the training set."""
    if not loss.traits.invertible:
        return ScoreObjective(loss, task)
    if not task.is_softmax:
        return LogOddsObjective(loss, task)
    # With a function for each class, what belongs to log-probabilities is not unique.
    return (LogProbabilitiesObjective if loss.traits.symmetric else ScoreObjective)(loss, task)


class Objective:
    """Derivatives of a loss in the sum of the trees, called `raw`: (n,), or (n, K) for K classes.

    Parameters
    ----------
    loss : MarginLoss
        Bound to the class counts of the training set if it depends on them.
    task : Task
    """

    #: Whether `raw` is the log-odds, or log-probabilities, of the posterior, up to a constant.
    adds_up_log_odds: ClassVar[bool] = False

    def __init__(self, loss: MarginLoss, task: Task) -> None:
        self.loss = loss
        self.task = task

    def start(self, mass: np.ndarray) -> np.ndarray:
        """Return the constant to start at, of shape () or (K,).

        Parameters
        ----------
        mass : ndarray of shape (K,)
            Summed weights of the rows of each class, class weights included.
        """
        log_mass = np.log(np.maximum(mass, np.finfo(float).tiny))
        return self.task.centred(self.task.contrast(log_mass))

    def differentiate(
        self,
        target: np.ndarray,
        raw: np.ndarray,
        sample_weight: np.ndarray | None,
        gradient: np.ndarray,
        curvature: np.ndarray,
    ) -> None:
        """Write gradient and curvature of all rows into the last two arguments.

        Parameters
        ----------
        target : ndarray of shape (n,)
            Class codes, of any numeric type.
        raw : ndarray of shape (n,) or (n, K)
        sample_weight : ndarray of shape (n,) or None
            Weights of the rows, class weights included.
        gradient, curvature : ndarrays of the shape of `raw`
            float32 or float64. The curvature is positive where the weight is.
        """
        weight = self._row_weight(target, raw, sample_weight)
        for rows in gen_batches(len(target), BLOCK):
            slope, bend = self._derivatives(target[rows], raw[rows])
            np.maximum(bend, SMALLEST_CURVATURE, out=bend)
            if weight is not None:
                of_rows = weight[rows].reshape(-1, *[1] * (raw.ndim - 1))
                slope *= of_rows
                bend *= of_rows
            gradient[rows] = slope
            curvature[rows] = bend

    def value(self, target: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row, in nats and unweighted."""
        raise NotImplementedError

    def log_odds(self, raw: np.ndarray, posterior: Posterior) -> np.ndarray:
        """Return the log-odds, or log-probabilities, that a posterior asks for."""
        raise NotImplementedError

    def _derivatives(self, target: np.ndarray, raw: np.ndarray) -> tuple[Any, Any]:
        """Return gradient and curvature of a block of rows, in arrays of their own."""
        raise NotImplementedError

    def _row_weight(
        self, target: np.ndarray, raw: np.ndarray, sample_weight: np.ndarray | None
    ) -> np.ndarray | None:
        return sample_weight


class HonestObjective(Objective):
    """An invertible loss, in the log-odds or log-probabilities of its posterior."""

    adds_up_log_odds = True

    def value(self, target: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row, in nats and unweighted."""
        codes = target.astype(np.intp)
        return self.loss.value(self.task.margin(self._score(raw), codes).margin, codes)

    def log_odds(self, raw: np.ndarray, posterior: Posterior) -> np.ndarray:
        """Return the log-odds that a posterior asks for; only raw ones need the score."""
        removed = self.loss.class_offset
        if posterior.kind == "posterior":
            weight = posterior.class_weight
            removed = None if weight is None else np.log(weight)
        result = self._score(raw) if posterior.kind == "raw" else raw
        return self.task.normalised(
            result if removed is None else result - self.task.contrast(removed)
        )

    def _score(self, raw: np.ndarray) -> np.ndarray:
        """Return the score of the loss, after its scale and offset."""
        raise NotImplementedError


class LogOddsObjective(HonestObjective):
    """An invertible loss of two classes, in honest log-odds s.

    The gradient is ``(sigmoid(s) - y) W(s)``, the curvature ``sigmoid(s) sigmoid(-s) W(s)``: see
    :mod:`skfocal.ensemble._table`. Cross-entropy has W = 1 and is the engine's own log loss.
    """

    @cached_property
    def _table(self) -> LogOddsTable:
        # Computed on access: predictions in log-odds do not need it.
        return log_odds_table(self.loss)

    def _score(self, raw: np.ndarray) -> np.ndarray:
        return self._table.score(raw)

    def _derivatives(self, target: np.ndarray, raw: np.ndarray) -> tuple[Any, Any]:
        sign = 2.0 * target - 1.0
        # From the margin, so that neither side loses digits.
        odds = np.exp(np.minimum(raw * sign, LARGEST_EXPONENT))
        wrong = 1.0 / (1.0 + odds)
        gradient = self._table.weight(raw)
        gradient *= wrong
        odds *= wrong
        odds *= gradient
        gradient *= -sign
        return gradient, odds


class LogProbabilitiesObjective(HonestObjective):
    """An invertible loss of several classes, in honest log-probabilities.

    See :mod:`skfocal.ensemble._softmax_table`. Cross-entropy is the engine's own log loss.
    """

    @cached_property
    def _table(self) -> SoftmaxTable:
        return softmax_table(self.loss)

    def _score(self, raw: np.ndarray) -> np.ndarray:
        return self._table.solve(self.task.normalised(raw)).log_p

    def _derivatives(self, target: np.ndarray, raw: np.ndarray) -> tuple[Any, Any]:
        log_eta = self.task.normalised(raw.astype(np.float64))
        log_p, stretch, weight = self._table.solve(log_eta)
        weight /= self._table.unit(raw.shape[1])
        gradient = np.exp(log_p) * stretch
        gradient /= gradient.sum(axis=1, keepdims=True)
        curvature = np.exp(log_eta) * weight * (1 - gradient)
        rows, codes = np.arange(len(raw)), target.astype(np.intp)
        gradient[rows, codes] -= 1
        gradient *= weight[rows, codes, None]
        return gradient, curvature


class ScoreObjective(Objective):
    """Any loss, in its own scores: its exact gradient and a positive curvature.

    Of K classes an engine takes the diagonal of the curvature. With the softmax r over the wrong
    classes it is ``c`` at the true class y and ``c r_k**2 - l' r_k (1 - r_k)`` at the others, both
    positive as ``l' <= 0``, where the positive c takes the place of ``l''(m)``; see
    :func:`skfocal.tasks.positive_curvature`. For cross-entropy it is ``p_k (1 - p_k)``.
    """

    def start(self, mass: np.ndarray) -> np.ndarray:
        """Return the best constant of the loss; log-odds of the classes if it has no inverse."""
        if self.loss.traits.invertible and np.all(mass > 0):
            return best_constant_score(self.loss, mass, task=self.task.name)
        return super().start(mass)

    def value(self, target: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row, in nats and unweighted."""
        return self.task.derivatives(self.loss, raw, target.astype(np.intp), 0).value

    def log_odds(self, raw: np.ndarray, posterior: Posterior) -> np.ndarray:
        """Return the log-odds, or log-probabilities, that a posterior asks for."""
        return posterior.log_odds(raw)

    def _derivatives(self, target: np.ndarray, raw: np.ndarray) -> tuple[Any, Any]:
        raw = raw.astype(np.float64)
        at = self.task.derivatives(self.loss, raw, target.astype(np.intp), 2)
        p = softmax(raw, axis=1) if self.task.is_softmax else expit(raw)
        return at.gradient, np.maximum(at.curvature_diagonal(), CURVATURE_FLOOR * p * (1 - p))

    def _row_weight(
        self, target: np.ndarray, raw: np.ndarray, sample_weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Apply the weights of a loss that depends on the whole training set."""
        if not self.loss.weighs_batch:
            return sample_weight
        margin = np.concatenate(
            [self._margin(target[rows], raw[rows]) for rows in gen_batches(len(target), BLOCK)]
        )
        weight = self.loss.batch_weight(margin, sample_weight)
        return weight if sample_weight is None else weight * sample_weight

    def _margin(self, target: np.ndarray, raw: np.ndarray) -> np.ndarray:
        scores = transform_scores(self.loss, raw.astype(np.float64), self.task.name)
        return self.task.margin(scores, target.astype(np.intp)).margin
