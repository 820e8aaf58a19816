"""Rows of a table on their way into a network: scaling, and float32 a block at a time."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.preprocessing import MaxAbsScaler
from sklearn.utils import gen_batches

# Entries of a block: large enough that a block costs its arithmetic, small enough that its copies,
# 1 MB each in float64, stay in the cache and are negligible beside a table.
_BLOCK = 2**17


class Scaling(NamedTuple):
    """Shift and scale of each feature."""

    mean: np.ndarray
    scale: np.ndarray

    def apply(self, X: Any) -> np.ndarray:
        """Return (X - mean) / scale as dense float32.

        The difference is taken in float64: features with a large offset would lose their
        variation in float32. A missing number becomes 0, as if it were the mean.
        """
        scaled = np.empty(X.shape, dtype=np.float32)
        for rows, block in row_blocks(X):
            scaled[rows] = (block - self.mean) / self.scale
            if np.isnan(block.min()):
                scaled[rows][np.isnan(block)] = 0.0
        return scaled

    def divide(self, X: Any) -> sparse.csr_array:
        """Return X / scale as sparse float32, of sparse rows whose mean is not subtracted."""
        rows = sparse.csr_array(X, dtype=np.float32, copy=True)
        rows.data = (X.data / self.scale[X.indices]).astype(np.float32)
        return rows


def fit_scaling(
    X: Any, sample_weight: np.ndarray | None, *, standardize: bool, centre: bool
) -> Scaling:
    """Return the weighted mean and standard deviation of each feature, or what stands for them.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, n_features)
    sample_weight : ndarray of shape (n,) or None
    standardize : bool
        False leaves the features as they are: 0 and 1.
    centre : bool
        False, for CSR rows that are to stay so: 0 and the largest absolute value of each feature.

    Returns
    -------
    Scaling
        Of float64; the scale of a constant feature is 1.
    """
    n_rows, n_features = X.shape
    if not standardize:
        return Scaling(np.zeros(n_features), np.ones(n_features))
    if not centre:
        # The standard deviation of a rare feature is so small that a row which has it lies far out.
        scale = MaxAbsScaler().fit(X).scale_
        return Scaling(np.zeros(n_features), scale.astype(np.float64))
    weight = np.ones(n_rows) if sample_weight is None else sample_weight
    total = weight.sum()
    mean = sum(weight[rows] @ block for rows, block in row_blocks(X)) / total
    # A second pass instead of E[x^2] - mean^2, which cancels where the offset is large.
    variance = sum(weight[rows] @ (block - mean) ** 2 for rows, block in row_blocks(X)) / total
    scale = np.sqrt(variance)
    # What is left of a constant feature is the rounding error of its mean.
    constant = scale <= 10 * np.finfo(np.float64).eps * np.abs(mean)
    return Scaling(mean, np.where(constant, 1.0, scale))


def row_blocks(X: Any) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield slices of rows and what they hold, dense and in float64."""
    n_rows, n_features = X.shape
    for rows in gen_batches(n_rows, max(1, _BLOCK // max(1, n_features))):
        block = X[rows].toarray() if sparse.issparse(X) else X[rows]
        yield rows, block.astype(np.float64, copy=False)
