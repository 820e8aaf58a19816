"""The objective of the linear models, as a sum over blocks of rows.

With weights s_i that include the class weights, S their sum, and coefficients w::

    f(w) = sum_i s_i l(m_i) / S + l2 / 2 ||coef||^2,        l2 = 1 / (C S)

which is the documented objective divided by ``C S``: it is defined without a penalty (C = inf),
and the size of its gradient does not grow with the number of rows. Only sums over rows leave a
block, so rows may come from anywhere, and blocks run in threads.
"""

from collections.abc import Callable, Iterator
from copy import copy
from functools import cached_property, partial
from typing import Any

import numpy as np

from skfocal.linear_model._block_loss import (
    GRADIENT_WIDTH,
    HESSIAN_WIDTH,
    BlockLoss,
    added,
    sum_part,
)
from skfocal.linear_model._compact import COMPACT_SIZE, CompactLoss
from skfocal.linear_model._evaluation import TINY, Evaluation
from skfocal.linear_model._rows import DenseRows, as_rows
from skfocal.linear_model._slope_table import SlopeTable
from skfocal.losses import MarginLoss
from skfocal.tasks import Task
from skfocal.utils._threads import BlockMap

# Blocks are first dealt out into this many groups at most, each summed by one thread.
MAX_SUMS = 16
# To make a table of slopes takes as long as to compute them for a tenth of these rows.
TABULATED_ROWS = 100_000


class LinearObjective:
    """Regularised loss of a linear model and its derivatives.

    Parameters
    ----------
    X : RowSource, ndarray, or CSR matrix or array of shape (n_samples, n_features)
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
    has_l1 : bool, default=False
        Whether a solver adds an l1 penalty, which tells apart what softmax scores do not.
    """

    def __init__(
        self,
        X: Any,
        target: np.ndarray,
        sample_weight: np.ndarray | None,
        class_weight: np.ndarray,
        loss: MarginLoss,
        *,
        task: Task,
        C: float,
        fit_intercept: bool = True,
        has_l1: bool = False,
    ) -> None:
        self.X = as_rows(X)
        self.target = target
        self.sample_weight = sample_weight
        self.class_weight = class_weight
        self.task = task
        self.n_scores = task.n_scores(class_weight)
        self.class_totals = self._sum_weights()
        self.total_weight = float(self.class_totals.sum())
        self.loss = loss.continuous()
        self.l2 = 1.0 / (C * self.total_weight)
        self.fit_intercept = fit_intercept
        self.shape = (self.n_scores, self.X.shape[1] + int(fit_intercept))
        # To these columns a number may be added, the same for all classes, without any loss.
        self.shifted = np.arange(self.X.shape[1] if has_l1 else 0, self.shape[1])
        # A class without weight is out of the game: its best intercept is infinite, and it stays
        # where it starts. Without intercepts it has coefficients like any other.
        self.active = np.ones(self.n_scores, dtype=bool)
        if task.is_softmax and fit_intercept:
            self.active = self.class_totals > 0

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.X.shape[0]

    @property
    def n_coefficients(self) -> int:
        """Number of coefficients, intercepts included."""
        return self.shape[0] * self.shape[1]

    @property
    def value_noise(self) -> float:
        """Relative difference of two objectives that may be rounding."""
        return 16 * float(np.finfo(self.X.dtype).eps)

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
        if self._compact is not None:
            return self._finish(self._compact.evaluate(coef, order), table)
        of_block = partial(self._block_loss.evaluate, table=table, order=order)
        width = HESSIAN_WIDTH if order == 2 else GRADIENT_WIDTH
        return self._finish(self._sum_blocks(of_block, block_map, width, order), table)

    def slopes(self, coef: np.ndarray, block_map: BlockMap = map) -> Evaluation:
        """Return the gradient alone, in the least time; parameters as in :meth:`evaluate`."""
        if self._table is None:
            return self.evaluate(coef, 1, block_map)
        table = coef.reshape(self.shape)
        of_block = partial(self._block_loss.slopes, table=table, look_up=self._table.slopes)
        return self._finish(self._sum_blocks(of_block, block_map, GRADIENT_WIDTH), table)

    @cached_property
    def _block_loss(self) -> BlockLoss:
        n_features = self.X.shape[1]
        settings = n_features, self.X.dtype, self.fit_intercept
        return BlockLoss(self.loss, self.task, self.class_weight, *settings)

    @cached_property
    def _compact(self) -> CompactLoss | None:
        size = self.n_rows * self.shape[1]
        if self.n_scores > 1 or not isinstance(self.X, DenseRows) or size > COMPACT_SIZE:
            return None
        weight = self.class_weight[self.target]
        if self.sample_weight is not None:
            weight = weight * self.sample_weight
        rows = self.X.X, self.target, weight
        return CompactLoss(self.loss, self.task, *rows, self.fit_intercept)

    @cached_property
    def _table(self) -> SlopeTable | None:
        if self.n_rows < TABULATED_ROWS:
            return None
        return SlopeTable.of(self.loss, self.task, self.class_weight)

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
        of_block = partial(self._block_loss.diagonal, table=coef.reshape(self.shape))
        diagonal = self._sum_blocks(of_block, block_map) / self.total_weight
        diagonal[:, : self.X.shape[1]] += self.l2
        return diagonal.ravel()

    def sketch(self, coef: np.ndarray, n_rows: int, random: np.random.RandomState) -> np.ndarray:
        """Return an estimate of the Hessian of :meth:`evaluate` for one score.

        It is the Gram matrix of rows drawn in proportion to their curvature, which are few where
        one class is rare, and then all that matters.

        Parameters
        ----------
        coef : ndarray of shape (n_columns,)
        n_rows : int
            Rows to draw.
        random : RandomState

        Returns
        -------
        ndarray of shape (n_columns, n_columns)
        """
        block_loss = self._block_loss
        found = self._map_parts(partial(block_loss.curvatures, table=coef.reshape(self.shape)))
        upto = np.cumsum(np.concatenate(list(found)), dtype=np.float64)
        rows = np.searchsorted(upto, np.sort(random.random_sample(n_rows)) * upto[-1])
        hessian = added(self._map_parts(partial(block_loss.sketch, rows=rows)))
        hessian *= upto[-1] / (n_rows * self.total_weight)
        np.einsum("ii->i", hessian)[: self.X.shape[1]] += self.l2
        return hessian

    def rounding_level(self, coef: np.ndarray) -> float:
        """Return the gradient norm at `coef` below which there is rounding error alone."""
        of_block = partial(self._block_loss.rounding, table=coef.reshape(self.shape))
        sums = self._sum_blocks(of_block)
        errors, slopes = sums[:, :-1], sums[:, -1]
        relative = errors.max(axis=1) / np.maximum(slopes, TINY)
        # Errors of blocks and rows partly cancel.
        return 2.0 * float(np.finfo(self.X.dtype).eps) * max(1.0, float(relative.max()))

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
        result = table.copy()
        active = np.ix_(self.active, self.shifted)
        result[active] -= table[active].mean(axis=0)
        return result

    def take(self, rows: np.ndarray) -> "LinearObjective":
        """Return the objective on some rows, which stand for all: classes weigh what they did.

        Parameters
        ----------
        rows : ndarray of int
            Of every class that has weight there is at least one.

        Returns
        -------
        LinearObjective
        """
        sample = copy(self)
        sample.X, sample.target = self.X.take(rows), self.target[rows]
        if self.sample_weight is not None:
            sample.sample_weight = self.sample_weight[rows]
        found = sample._sum_weights()
        scale = np.divide(self.class_totals, found, out=np.ones_like(found), where=found > 0)
        sample.class_weight = self.class_weight * scale
        for name in ("_table", "_block_loss", "_compact"):
            vars(sample).pop(name, None)
        return sample

    def _map_parts(self, function: Callable[..., Any], block_map: BlockMap = map) -> Iterator[Any]:
        """Return what a function says of each part of the rows, in order: a pass."""
        return self.X.map_parts(function, self.target, self.sample_weight, block_map)

    def _sum_weights(self) -> np.ndarray:
        """Return the weight of all rows of each class."""
        n_classes = len(self.class_weight)
        return self.task.count(self.target, self.sample_weight, n_classes) * self.class_weight

    def _sum_blocks(
        self,
        of_block: Callable[..., Any],
        block_map: BlockMap = map,
        width: int = HESSIAN_WIDTH,
        order: int = 1,
    ) -> Any:
        """Return the sum of what each block adds, always in the same order."""
        width *= self.n_scores
        most_sums = self._most_sums(order)
        of_part = partial(sum_part, of_block=of_block, width=width, most_sums=most_sums)
        return added(self._map_parts(of_part, block_map))

    def _most_sums(self, order: int) -> int:
        """Return as many groups as have, all their sums together, a quarter of the numbers of X."""
        n_summed = 4 * self.n_coefficients**order
        return min(MAX_SUMS, max(1, self.n_rows * self.shape[1] // n_summed))

    def _finish(self, total: Evaluation, table: np.ndarray) -> Evaluation:
        """Divide the sums by the total weight and add the penalty."""
        n_features = self.X.shape[1]
        coef = table[:, :n_features]
        if total.value is not None:
            penalty = 0.5 * self.l2 * float(np.vdot(coef, coef))
            total.value = total.value / self.total_weight + penalty
        if total.gradient is not None:
            total.gradient /= self.total_weight
            total.slope_size /= self.total_weight
            if self.n_scores > 1:
                self._balance(total)
            total.gradient[:, :n_features] += self.l2 * coef
            total.gradient = total.gradient.ravel()
        if total.hessian is not None:
            total.hessian /= self.total_weight
            for k in range(self.n_scores):
                np.einsum("ii->i", total.hessian[k, :n_features, k, :n_features])[:] += self.l2
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
        columns, scores = self.shifted, np.flatnonzero(self.active)
        strength = hessian[scores, :, scores, :].mean(axis=0)[columns, columns]
        hessian[scores[:, None, None], columns, scores[:, None], columns] += strength
        hessian[~self.active, :, ~self.active, :] += np.eye(self.shape[1])
