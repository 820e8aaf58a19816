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

from skfocal.losses import MarginLoss
from skfocal.tasks import ScoreDerivatives, Task
from skfocal.utils._threads import BlockMap

# Entries of X in a block: 512 KiB of float64 stay in the second-level cache with their
# weighted copy.
BLOCK_SIZE = 2**16
# Rows are first cut into this many parts at most, each summed by one thread. The cut is the same
# for any number of threads, and so is the result.
MAX_PARTS = 16
# Below this the slopes of all rows have underflowed, and so has what a gradient could say.
TINY = 1e-290


@dataclass
class Evaluation:
    """Value and derivatives of the objective at one point; a missing derivative is None.

    Attributes
    ----------
    value : float
    gradient : ndarray of shape (n_scores * n_columns,)
    slope_size : ndarray of shape (n_scores,)
        Weighted mean over the rows of the absolute slope of the loss in each score.
    hessian : ndarray of shape (n_scores * n_columns, n_scores * n_columns)
    """

    value: float
    gradient: Any = None
    slope_size: Any = None
    hessian: Any = None

    @property
    def gradient_norm(self) -> float:
        """Largest absolute entry of the gradient, relative to the slopes that it is the sum of.

        Not an absolute bound: the slopes themselves are as small as the share of the rarest
        class, or as its power gamma. At a rate of 1e-7 every gradient is below 1e-6.
        """
        entries = np.abs(self.gradient.reshape(len(self.slope_size), -1)).max(axis=1)
        return float((entries / np.maximum(self.slope_size, TINY)).max())

    def __iadd__(self, other: "Evaluation") -> "Evaluation":
        self.value += other.value
        if self.gradient is not None:
            self.gradient += other.gradient
            self.slope_size += other.slope_size
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
    task : Task
        Binary or multiclass.
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
        task: Task,
        C: float,
        fit_intercept: bool = True,
    ) -> None:
        self.X = X
        self.target = target
        self.sample_weight = sample_weight
        self.class_weight = class_weight
        self.task = task
        self.n_scores = task.n_scores(class_weight)
        weights = self._sum_weights()
        self.total_weight = float(weights.sum())
        self.loss = loss.continuous()
        self.l2 = 1.0 / (C * self.total_weight)
        self.fit_intercept = fit_intercept
        self.shape = (self.n_scores, X.shape[1] + int(fit_intercept))
        # A class without weight is out of the game: its best intercept is infinite, and it stays
        # where it starts. Without intercepts it has coefficients like any other.
        self.active = np.ones(self.n_scores, dtype=bool)
        if task.is_softmax and fit_intercept:
            self.active = weights > 0

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

    def centred(self, table: np.ndarray) -> np.ndarray:
        """Return coefficients whose mean over the classes is 0: softmax scores take no notice.

        Parameters
        ----------
        table : ndarray of shape (n_scores, n_columns)

        Returns
        -------
        ndarray of shape (n_scores, n_columns)
        """
        if self.n_scores == 1:
            return table
        return table - self.active[:, None] * table[self.active].mean(axis=0)

    def subsample(self, rows: np.ndarray) -> "LinearObjective":
        """Return the objective on some rows, with the same penalty."""
        sample = copy(self)
        sample.X, sample.target = self.X[rows], self.target[rows]
        if self.sample_weight is not None:
            sample.sample_weight = self.sample_weight[rows]
        sample.total_weight = float(sample._sum_weights().sum())
        return sample

    @property
    def value_noise(self) -> float:
        """Relative difference of two objectives that may be rounding."""
        return 16 * float(np.finfo(self.X.dtype).eps)

    def diagonal(self, coef: np.ndarray, block_map: BlockMap = map) -> np.ndarray:
        """Return the diagonal of the Hessian of :meth:`evaluate`, in a pass of linear cost.

        Parameters
        ----------
        coef : ndarray of shape (n_scores * n_columns,)
        block_map : callable, default=map

        Returns
        -------
        ndarray of shape (n_scores * n_columns,)
        """
        table = coef.reshape(self.shape)

        def of_block(rows: slice) -> np.ndarray:
            X, target, weight = self._rows(rows)
            diagonal = self._derivatives(X, table, target, 2).curvature_diagonal()
            curvature = self.task.to_columns(diagonal) * weight[:, None]
            return self._column_sums(_square(X), curvature)

        diagonal = sum(block_map(of_block, self._blocks())) / self.total_weight
        diagonal[:, : self.X.shape[1]] += self.l2
        return diagonal.ravel()

    def rounding_level(self, coef: np.ndarray) -> float:
        """Return the gradient norm at `coef` below which there is rounding error alone.

        A score of size s is wrong by eps s, and the slope there by that times its curvature.
        """
        table = coef.reshape(self.shape)
        errors, slopes = np.zeros(self.shape), np.zeros(self.n_scores)
        for rows in self._blocks():
            X, target, weight = self._rows(rows)
            at = self._derivatives(X, table, target, 2)
            X, size = abs(X), np.abs(self.task.to_columns(at.gradient)) * weight[:, None]
            bend = 1.0 + np.abs(at.second) / np.maximum(np.abs(at.first), TINY)
            spread = self._scores(X, np.abs(table)).max(axis=1)
            errors += self._column_sums(X, size * (1.0 + bend * spread)[:, None])
            slopes += size.sum(axis=0)
        relative = errors.max(axis=1) / np.maximum(slopes, TINY)
        # Errors of blocks and rows partly cancel.
        return 2.0 * float(np.finfo(self.X.dtype).eps) * max(1.0, float(relative.max()))

    def _sum_weights(self) -> np.ndarray:
        """Return the weight of all rows of each class."""
        n_classes = len(self.class_weight)
        return self.task.count(self.target, self.sample_weight, n_classes) * self.class_weight

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

    def _blocks(self) -> list[slice]:
        """Return the rows of all blocks."""
        step = self._block_rows()
        return [
            slice(start, min(start + step, part.stop))
            for part in self._parts()
            for start in range(part.start, part.stop, step)
        ]

    def _rows(self, rows: slice) -> tuple[Any, np.ndarray, np.ndarray]:
        """Return X, target and weight of some rows, without a copy of X."""
        X, target = _rows_of(self.X, rows), self.target[rows]
        weight = self.class_weight[target]
        if self.sample_weight is not None:
            weight = weight * self.sample_weight[rows]
        return X, target, weight

    def _scores(self, X, table: np.ndarray) -> np.ndarray:
        """Return the scores of rows, of shape (n, n_scores), in the precision of X."""
        n_features = X.shape[1]
        scores = X @ table[:, :n_features].T.astype(X.dtype)
        return scores + table[:, -1].astype(X.dtype) if self.fit_intercept else scores

    def _derivatives(self, X, table, target: np.ndarray, order: int) -> ScoreDerivatives:
        """Return the loss of rows and its first `order` derivatives in their scores."""
        scores = self.task.from_columns(self._scores(X, table))
        return self.task.derivatives(self.loss, scores, target, order)

    def _column_sums(self, X, in_scores: np.ndarray) -> np.ndarray:
        """Return ``in_scores^T [X 1]``, of shape (n_scores, n_columns)."""
        sums = np.empty(self.shape)
        sums[:, : X.shape[1]] = (X.T @ in_scores.astype(X.dtype, copy=False)).T
        if self.fit_intercept:
            sums[:, -1] = in_scores.sum(axis=0, dtype=np.float64)
        return sums

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
            slope_size=np.zeros(self.n_scores) if order >= 1 else None,
            hessian=np.zeros((*self.shape, *self.shape)) if order >= 2 else None,
        )

    def _add_block(self, total: Evaluation, rows: slice, table: np.ndarray, order: int) -> None:
        X, target, weight = self._rows(rows)
        at = self._derivatives(X, table, target, order)
        total.value += float(weight @ at.value.astype(np.float64, copy=False))
        if total.gradient is None:
            return
        weight = weight[:, None].astype(X.dtype, copy=False)
        gradient = self.task.to_columns(at.gradient) * weight
        total.slope_size += np.abs(gradient).sum(axis=0, dtype=np.float64)
        total.gradient += self._column_sums(X, gradient)
        if total.hessian is None:
            return
        if self.n_scores == 1:
            curvature = at.curvature() * weight[:, 0]
            total.hessian[0, :, 0, :] += self._gram(X, curvature, definite=True)
            return
        curvature = at.curvature() * weight[:, :, None]
        for k in range(self.n_scores):
            for j in range(k):
                # The blocks of a row sum to 0. Those on the diagonal are made so that they do: a
                # sum of their own would leave rounding of the common classes, beside which the
                # curvature of a very rare one is nothing.
                block = self._gram(X, curvature[:, k, j], definite=False)
                total.hessian[k, :, j, :] += block
                total.hessian[j, :, k, :] += block
                total.hessian[k, :, k, :] -= block
                total.hessian[j, :, j, :] -= block

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
            total.slope_size /= self.total_weight
            if self.n_scores > 1:
                self._balance(total)
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

    def _balance(self, total: Evaluation) -> None:
        """Make the gradients of the classes sum to 0, at the expense of the largest.

        They do but for rounding, and what is rounding beside a common class is not beside a rare
        one, whose step would follow it.
        """
        largest = int(np.argmax(total.slope_size))
        total.gradient[largest] = 0.0
        total.gradient[largest] = -total.gradient.sum(axis=0)

    def _fill_null_space(self, hessian: np.ndarray) -> None:
        """Give curvature to adding one vector to the coefficients of all classes.

        Softmax scores do not notice it. Gradient and Hessian map the coefficients whose sum over
        the classes is 0 into themselves, so a step among those stays exactly what it was.
        """
        columns, scores = np.arange(self.shape[1]), np.flatnonzero(self.active)
        strength = hessian[scores, :, scores, :].mean(axis=0)[columns, columns]
        hessian[scores[:, None, None], columns, scores[:, None], columns] += strength
        hessian[~self.active, :, ~self.active, :] += np.eye(self.shape[1])


def _rows_of(X, rows: slice):
    """Return rows of X as a view, also for CSR, whose slicing would copy."""
    if not sparse.issparse(X):
        return X[rows]
    start, stop = X.indptr[rows.start], X.indptr[rows.stop]
    indptr = X.indptr[rows.start : rows.stop + 1] - start
    parts = (X.data[start:stop], X.indices[start:stop], indptr)
    return sparse.csr_array(parts, shape=(rows.stop - rows.start, X.shape[1]))


def _square(X):
    """Return the squared entries of X; for sparse matrices ``*`` is another product."""
    return X.multiply(X).tocsr() if sparse.issparse(X) else X * X
