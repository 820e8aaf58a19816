"""The loss of few rows with one score, in as few calls as there can be.

On a small table a pass takes no longer than the calls that it is made of, and its Hessian takes
most of it. So rows are not cut into blocks here, the intercept is a column like any other, and
columns are in one piece, which halves the time of a Hessian.
"""

from typing import Any

import numpy as np

from skfocal.linear_model._evaluation import Evaluation
from skfocal.losses import MarginLoss
from skfocal.tasks import Task

# Numbers of the largest copy of X that is made for it: the sample of a large table, itself a copy,
# is larger.
COMPACT_SIZE = 2**16


class CompactLoss:
    """The loss of rows that are copied, and its derivatives in the coefficients.

    Parameters
    ----------
    loss : MarginLoss
    task : Task
        With one score.
    X : ndarray of shape (n, n_features)
    target : ndarray of shape (n,)
        Class codes.
    weight : ndarray of shape (n,)
        Of each row, that of its class included.
    fit_intercept : bool
    """

    def __init__(
        self,
        loss: MarginLoss,
        task: Task,
        X: np.ndarray,
        target: np.ndarray,
        weight: np.ndarray,
        fit_intercept: bool,
    ) -> None:
        n_rows, n_features = X.shape
        self.loss, self.task, self.target = loss, task, target
        self.columns = np.empty((n_features + int(fit_intercept), n_rows), dtype=X.dtype)
        self.columns[:n_features] = X.T
        self.columns[n_features:] = 1.0
        self.weighted = np.empty_like(self.columns)
        self.exact_weight = weight.astype(np.float64, copy=False)
        self.weight = weight.astype(X.dtype, copy=False)

    def evaluate(self, coef: np.ndarray, order: int) -> Evaluation:
        """Return value, gradient (order 1) and a positive Hessian (order 2), summed over rows."""
        scores = coef.astype(self.columns.dtype, copy=False) @ self.columns
        at = self.task.derivatives(
            self.loss, self.task.from_columns(scores[:, None]), self.target, order
        )
        sums = Evaluation(float(self.exact_weight @ at.value))
        if order >= 1:
            slopes = at.gradient * self.weight
            sums.slope_size = np.abs(slopes).sum(dtype=np.float64, keepdims=True)
            sums.gradient = _in_double(self.columns @ slopes)[None]
        if order >= 2:
            np.multiply(self.columns, at.curvature() * self.weight, out=self.weighted)
            sums.hessian = _in_double(self.weighted @ self.columns.T)[None, :, None]
        return sums


def _in_double(sums: np.ndarray) -> Any:
    return sums.astype(np.float64, copy=False)
