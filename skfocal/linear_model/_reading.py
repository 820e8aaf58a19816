"""The first pass over blocks of rows: it checks them, and keeps labels and weights but not X."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import check_array, column_or_1d

from skfocal.linear_model._rows import ChunkedRows, RowSource
from skfocal.utils._compat import _check_sample_weight, validate_data

DTYPES = [np.float64, np.float32]


class Table(NamedTuple):
    """Rows that stay where they are, and the labels and weights of all."""

    X: RowSource
    y: np.ndarray
    sample_weight: np.ndarray | None


def read_blocks(estimator: Any, blocks: Iterable[Any] | Callable[[], Iterable[Any]]) -> Table:
    """Return rows that are read block by block, and the labels and weights of all.

    Parameters
    ----------
    estimator : BaseEstimator
        Remembers number and names of the features.
    blocks : iterable, or callable that returns one
        Of (X, y) or (X, y, sample_weight). It is gone through once here and in every pass.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If a block is not what it should be; the message has its number, and the row of a value
        that is not finite.
    """
    name = type(estimator).__name__
    if _is_used_up(blocks):
        raise ValueError(
            f"{name}.fit_blocks: blocks can be gone through once only, and every pass needs them; "
            "give a list, or a function that returns a new iterator."
        )
    labels: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    dtypes: set[np.dtype] = set()
    n_columns = 0
    for number, block in enumerate(_open(blocks)):
        where = f"{name}.fit_blocks, block {number}"
        X, y, weight = _unpack(block, where)
        rows, y, weight = check_block(where, X, y, weight)
        try:
            validate_data(estimator, X, reset=not dtypes, skip_check_array=True)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        n_columns = rows.shape[1]
        dtypes.add(rows.dtype)
        if labels and (weight is None) != (not weights):
            raise ValueError(f"{where}: some blocks have a sample_weight and some have none.")
        if weight is not None:
            weights.append(weight)
        labels.append(y)
    y, sample_weight = join(f"{name}.fit_blocks", labels, weights)
    dtype = np.result_type(*dtypes)

    def read() -> Iterator[Any]:
        for block in _open(blocks):
            X = numbers(block[0], dtype)
            if X.shape[1] != n_columns:
                raise ValueError(f"{name}.fit_blocks: a block has other columns than before.")
            yield X

    return Table(ChunkedRows(read, (len(y), n_columns), dtype), y, sample_weight)


def _open(blocks: Iterable[Any] | Callable[[], Iterable[Any]]) -> Iterator[Any]:
    """Return a new iterator over blocks."""
    return iter(blocks() if callable(blocks) else blocks)


def _is_used_up(blocks: Any) -> bool:
    """Return whether blocks are an iterator, of which one pass leaves nothing."""
    return not callable(blocks) and iter(blocks) is blocks


def _unpack(block: Any, where: str) -> tuple[Any, Any, Any]:
    if not isinstance(block, tuple | list) or len(block) not in (2, 3):
        raise ValueError(
            f"{where}: must be (X, y) or (X, y, sample_weight), got {type(block).__name__}."
        )
    X, y, *weight = block
    return X, y, weight[0] if weight else None


def check_block(where: str, X: Any, y: Any, weight: Any) -> tuple[Any, np.ndarray, Any]:
    """Return rows, labels and weights of a block, each of its own memory but for the rows.

    Parameters
    ----------
    where : str
        Begins the message of an error.
    X : {array-like, sparse matrix} of shape (n, n_features)
    y : array-like of shape (n,)
    weight : array-like of shape (n,) or None

    Raises
    ------
    ValueError
        If something is wrong with the block.
    """
    X = _check_rows(X, where)
    # Copies: a view would keep its whole block in memory.
    y = column_or_1d(y).copy()
    _check_length(where, "labels", y, X)
    if weight is not None:
        _check_length(where, "weights", weight, X)
        weight = _check_weight(weight, X, where).copy()
    return X, y, weight


def join(
    where: str, labels: list[np.ndarray], weights: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return labels and weights of all blocks; parameters and errors as of `check_block`."""
    if not sum(map(len, labels)):
        raise ValueError(f"{where}: the blocks have no rows.")
    sample_weight = np.concatenate(weights) if weights else None
    if sample_weight is not None and not sample_weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return _join_labels(where, [part for part in labels if len(part)]), sample_weight


def numbers(X: Any, dtype: Any) -> Any:
    """Return the rows of a block as an array or CSR matrix; they need not be finite."""
    return check_array(
        X,
        accept_sparse="csr",
        dtype=dtype,
        order="C",  # a data frame has its columns in one piece, and rows are cut
        ensure_all_finite=False,
        ensure_min_samples=0,
    )


def _check_rows(X: Any, where: str) -> Any:
    try:
        X = numbers(X, DTYPES)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    entries = X.data if sparse.issparse(X) else X
    if not np.isfinite(entries.sum(dtype=np.float64)) and not np.isfinite(entries).all():
        place = np.argwhere(~np.isfinite(entries))[0, 0]
        row = np.searchsorted(X.indptr, place, "right") - 1 if sparse.issparse(X) else place
        raise ValueError(f"{where}: row {row} has a value that is NaN or infinite.")
    return X


def _join_labels(where: str, labels: list[np.ndarray]) -> np.ndarray:
    # NumPy would make words of the numbers.
    kinds = {"numbers" if part.dtype.kind in "biuf" else "words" for part in labels}
    if len(kinds) > 1:
        raise ValueError(f"{where}: labels are numbers in some blocks and not in others.")
    return np.concatenate(labels)


def _check_length(where: str, what: str, values: Any, X: Any) -> None:
    if len(values) != X.shape[0]:
        raise ValueError(f"{where}: {X.shape[0]} rows and {len(values)} {what}.")


def _check_weight(weight: Any, X: Any, where: str) -> np.ndarray:
    if not X.shape[0]:
        return np.empty(0)
    try:
        return _check_sample_weight(weight, X, dtype=np.float64, ensure_non_negative=True)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
