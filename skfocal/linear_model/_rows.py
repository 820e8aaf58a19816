"""Sources of rows: where X comes from, as blocks that know the products a linear model needs.

A source has a ``shape`` and a ``dtype``, calls a function on its rows with ``map_parts``, in parts
that are always the same, and gives some of its rows as a smaller source with ``take(rows)``.
Nothing else of the linear models looks at X, so what can do these four things is trained on
likewise.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy import sparse

from skfocal.utils._blocks import row_slices
from skfocal.utils._threads import BlockMap

# Entries of X in a block, and its rows: the vectors of a block stay in the second-level cache,
# and calls are few enough for threads to run beside each other.
BLOCK_SIZE = 2**18
BLOCK_ROWS = 8192
# Entries of X whose weighted copy is made at a time for a Gram matrix: it stays in the cache.
GRAM_SIZE = 2**16
# Rows that are copied into a sample at a time, since the copy is made in the precision of X.
SAMPLED_AT_ONCE = 1024
# Every block of a sparse matrix adds a dense gradient: few and large ones.
SPARSE_BLOCKS = 16
SPARSE_ROWS = 4096


class RowBlock(Protocol):
    """Some consecutive rows, ``rows`` of the chunk, as the factor of matrix products."""

    rows: slice

    def scores(self, coef: np.ndarray) -> np.ndarray:
        """Return ``X @ coef``, for one column of coefficients or several."""

    def sums(self, in_scores: np.ndarray) -> np.ndarray:
        """Return ``X.T @ in_scores``."""

    def gram(self, curvature: np.ndarray, *, intercept: bool, positive: bool = False) -> np.ndarray:
        """Return ``Z.T @ diag(curvature) @ Z``, dense, where Z is X, or [X 1] with intercept."""

    def squares(self) -> "RowBlock":
        """Return the block of squared entries."""

    def magnitudes(self) -> "RowBlock":
        """Return the block of absolute entries."""


class RowSource(Protocol):
    """Rows of a table."""

    shape: tuple[int, int]
    dtype: np.dtype

    def map_parts(
        self,
        function: Callable[["Part", BlockMap], Any],
        target: np.ndarray,
        sample_weight: np.ndarray | None,
        block_map: BlockMap = map,
    ) -> Iterator[Any]:
        """Return what a function says of the rows, part by part, in order.

        Parameters
        ----------
        function : callable
            Called with a part and what maps its blocks.
        target : ndarray of shape (n,)
            Class codes of all rows. A source whose rows are elsewhere has them there too.
        sample_weight : ndarray of shape (n,) or None
        block_map : callable, default=map
            For parts that are in this process.
        """

    def take(self, rows: np.ndarray) -> "RowChunk":
        """Return a copy of some rows in float32: a sample leads, it does not decide.

        Numbers of rows rise, and may be repeated.
        """


class RowChunk(RowSource, Protocol):
    """Rows in memory, from ``first`` on of the source that they are of."""

    X: Any
    first: int

    def blocks(self, width: int = 1) -> Sequence[RowBlock]:
        """Return the blocks, in order, with fewer rows if `width` numbers a row are needed."""

    def find(self, rows: np.ndarray) -> np.ndarray:
        """Return those of the rising numbers of rows of the source that are here, from 0 on."""


class LabelledBlock(NamedTuple):
    """A block of rows, their class codes and their weights."""

    X: RowBlock
    target: np.ndarray
    sample_weight: np.ndarray | None


class Part(NamedTuple):
    """A chunk of rows, their class codes and their weights."""

    chunk: RowChunk
    target: np.ndarray
    sample_weight: np.ndarray | None

    def blocks(self, width: int = 1) -> list[LabelledBlock]:
        """Return the blocks of the chunk with what belongs to their rows."""
        blocks = self.chunk.blocks(width)
        weight = self.sample_weight
        return [
            LabelledBlock(X, self.target[X.rows], None if weight is None else weight[X.rows])
            for X in blocks
        ]


def as_rows(X: Any) -> RowSource:
    """Return a dense or CSR table as a source; what is one stays as it is."""
    return X if hasattr(X, "map_parts") else as_chunk(X)


def as_chunk(X: Any, first: int = 0) -> RowChunk:
    """Return rows in memory, from `first` on of their source."""
    return CSRRows(X, first) if sparse.issparse(X) else DenseRows(X, first)


class _LocalRows:
    """Rows that come into this process, in chunks of which one is in memory at a time."""

    def chunks(self) -> Iterable[RowChunk]:
        """Return the rows in order; each chunk is let go before the next is used."""
        raise NotImplementedError

    def map_parts(
        self,
        function: Callable[[Part, BlockMap], Any],
        target: np.ndarray,
        sample_weight: np.ndarray | None,
        block_map: BlockMap = map,
    ) -> Iterator[Any]:
        """Return what a function says of each chunk; see :class:`RowSource`."""
        for chunk in self.chunks():
            rows = slice(chunk.first, chunk.first + chunk.shape[0])
            weight = None if sample_weight is None else sample_weight[rows]
            yield function(Part(chunk, target[rows], weight), block_map)


class _RowsInMemory(_LocalRows):
    """One chunk."""

    shape: tuple[int, int]
    first: int

    def chunks(self) -> tuple[Any]:
        """Return itself."""
        return (self,)

    def find(self, rows: np.ndarray) -> np.ndarray:
        """Return those of the rising numbers of rows of the source that are here, from 0 on."""
        start, end = np.searchsorted(rows, [self.first, self.first + self.shape[0]])
        return rows[start:end] - self.first


class ChunkedRows(_LocalRows):
    """Rows that are read anew in every pass, one chunk ahead of what is computed.

    Parameters
    ----------
    read : callable
        Returns an iterator over the chunks, arrays or CSR matrices of `dtype`.
    shape : tuple of int
        Of all chunks together.
    dtype : numpy dtype
    """

    def __init__(
        self, read: Callable[[], Iterator[Any]], shape: tuple[int, int], dtype: np.dtype
    ) -> None:
        self.read, self.shape, self.dtype = read, shape, dtype

    def chunks(self) -> Iterator[RowChunk]:
        """Read the chunks; raise if there are not as many rows as there were."""
        first = 0
        for X in _one_ahead(self.read()):
            if X.shape[0]:
                yield as_chunk(X, first)
            first += X.shape[0]
        if first != self.shape[0]:
            raise ValueError(
                f"The blocks have {first} rows now and had {self.shape[0]} in the first pass; each "
                "pass must read the same rows in the same order."
            )

    def take(self, rows: np.ndarray) -> RowChunk:
        """Return a copy of some rows, found in one pass."""
        found = ((chunk, chunk.find(rows)) for chunk in self.chunks())
        return joined([chunk.take(few).X for chunk, few in found if len(few)])


def joined(tables: Sequence[Any]) -> RowChunk:
    """Return the rows of several arrays or CSR matrices as one chunk."""
    is_sparse = sparse.issparse(tables[0])
    return as_chunk(sparse.vstack(tables, format="csr") if is_sparse else np.concatenate(tables))


def _one_ahead(items: Iterator[Any]) -> Iterator[Any]:
    """Give items while the next one is being read in a thread."""
    nothing = object()
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, items, nothing)
        while (item := coming.result()) is not nothing:
            coming = reader.submit(next, items, nothing)
            yield item


class DenseRows(_RowsInMemory):
    """A two-dimensional array."""

    def __init__(self, X: np.ndarray, first: int = 0) -> None:
        self.X, self.first = X, first
        self.shape, self.dtype = X.shape, X.dtype

    def blocks(self, width: int = 1) -> list["DenseBlock"]:
        """Return views of the rows."""
        step = min(BLOCK_ROWS, max(256, BLOCK_SIZE // max(width, self.shape[1])))
        return [DenseBlock(self.X[rows], rows) for rows in row_slices(self.shape[0], step)]

    def take(self, rows: np.ndarray) -> "DenseRows":
        """Return a copy of some rows in float32, unless they are too large for it."""
        sample = np.empty((len(rows), self.shape[1]), dtype=np.float32)
        with np.errstate(over="ignore"):
            for part in row_slices(len(rows), SAMPLED_AT_ONCE):
                sample[part] = self.X[rows[part]]
        return DenseRows(sample if _is_finite(sample) else self.X[rows])


class DenseBlock:
    """A view of some rows of an array."""

    def __init__(self, X: np.ndarray, rows: slice) -> None:
        self.X, self.rows = X, rows

    def scores(self, coef: np.ndarray) -> np.ndarray:
        """Return ``X @ coef`` in the precision of X."""
        return self.X @ coef.astype(self.X.dtype, copy=False)

    def sums(self, in_scores: np.ndarray) -> np.ndarray:
        """Return ``X.T @ in_scores`` in the precision of X."""
        return self.X.T @ in_scores.astype(self.X.dtype, copy=False)

    def gram(self, curvature: np.ndarray, *, intercept: bool, positive: bool = False) -> np.ndarray:
        """Return ``Z.T @ diag(curvature) @ Z``, summed in float64."""
        n_rows, n_columns = self.X.shape
        width = n_columns + int(intercept)
        factor = curvature.astype(self.X.dtype, copy=False)
        if positive:
            factor = np.sqrt(factor)
        gram = np.zeros((width, width))
        step = min(n_rows, max(64, GRAM_SIZE // max(1, width)))
        weighted = np.empty((step, width), dtype=self.X.dtype)
        for rows in row_slices(n_rows, step):
            X, part = self.X[rows], weighted[: rows.stop - rows.start]
            np.multiply(X, factor[rows, None], out=part[:, :n_columns])
            if intercept:
                part[:, n_columns] = factor[rows]
            if positive:
                # NumPy sees A.T @ A and computes one triangle only.
                gram += part.T @ part
            else:
                gram[:n_columns] += X.T @ part
                if intercept:
                    gram[n_columns] += part.sum(axis=0)
        return gram

    def squares(self) -> "DenseBlock":
        """Return the block of squared entries."""
        return DenseBlock(self.X * self.X, self.rows)

    def magnitudes(self) -> "DenseBlock":
        """Return the block of absolute entries."""
        return DenseBlock(np.abs(self.X), self.rows)


class CSRRows(_RowsInMemory):
    """A matrix or array of compressed sparse rows, which is never made dense."""

    def __init__(self, X: Any, first: int = 0) -> None:
        self.X, self.first = X, first
        self.shape, self.dtype = X.shape, X.dtype

    def blocks(self, width: int = 1) -> list["CSRBlock"]:
        """Return views of the rows; slicing a sparse array would copy them."""
        step = max(SPARSE_ROWS, self.shape[0] // SPARSE_BLOCKS + 1)
        return [CSRBlock(self._view(rows), rows) for rows in row_slices(self.shape[0], step)]

    def take(self, rows: np.ndarray) -> "CSRRows":
        """Return a copy of some rows in float32, unless they are too large for it."""
        exact = self.X[rows]
        with np.errstate(over="ignore"):
            sample = exact.astype(np.float32)
        return CSRRows(sample if _is_finite(sample.data) else exact)

    def _view(self, rows: slice) -> sparse.csr_array:
        start, stop = self.X.indptr[rows.start], self.X.indptr[rows.stop]
        view = sparse.csr_array((rows.stop - rows.start, self.shape[1]), dtype=self.dtype)
        # Set and not passed to the constructor, which copies.
        view.data, view.indices = self.X.data[start:stop], self.X.indices[start:stop]
        view.indptr = self.X.indptr[rows.start : rows.stop + 1] - start
        return view


class CSRBlock:
    """Some sparse rows."""

    def __init__(self, X: sparse.csr_array, rows: slice) -> None:
        self.X, self.rows = X, rows

    def scores(self, coef: np.ndarray) -> np.ndarray:
        """Return ``X @ coef`` in the precision of X."""
        return self.X @ coef.astype(self.X.dtype, copy=False)

    def sums(self, in_scores: np.ndarray) -> np.ndarray:
        """Return ``X.T @ in_scores`` in the precision of X."""
        return self.X.T @ in_scores.astype(self.X.dtype, copy=False)

    def gram(self, curvature: np.ndarray, *, intercept: bool, positive: bool = False) -> np.ndarray:
        """Return ``Z.T @ diag(curvature) @ Z``."""
        gram = (self.X.T @ sparse.diags_array(curvature) @ self.X).toarray()
        if not intercept:
            return gram
        edge = self.sums(curvature)[:, None]
        return np.block([[gram, edge], [edge.T, np.array([[curvature.sum(dtype=np.float64)]])]])

    def squares(self) -> "CSRBlock":
        """Return the block of squared entries."""
        return CSRBlock(self.X.multiply(self.X).tocsr(), self.rows)

    def magnitudes(self) -> "CSRBlock":
        """Return the block of absolute entries."""
        return CSRBlock(abs(self.X), self.rows)


def _is_finite(values: np.ndarray) -> bool:
    """Return whether all values are, without an array of answers."""
    return bool(np.isfinite(values.sum(dtype=np.float64)))
