"""The objective of the linear models, as a sum over blocks of rows.

With weights s_i that include the class weights, S their sum, and coefficients w::

    f(w) = sum_i s_i l(m_i) / S + l2 / 2 ||coef||^2,        l2 = 1 / (C S)

which is the documented objective divided by ``C S``: it is defined without a penalty (C = inf),
and the size of its gradient does not grow with the number of rows. Only sums over rows leave a
block, so rows may come from anywhere, and blocks run in threads.
"""

from copy import copy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import expit

from skfocal.losses import MarginLoss
from skfocal.margins import (
    binary_gradient,
    binary_margin,
    multiclass_curvature_blocks,
    multiclass_gradient,
    multiclass_margin,
    transform_scores,
)
from skfocal.utils._threads import BlockMap
from skfocal.weights import class_counts

# Entries of X in a block: 512 KiB of float64 stay in the second-level cache with their
# weighted copy.
BLOCK_SIZE = 2**16
# Rows are first cut into this many parts at most, each summed by one thread. The cut is the same
# for any number of threads, and so is the result.
MAX_PARTS = 16
# A non-convex loss has rows without curvature; they keep this share of the curvature that
# cross-entropy would give to their gradient, so that no step explodes.
CURVATURE_FLOOR = 0.1


@dataclass
class Evaluation:
    """Value and derivatives of the objective at one point; a missing derivative is None."""

    value: float
    gradient: Any = None
    hessian: Any = None

    @property
    def gradient_norm(self) -> float:
        """Largest absolute entry of the gradient."""
        return float(np.abs(self.gradient).max())

    def __iadd__(self, other: "Evaluation") -> "Evaluation":
        self.value += other.value
        if self.gradient is not None:
            self.gradient += other.gradient
        if self.hessian is not None:
            self.hessian += other.hessian
        return self


class LinearObjective:
    """Regularised loss of a linear model and its derivatives.

    Parameters
    ----------
    X : ndarray or CSR matrix or array of shape (n_samples, n_features)
        float32 or float64. Blocks of float32 are computed in float32 and summed in float64.
    target : ndarray of shape (n_samples,)
        Class codes.
    sample_weight : ndarray of shape (n_samples,) or None
        None weighs all rows alike, without a vector of ones.
    class_weight : ndarray of shape (n_classes,)
        Multiplies the sample weights.
    loss : MarginLoss
        Bound to the training set.
    n_scores : int
        1 for a binary model, else the number of classes.
    C : float in (0, inf]
        Inverse strength of the penalty.
    fit_intercept : bool
        Whether the last column of the coefficients is an unpenalised intercept.
    """

    def __init__(
        self,
        X: np.ndarray | sparse.spmatrix,
        target: np.ndarray,
        sample_weight: np.ndarray | None,
        class_weight: np.ndarray,
        loss: MarginLoss,
        *,
        n_scores: int,
        C: float,
        fit_intercept: bool = True,
    ) -> None:
        self.X = X
        self.target = target
        self.sample_weight = sample_weight
        self.class_weight = class_weight
        self.total_weight = float(
            class_counts(target, sample_weight, len(class_weight)) @ class_weight
        )
        self.loss = loss.continuous()
        self.n_scores = n_scores
        self.l2 = 1.0 / (C * self.total_weight)
        self.fit_intercept = fit_intercept
        self.task = "binary" if n_scores == 1 else "multiclass"
        self.shape = (n_scores, X.shape[1] + int(fit_intercept))

    @property
    def n_coefficients(self) -> int:
        """Number of coefficients, intercepts included."""
        return self.shape[0] * self.shape[1]

    def evaluate(self, coef: np.ndarray, order: int, block_map: BlockMap = map) -> Evaluation:
        """Return value, gradient (order 1) and a positive Hessian (order 2) at `coef`.

        Parameters
        ----------
        coef : ndarray of shape (n_scores * n_columns,)
            Coefficients, one row per score, intercept last in each row.
        order : {0, 1, 2}
        block_map : callable, default=map
            Maps the parts of the rows, perhaps in threads.

        Returns
        -------
        Evaluation
        """
        table = coef.reshape(self.shape)
        total = self._zero(order)
        parts = self._parts()
        if len(parts) == 1:
            block_map = map  # nothing to share out: spare the hand-over to a thread
        for part in block_map(lambda rows: self._sum_over(rows, table, order), parts):
            total += part
        return self._finish(total, table)

    def subsample(self, rows: np.ndarray) -> "LinearObjective":
        """Return the objective on some rows, with the same penalty."""
        sample = copy(self)
        sample.X, sample.target = self.X[rows], self.target[rows]
        if self.sample_weight is not None:
            sample.sample_weight = self.sample_weight[rows]
        counts = class_counts(sample.target, sample.sample_weight, len(self.class_weight))
        sample.total_weight = float(counts @ self.class_weight)
        return sample

    def rounding_level(self) -> float:
        """Return the size below which an entry of the gradient is rounding error."""
        size = sum(abs(_rows_of(self.X, rows)).sum(axis=0) for rows in self._parts())
        # The slope of every loss here stays below 2, and errors of blocks partly cancel.
        eps = float(np.finfo(self.X.dtype).eps)
        return 2.0 * eps * max(1.0, float(np.max(size)) / self.X.shape[0])

    def _parts(self) -> list[slice]:
        n_rows = self.X.shape[0]
        n_blocks = -(-n_rows // self._block_rows())
        cuts = np.linspace(0, n_rows, min(n_blocks, MAX_PARTS) + 1).astype(int)
        return [slice(a, b) for a, b in pairwise(cuts)]

    def _block_rows(self) -> int:
        if sparse.issparse(self.X):
            # Every block of a sparse matrix adds a dense gradient: few and large ones.
            return max(4096, self.X.shape[0] // MAX_PARTS + 1)
        return max(64, BLOCK_SIZE // self.X.shape[1])

    def _sum_over(self, rows: slice, table: np.ndarray, order: int) -> Evaluation:
        total = self._zero(order)
        step = self._block_rows()
        for start in range(rows.start, rows.stop, step):
            block = slice(start, min(start + step, rows.stop))
            self._add_block(total, block, table, order)
        return total

    def _zero(self, order: int) -> Evaluation:
        return Evaluation(
            value=0.0,
            gradient=np.zeros(self.shape) if order >= 1 else None,
            hessian=np.zeros((*self.shape, *self.shape)) if order >= 2 else None,
        )

    def _add_block(self, total: Evaluation, rows: slice, table: np.ndarray, order: int) -> None:
        X, target = _rows_of(self.X, rows), self.target[rows]
        weight = self.class_weight[target]
        if self.sample_weight is not None:
            weight = weight * self.sample_weight[rows]
        n_features = X.shape[1]
        scores = X @ table[:, :n_features].T.astype(X.dtype)
        if self.fit_intercept:
            scores = scores + table[:, -1].astype(X.dtype)
        value, gradient, curvature = self._in_scores(scores, target, order)
        total.value += float(weight @ value.astype(np.float64, copy=False))
        if total.gradient is None:
            return
        gradient = gradient * weight[:, None].astype(X.dtype, copy=False)
        total.gradient[:, :n_features] += (X.T @ gradient).T
        if self.fit_intercept:
            total.gradient[:, -1] += gradient.sum(axis=0, dtype=np.float64)
        if total.hessian is None:
            return
        curvature = curvature * weight[:, None, None].astype(X.dtype, copy=False)
        for k in range(self.n_scores):
            for j in range(k + 1):
                block = self._gram(X, curvature[:, k, j], definite=j == k)
                total.hessian[k, :, j, :] += block
                if j != k:
                    total.hessian[j, :, k, :] += block

    def _in_scores(self, scores: np.ndarray, target: np.ndarray, order: int) -> tuple[Any, ...]:
        """Return value (n,), gradient (n, K) and positive curvature (n, K, K) in the scores.

        The last two are None where `order` does not ask for them.
        """
        scale = self.loss.score_scale
        if self.task == "binary":
            margin = binary_margin(transform_scores(self.loss, scores[:, 0], "binary"), target)
        else:
            multi = multiclass_margin(transform_scores(self.loss, scores, "multiclass"), target)
            margin = multi.margin
        value, *slopes = self.loss.evaluate(margin, order, target)
        gradient = curvature = None
        if order >= 1 and self.task == "binary":
            gradient = scale * binary_gradient(slopes[0], target)[:, None]
        elif order >= 1:
            gradient = scale * multiclass_gradient(slopes[0], multi)
        if order >= 2:
            positive = self._positive(margin, *slopes)
            curvature = positive[:, None, None]
            if self.task == "multiclass":
                curvature = multiclass_curvature_blocks(slopes[0], positive, multi)
            curvature = scale**2 * curvature
        return value, gradient, curvature

    def _positive(self, margin: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        if self.loss.traits.convex:
            return second
        return np.maximum(np.abs(second), -CURVATURE_FLOOR * first * expit(margin))

    def _gram(self, X, curvature: np.ndarray, definite: bool) -> np.ndarray:
        """Return ``[X 1]^T diag(curvature) [X 1]``."""
        n = X.shape[1]
        gram = np.empty((self.shape[1], self.shape[1]))
        if sparse.issparse(X):
            gram[:n, :n] = (X.T @ sparse.diags_array(curvature) @ X).toarray()
        elif definite:
            # NumPy sees A.T @ A and computes one triangle only.
            root = X * np.sqrt(curvature)[:, None]
            gram[:n, :n] = root.T @ root
        else:
            gram[:n, :n] = X.T @ (X * curvature[:, None])
        if self.fit_intercept:
            gram[:n, n] = gram[n, :n] = X.T @ curvature
            gram[n, n] = curvature.sum(dtype=np.float64)
        return gram

    def _finish(self, total: Evaluation, table: np.ndarray) -> Evaluation:
        """Divide the sums by the total weight and add the penalty."""
        n_features = self.X.shape[1]
        coef = table[:, :n_features]
        total.value = total.value / self.total_weight + 0.5 * self.l2 * float(np.vdot(coef, coef))
        if total.gradient is not None:
            total.gradient /= self.total_weight
            total.gradient[:, :n_features] += self.l2 * coef
            total.gradient = total.gradient.ravel()
        if total.hessian is not None:
            total.hessian /= self.total_weight
            features, scores = np.arange(n_features), np.arange(self.n_scores)[:, None]
            total.hessian[scores, features, scores, features] += self.l2
            if self.n_scores > 1:
                self._fill_null_space(total.hessian)
            total.hessian = total.hessian.reshape(table.size, table.size)
        return total

    def _fill_null_space(self, hessian: np.ndarray) -> None:
        """Give curvature to adding one vector to the coefficients of all classes.

        Softmax scores do not notice it. Gradient and Hessian map the coefficients whose sum over
        the classes is 0 into themselves, so a step among those stays exactly what it was.
        """
        columns, scores = np.arange(self.shape[1]), np.arange(self.n_scores)
        strength = hessian[scores, :, scores, :].mean(axis=0)[columns, columns]
        hessian[scores[:, None, None], columns, scores[:, None], columns] += strength


def _rows_of(X, rows: slice):
    """Return rows of X as a view, also for CSR, whose slicing would copy."""
    if not sparse.issparse(X):
        return X[rows]
    start, stop = X.indptr[rows.start], X.indptr[rows.stop]
    indptr = X.indptr[rows.start : rows.stop + 1] - start
    parts = (X.data[start:stop], X.indices[start:stop], indptr)
    return sparse.csr_array(parts, shape=(rows.stop - rows.start, X.shape[1]))
