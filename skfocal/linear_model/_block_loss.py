"""What a block of rows adds to the sums that the objective is made of.

Nothing here knows how many rows there are or where they come from, so that it can be sent to where
they lie.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from skfocal.linear_model._evaluation import TINY, Evaluation
from skfocal.linear_model._rows import LabelledBlock, Part, RowBlock
from skfocal.losses import MarginLoss
from skfocal.tasks import ScoreDerivatives, Task
from skfocal.utils._threads import BlockMap

# Rows of a sketch that are copied at a time.
SKETCHED_AT_ONCE = 256
# Numbers that the loss of a row needs for each score: without and with its curvature.
GRADIENT_WIDTH = 12
HESSIAN_WIDTH = 64


def sum_part(
    part: Part,
    block_map: BlockMap,
    *,
    of_block: Callable[[LabelledBlock], Any],
    width: int,
    most_sums: int,
) -> Any:
    """Return the sum of what the blocks of a part add.

    Parameters
    ----------
    part : Part
    block_map : callable
        Maps groups of blocks, perhaps in threads.
    of_block : callable
        From a block to what can be added.
    width : int
        Numbers that a row needs.
    most_sums : int
        Groups at most, each summed in one piece. The cut is the same for any number of threads,
        and so is the result.
    """
    blocks = part.blocks(width)

    def of_group(group: Sequence[LabelledBlock]) -> Any:
        return added(map(of_block, group))

    n_groups = min(len(blocks), most_sums)
    if n_groups == 1:
        return of_group(blocks)
    cuts = np.linspace(0, len(blocks), n_groups + 1).astype(int)
    return added(block_map(of_group, [blocks[start:end] for start, end in pairwise(cuts)]))


def added(sums: Iterable[Any]) -> Any:
    """Return the sum of sums, of which the first is changed, in their order."""
    rest = iter(sums)
    total = next(rest)
    for more in rest:
        total += more
    return total


def raw_scores(
    part: Part, block_map: BlockMap, *, coef: np.ndarray, intercept: np.ndarray
) -> np.ndarray:
    """Return the scores of the rows of a part, of shape (n, n_scores)."""
    return part.chunk.X @ coef.T + intercept


@dataclass(frozen=True)
class BlockLoss:
    """The loss of a linear model on a block of rows, and its derivatives in the coefficients.

    Coefficients come as a table with a row for each score, in which the intercept is last.

    Attributes
    ----------
    loss : MarginLoss
    task : Task
    class_weight : ndarray of shape (n_classes,)
    n_features : int
    dtype : numpy dtype
        Of the rows.
    fit_intercept : bool
    """

    loss: MarginLoss
    task: Task
    class_weight: np.ndarray
    n_features: int
    dtype: np.dtype
    fit_intercept: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the table of coefficients."""
        return self.task.n_scores(self.class_weight), self.n_features + int(self.fit_intercept)

    def evaluate(self, block: LabelledBlock, table: np.ndarray, order: int) -> Evaluation:
        """Return value, gradient (order 1) and a positive Hessian (order 2)."""
        weight = self._weight(block)
        at = self._derivatives(block, table, order)
        sums = Evaluation(float(weight @ at.value.astype(np.float64, copy=False)))
        if order >= 1:
            weight = weight.astype(self.dtype, copy=False)
            gradient = self.task.to_columns(at.gradient) * weight[:, None]
            sums.slope_size = np.abs(gradient).sum(axis=0, dtype=np.float64)
            sums.gradient = self._column_sums(block.X, gradient)
        if order >= 2:
            sums.hessian = self._hessian(block.X, at.curvature(), weight)
        return sums

    def slopes(
        self, block: LabelledBlock, table: np.ndarray, look_up: Callable[..., Any]
    ) -> Evaluation:
        """Return the gradient for one score, with slopes that are looked up."""
        scores = block.X.scores(table[0, : self.n_features])
        if self.fit_intercept:
            scores += table[0, -1].astype(scores.dtype)
        slopes = look_up(scores, block.target)
        if slopes is None:
            return self.evaluate(block, table, 1)
        if block.sample_weight is not None:
            slopes *= block.sample_weight
        gradient = np.empty(self.shape)
        gradient[0, : self.n_features] = block.X.sums(slopes)
        if self.fit_intercept:
            gradient[0, -1] = slopes.sum()
        return Evaluation(gradient=gradient, slope_size=np.abs(slopes).sum(keepdims=True))

    def diagonal(self, block: LabelledBlock, table: np.ndarray) -> np.ndarray:
        """Return the diagonal of the Hessian, of the shape of the table."""
        at = self._derivatives(block, table, 2)
        curvature = self.task.to_columns(at.curvature_diagonal())
        return self._column_sums(block.X.squares(), curvature * self._weight(block)[:, None])

    def rounding(self, block: LabelledBlock, table: np.ndarray) -> np.ndarray:
        """Return errors of the gradient in units of the precision, and the slopes as last column.

        A score of size s is wrong by eps s, and the slope there by that times its curvature.
        """
        at = self._derivatives(block, table, 2)
        block_size = block.X.magnitudes()
        size = np.abs(self.task.to_columns(at.gradient)) * self._weight(block)[:, None]
        bend = 1.0 + np.abs(at.second) / np.maximum(np.abs(at.first), TINY)
        spread = self._scores(block_size, np.abs(table)).max(axis=1)
        errors = self._column_sums(block_size, size * (1.0 + bend * spread)[:, None])
        return np.column_stack([errors, size.sum(axis=0)])

    def curvatures(self, part: Part, block_map: BlockMap, *, table: np.ndarray) -> np.ndarray:
        """Return the weighted curvature of each row of a part, for one score."""
        found = [
            self._derivatives(block, table, 2).curvature() * self._weight(block)
            for block in part.blocks(HESSIAN_WIDTH)
        ]
        return np.concatenate(found)

    def sketch(self, part: Part, block_map: BlockMap, *, rows: np.ndarray) -> np.ndarray:
        """Return the Gram matrix of those of some rows of the source that are in a part."""
        gram = np.zeros((self.shape[1], self.shape[1]))
        found = part.chunk.find(rows)
        for few in np.split(found, range(SKETCHED_AT_ONCE, len(found), SKETCHED_AT_ONCE)):
            for block in part.chunk.take(few).blocks():
                gram += self._gram(block, np.ones(len(few), dtype=np.float32), positive=True)
        return gram

    def _weight(self, block: LabelledBlock) -> np.ndarray:
        """Return the weights of rows."""
        weight = self.class_weight[block.target]
        return weight if block.sample_weight is None else weight * block.sample_weight

    def _scores(self, block: RowBlock, table: np.ndarray) -> np.ndarray:
        """Return the scores of rows, of shape (n, n_scores), in the precision of X."""
        scores = block.scores(table[:, : self.n_features].T)
        if self.fit_intercept:
            scores += table[:, -1].astype(scores.dtype)
        return scores

    def _derivatives(self, block: LabelledBlock, table: np.ndarray, order: int) -> ScoreDerivatives:
        """Return the loss of rows and its first `order` derivatives in their scores."""
        scores = self.task.from_columns(self._scores(block.X, table))
        return self.task.derivatives(self.loss, scores, block.target, order)

    def _column_sums(self, block: RowBlock, in_scores: np.ndarray) -> np.ndarray:
        """Return ``in_scores^T [X 1]``, of shape (n_scores, n_columns)."""
        sums = np.empty(self.shape)
        sums[:, : self.n_features] = block.sums(in_scores).T
        if self.fit_intercept:
            sums[:, -1] = in_scores.sum(axis=0, dtype=np.float64)
        return sums

    def _hessian(self, block: RowBlock, curvature: np.ndarray, weight: np.ndarray) -> np.ndarray:
        n_scores = self.shape[0]
        if n_scores == 1:
            return self._gram(block, curvature * weight, positive=True)[None, :, None, :]
        hessian = np.zeros((*self.shape, *self.shape))
        curvature = curvature * weight[:, None, None]
        for k in range(n_scores):
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
        return block.gram(curvature, intercept=self.fit_intercept, positive=positive)
