"""The objective of the linear models, as a sum over blocks of rows.

With weights s_i that include the class weights, S their sum, and coefficients w::

    f(w) = sum_i s_i l(m_i) / S + l2 / 2 ||coef||^2,        l2 = 1 / (C S)

which is the documented objective divided by ``C S``: it is defined without a penalty (C = inf),
and the size of its gradient does not grow with the number of rows. Only sums over rows leave a
block, so rows may come from anywhere, and blocks run in threads.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from functools import cached_property, partial
from itertools import chain, pairwise
from typing import Any

import numpy as np

from skfocal.linear_model._evaluation import TINY, Evaluation
from skfocal.linear_model._rows import RowBlock, as_rows
from skfocal.linear_model._slope_table import SlopeTable
from skfocal.losses import MarginLoss
from skfocal.tasks import ScoreDerivatives, Task
from skfocal.utils._threads import BlockMap

# Blocks are first dealt out into this many parts at most, each summed by one thread. The cut is
# the same for any number of threads, and so is the result.
MAX_PARTS = 16
# To make a table of slopes takes as long as to compute them for a tenth of these rows.
TABULATED_ROWS = 100_000
# Rows of a sketch that are copied at a time.
SKETCHED_AT_ONCE = 256
# Numbers that the loss of a row needs for each score: without and with its curvature.
GRADIENT_WIDTH = 12
HESSIAN_WIDTH = 64


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
        return self._sum_blocks(coef, partial(self._of_block, order=order), block_map, order)

    def slopes(self, coef: np.ndarray, block_map: BlockMap = map) -> Evaluation:
        """Return the gradient alone, in the least time; parameters as in :meth:`evaluate`."""
        if self._table is None:
            return self.evaluate(coef, 1, block_map)
        lookup = partial(self._slopes_of_block, look_up=self._table.slopes)
        return self._sum_blocks(coef, lookup, block_map)

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
        table = coef.reshape(self.shape)

        def of_block(block: RowBlock) -> np.ndarray:
            at = self._derivatives(block, table, 2)
            curvature = self.task.to_columns(at.curvature_diagonal())
            return self._column_sums(block.squares(), curvature * self._weight(block)[:, None])

        sums = [sum(block_map(of_block, blocks)) for blocks in self._chunks()]
        diagonal = sum(sums) / self.total_weight
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
        table = coef.reshape(self.shape)
        curvature = np.concatenate(
            [
                self._derivatives(block, table, 2).curvature() * self._weight(block)
                for block in chain.from_iterable(self._chunks())
            ]
        )
        upto = np.cumsum(curvature, dtype=np.float64)
        rows = np.searchsorted(upto, np.sort(random.random_sample(n_rows)) * upto[-1])
        hessian = np.zeros((self.shape[1], self.shape[1]))
        for chunk in self.X.chunks():
            start, end = np.searchsorted(rows, [chunk.first, chunk.first + chunk.shape[0]])
            cuts = range(SKETCHED_AT_ONCE, end - start, SKETCHED_AT_ONCE)
            for part in np.split(rows[start:end] - chunk.first, cuts):
                for block in chunk.take(part).blocks():
                    ones = np.ones(len(part), dtype=np.float32)
                    self._add_gram(hessian, block, ones, positive=True)
        hessian *= upto[-1] / (n_rows * self.total_weight)
        np.einsum("ii->i", hessian)[: self.X.shape[1]] += self.l2
        return hessian

    def rounding_level(self, coef: np.ndarray) -> float:
        """Return the gradient norm at `coef` below which there is rounding error alone.

        A score of size s is wrong by eps s, and the slope there by that times its curvature.
        """
        table = coef.reshape(self.shape)
        errors, slopes = np.zeros(self.shape), np.zeros(self.n_scores)
        for block in chain.from_iterable(self._chunks()):
            at = self._derivatives(block, table, 2)
            block_size = block.magnitudes()
            size = np.abs(self.task.to_columns(at.gradient)) * self._weight(block)[:, None]
            bend = 1.0 + np.abs(at.second) / np.maximum(np.abs(at.first), TINY)
            spread = self._scores(block_size, np.abs(table)).max(axis=1)
            errors += self._column_sums(block_size, size * (1.0 + bend * spread)[:, None])
            slopes += size.sum(axis=0)
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
        return table - self.active[:, None] * table[self.active].mean(axis=0)

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
        vars(sample).pop("_table", None)
        return sample

    def _chunks(self, width: int = HESSIAN_WIDTH) -> Iterator[Sequence[RowBlock]]:
        """Return the blocks of the rows, a chunk in memory at a time."""
        for chunk in self.X.chunks():
            yield chunk.blocks(width * self.n_scores)

    def _sum_weights(self) -> np.ndarray:
        """Return the weight of all rows of each class."""
        n_classes = len(self.class_weight)
        return self.task.count(self.target, self.sample_weight, n_classes) * self.class_weight

    def _sum_blocks(
        self, coef: np.ndarray, of_block: Any, block_map: BlockMap, order: int = 1
    ) -> Evaluation:
        """Return the objective from what each block adds to its sums."""
        table = coef.reshape(self.shape)

        def of_part(blocks: Sequence[RowBlock]) -> Evaluation:
            total = of_block(blocks[0], table)
            for block in blocks[1:]:
                total += of_block(block, table)
            return total

        def of_chunk(blocks: Sequence[RowBlock]) -> Iterable[Evaluation]:
            n_parts = min(len(blocks), self._most_parts(order))
            cuts = np.linspace(0, len(blocks), n_parts + 1).astype(int)
            parts = [blocks[start:end] for start, end in pairwise(cuts)]
            return block_map(of_part, parts) if n_parts > 1 else map(of_part, parts)

        chunks = self._chunks(HESSIAN_WIDTH if order == 2 else GRADIENT_WIDTH)
        parts = chain.from_iterable(map(of_chunk, chunks))
        total = next(parts)
        for part in parts:
            total += part
        return self._finish(total, table)

    def _most_parts(self, order: int) -> int:
        """Return as many parts as have, all their sums together, a quarter of the numbers of X."""
        n_summed = 4 * self.n_coefficients**order
        return min(MAX_PARTS, max(1, self.n_rows * self.shape[1] // n_summed))

    def _weight(self, block: RowBlock) -> np.ndarray:
        """Return the weights of rows."""
        weight = self.class_weight[self.target[block.rows]]
        return weight if self.sample_weight is None else weight * self.sample_weight[block.rows]

    def _scores(self, block: RowBlock, table: np.ndarray) -> np.ndarray:
        """Return the scores of rows, of shape (n, n_scores), in the precision of X."""
        scores = block.scores(table[:, : self.X.shape[1]].T)
        if self.fit_intercept:
            scores += table[:, -1].astype(scores.dtype)
        return scores

    def _derivatives(self, block: RowBlock, table: np.ndarray, order: int) -> ScoreDerivatives:
        """Return the loss of rows and its first `order` derivatives in their scores."""
        scores = self.task.from_columns(self._scores(block, table))
        return self.task.derivatives(self.loss, scores, self.target[block.rows], order)

    def _column_sums(self, block: RowBlock, in_scores: np.ndarray) -> np.ndarray:
        """Return ``in_scores^T [X 1]``, of shape (n_scores, n_columns)."""
        sums = np.empty(self.shape)
        sums[:, : self.X.shape[1]] = block.sums(in_scores).T
        if self.fit_intercept:
            sums[:, -1] = in_scores.sum(axis=0, dtype=np.float64)
        return sums

    def _of_block(self, block: RowBlock, table: np.ndarray, order: int) -> Evaluation:
        weight = self._weight(block)
        at = self._derivatives(block, table, order)
        sums = Evaluation(float(weight @ at.value.astype(np.float64, copy=False)))
        if order >= 1:
            weight = weight.astype(self.X.dtype, copy=False)
            gradient = self.task.to_columns(at.gradient) * weight[:, None]
            sums.slope_size = np.abs(gradient).sum(axis=0, dtype=np.float64)
            sums.gradient = self._column_sums(block, gradient)
        if order >= 2:
            sums.hessian = self._hessian_of_block(block, at.curvature(), weight)
        return sums

    def _slopes_of_block(
        self, block: RowBlock, table: np.ndarray, look_up: Callable[..., Any]
    ) -> Evaluation:
        scores = block.scores(table[0, : self.X.shape[1]])
        if self.fit_intercept:
            scores += table[0, -1].astype(scores.dtype)
        slopes = look_up(scores, self.target[block.rows])
        if slopes is None:
            return self._of_block(block, table, 1)
        if self.sample_weight is not None:
            slopes *= self.sample_weight[block.rows]
        gradient = np.empty(self.shape)
        gradient[0, : self.X.shape[1]] = block.sums(slopes)
        if self.fit_intercept:
            gradient[0, -1] = slopes.sum()
        return Evaluation(gradient=gradient, slope_size=np.abs(slopes).sum(keepdims=True))

    def _hessian_of_block(
        self, block: RowBlock, curvature: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        if self.n_scores == 1:
            return self._gram(block, curvature * weight, positive=True)[None, :, None, :]
        hessian = np.zeros((*self.shape, *self.shape))
        curvature = curvature * weight[:, None, None]
        for k in range(self.n_scores):
            for j in range(k):
                # The blocks of a row sum to 0. Those on the diagonal are made so that they do: a
                # sum of their own would leave rounding of the common classes, beside which the
                # curvature of a very rare one is nothing.
                gram = self._gram(block, curvature[:, k, j])
                hessian[k, :, j, :] = hessian[j, :, k, :] = gram
                hessian[k, :, k, :] -= gram
                hessian[j, :, j, :] -= gram
        return hessian

    def _gram(self, block: RowBlock, curvature: np.ndarray, positive: bool = False) -> np.ndarray:
        """Return ``[X 1]^T diag(curvature) [X 1]``."""
        gram = np.zeros((self.shape[1], self.shape[1]))
        self._add_gram(gram, block, curvature, positive)
        return gram

    def _add_gram(
        self, total: np.ndarray, block: RowBlock, curvature: np.ndarray, positive: bool
    ) -> None:
        n = self.X.shape[1]
        total[:n, :n] += block.gram(curvature, positive=positive)
        if self.fit_intercept:
            edge = block.sums(curvature)
            total[:n, n] += edge
            total[n, :n] += edge
            total[n, n] += curvature.sum(dtype=np.float64)

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
        columns, scores = np.arange(self.shape[1]), np.flatnonzero(self.active)
        strength = hessian[scores, :, scores, :].mean(axis=0)[columns, columns]
        hessian[scores[:, None, None], columns, scores[:, None], columns] += strength
        hessian[~self.active, :, ~self.active, :] += np.eye(self.shape[1])
