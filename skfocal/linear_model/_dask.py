"""Dask arrays and data frames as a source of rows: every part is summed where it lies.

A pass over the rows is one graph. The function of the pass travels to the parts, and what it says
of them comes back, in the order of the parts: the same bits on any number of workers, and on those
that take over from one that died. Labels and weights come once, in the first pass.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from skfocal.linear_model._reading import Table, check_block, join, numbers
from skfocal.linear_model._rows import Part, RowChunk, as_chunk, joined
from skfocal.utils._compat import validate_data
from skfocal.utils._labels import encode_known, encode_labels
from skfocal.utils._threads import BlockMap, block_threads


def is_dask(values: Any) -> bool:
    """Return whether values are a collection of Dask with parts; Dask is not imported for it."""
    return hasattr(values, "__dask_graph__") and hasattr(values, "to_delayed")


class DaskRows:
    """Rows in the parts of a Dask collection, with their labels and weights beside them.

    Parameters
    ----------
    parts : sequence of Delayed
        Of :class:`Part`.
    shape : tuple of int
        Of all parts together.
    dtype : numpy dtype
    """

    def __init__(self, parts: Sequence[Any], shape: tuple[int, int], dtype: np.dtype) -> None:
        self.parts, self.shape, self.dtype = parts, shape, dtype

    def map_parts(
        self,
        function: Callable[[Part, BlockMap], Any],
        target: np.ndarray,
        sample_weight: np.ndarray | None,
        block_map: BlockMap = map,
    ) -> Iterator[Any]:
        """Return what a function says of each part; see :class:`RowSource`.

        Each part has labels and weights of its own, and is one task: those given here and
        `block_map` stay where they are.
        """
        from dask import compute, delayed

        # One node of the graph for all parts: it may hold coefficients and a table of slopes.
        shared, call = delayed(function, traverse=False), delayed(_call)
        return iter(compute(*[call(shared, part) for part in self.parts]))

    def take(self, rows: np.ndarray) -> RowChunk:
        """Return a copy of some rows, found in one pass."""
        found = self.map_parts(partial(_take, rows=rows), rows, None)
        return joined([X for X in found if X is not None])


def read_dask(estimator: Any, X: Any, y: Any, sample_weight: Any) -> Table:
    """Return the rows of a Dask collection, and the labels and weights of all.

    Parameters
    ----------
    estimator : BaseEstimator
        Remembers number and names of the features.
    X : Dask array or data frame of shape (n_samples, n_features)
    y : Dask collection of shape (n_samples,)
        Cut like X, or for an array of known chunks whatever can be cut so.
    sample_weight : like `y`, or None

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If the collections do not fit, or a block is not what it should be; the message has its
        number, and the row of a value that is not finite.
    """
    from dask import compute, delayed

    where = f"{type(estimator).__name__}.fit"
    if X.ndim != 2:
        raise ValueError(f"{where}: X must have two dimensions, got {X.ndim}.")
    names = X._meta if hasattr(X, "columns") else np.empty((0, X.shape[1]))
    validate_data(estimator, names, skip_check_array=True)
    if hasattr(X, "chunks"):
        X = X.rechunk({1: -1})
    columns = [_parts_of(X), _parts_like(X, y, f"{where}: y")]
    weights = [None] * len(columns[0])
    if sample_weight is not None:
        weights = _parts_like(X, sample_weight, f"{where}: sample_weight")
    blocks = list(zip(*columns, weights, strict=True))
    found = compute(*[delayed(_inspect)(where, i, *block) for i, block in enumerate(blocks)])
    for one in found:
        if one.error:
            raise ValueError(one.error)
    y, sample_weight = join(
        where, [one.y for one in found], [one.weight for one in found if one.weight is not None]
    )
    classes, _ = encode_labels(y)
    dtype = np.result_type(*[one.dtype for one in found if len(one.y)])
    parts, first = [], 0
    for block, one in zip(blocks, found, strict=True):
        if len(one.y):
            rows = first, len(one.y)
            parts.append(delayed(_load)(where, *block, classes=classes, dtype=dtype, rows=rows))
        first += len(one.y)
    return Table(DaskRows(parts, (first, names.shape[1]), dtype), y, sample_weight)


def _parts_of(values: Any) -> list[Any]:
    return list(np.ravel(values.to_delayed()))


def _parts_like(X: Any, values: Any, what: str) -> list[Any]:
    """Return the parts of labels or weights, which have to be those of X."""
    n_rows = _known_rows(X)
    if n_rows and (_known_rows(values) or not is_dask(values)):
        values = _cut_like(n_rows, values, what)
    elif not is_dask(values):
        raise ValueError(
            f"{what} must be a Dask collection cut like X, whose parts have unknown numbers of "
            f"rows, got {type(values).__name__}."
        )
    parts, wanted = _parts_of(values), _parts_of(X)
    if len(parts) != len(wanted):
        raise ValueError(
            f"{what} has {len(parts)} parts and X has {len(wanted)}; take both from one "
            "collection, or cut one like the other (repartition, rechunk)."
        )
    return parts


def _known_rows(values: Any) -> tuple[int, ...]:
    """Return the numbers of rows of the chunks of a Dask array, none if they are not known."""
    n_rows = values.chunks[0] if is_dask(values) and hasattr(values, "chunks") else ()
    return () if np.isnan(n_rows).any() else n_rows


def _cut_like(n_rows: tuple[int, ...], values: Any, what: str) -> Any:
    """Return an array cut into so many rows each."""
    from dask import array

    values = values if is_dask(values) else array.from_array(np.asarray(values))
    if values.ndim and values.shape[0] != sum(n_rows):
        raise ValueError(f"{what} has {values.shape[0]} rows and X has {sum(n_rows)}.")
    return values.rechunk({0: n_rows})


class _Found(NamedTuple):
    """What the first pass says of a block: an error, or its labels, weights and precision."""

    error: str = ""
    y: Any = ()
    weight: Any = None
    dtype: Any = None


def _inspect(where: str, number: int, X: Any, y: Any, weight: Any) -> _Found:
    """Check a block. Errors are returned: of several blocks the first is to be named."""
    where = f"{where}, block {number}"
    try:
        rows, y, weight = check_block(where, X, y, weight)
    except ValueError as error:
        return _Found(str(error))
    return _Found("", y, weight, rows.dtype)


def _load(
    where: str,
    X: Any,
    y: Any,
    weight: Any,
    *,
    classes: np.ndarray,
    dtype: np.dtype,
    rows: tuple[int, int],
) -> Part:
    """Return a part, read anew."""
    first, n_rows = rows
    X = numbers(X, dtype)
    if X.shape[0] != n_rows:
        raise ValueError(
            f"{where}: a part has {X.shape[0]} rows now and had {n_rows} in the first pass."
        )
    codes = encode_known(np.ravel(np.asarray(y)), classes, where)
    weight = None if weight is None else np.ravel(np.asarray(weight, dtype=np.float64))
    return Part(as_chunk(X, first), codes, weight)


def _call(function: Callable[[Part, BlockMap], Any], part: Part) -> Any:
    """Call a function where the part is, in one thread: workers have tasks for the others.

    Arrays that have travelled may lie across words of the memory. NumPy multiplies such without
    BLAS, and the last bits would tell which parts were moved. A copy of the function has its own
    arrays, such as coefficients, in place.
    """
    X, weight = part.chunk.X, part.sample_weight
    chunk = as_chunk(_aligned(X) if isinstance(X, np.ndarray) else X, part.chunk.first)
    weight = None if weight is None else _aligned(weight)
    with block_threads():
        return deepcopy(function)(Part(chunk, part.target, weight), map)


def _aligned(values: np.ndarray) -> np.ndarray:
    return np.require(values, requirements="A")


def _take(part: Part, block_map: BlockMap, *, rows: np.ndarray) -> Any:
    found = part.chunk.find(rows)
    return part.chunk.take(found).X if len(found) else None
