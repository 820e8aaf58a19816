"""Rows of Parquet files as blocks."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from skfocal.utils._optional import needs_extra


class ParquetBlocks:
    """Numeric columns of a Parquet file, or of all files of a folder, block by block.

    For :meth:`FocalLogisticRegression.fit_blocks`, or any loop over (X, y).

    Parameters
    ----------
    path : str or path-like
        File, or folder of files with the same columns.
    target : str
        Column of the labels.
    columns : sequence of str, default=None
        Features; None are all columns but `target` and `weight`.
    weight : str, default=None
        Column of sample weights.
    block_rows : int >= 1, default=65536
        Rows of a block at most. Blocks end where files and row groups do.

    Raises
    ------
    ImportError
        If pyarrow is missing.
    ValueError
        If a column does not exist, or a feature is not numeric.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skfocal.linear_model import FocalLogisticRegression, ParquetBlocks
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame(rng.normal(size=(1000, 3)), columns=["a", "b", "c"])
    >>> frame["event"] = frame["a"] + rng.normal(size=1000) > 1
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame.to_parquet(f"{folder}/table.parquet")
    ...     blocks = ParquetBlocks(folder, "event", block_rows=300)
    ...     model = FocalLogisticRegression().fit_blocks(blocks)
    ...     risk = [model.predict_proba(X)[:, 1] for X, y in blocks]
    >>> [len(part) for part in risk]
    [300, 300, 300, 100]
    """

    def __init__(
        self,
        path: str | Path,
        target: str,
        *,
        columns: Sequence[str] | None = None,
        weight: str | None = None,
        block_rows: int = 65536,
    ) -> None:
        with needs_extra("benchmark", type(self).__name__):
            from pyarrow import dataset, types
        if not isinstance(block_rows, int | np.integer) or block_rows < 1:
            raise ValueError(f"block_rows must be an integer of at least 1, got {block_rows!r}.")
        self._dataset = dataset.dataset(path, format="parquet")
        self.path, self.target, self.weight, self.block_rows = path, target, weight, block_rows
        schema = self._dataset.schema
        used = [target, *([] if weight is None else [weight])]
        others = [name for name in schema.names if name not in used]
        self.columns = list(others if columns is None else columns)
        for name in [*self.columns, *used]:
            if name not in schema.names:
                raise ValueError(f"{path} has no column {name!r}; it has {schema.names}.")
        wrong = [
            name
            for name in self.columns
            if not (
                types.is_integer(kind := schema.field(name).type)
                or types.is_floating(kind)
                or types.is_boolean(kind)
                or types.is_decimal(kind)
            )
        ]
        if wrong:
            raise ValueError(
                f"{path}: the columns {wrong} are not numeric; encode them, or name the numeric "
                "ones in columns."
            )

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Read the blocks, (X, y) or (X, y, sample_weight), X a data frame of float64."""
        from pyarrow import parquet

        names = [*self.columns, self.target, *([] if self.weight is None else [self.weight])]
        # Not the batches of the data set, and no buffer: both would read far ahead.
        files = (parquet.ParquetFile(path, pre_buffer=False) for path in self._dataset.files)
        batches = (file.iter_batches(self.block_rows, columns=names) for file in files)
        for batch in chain.from_iterable(batches):
            X = batch.select(self.columns).to_pandas().astype(np.float64)
            rest = [batch[name].to_numpy(zero_copy_only=False) for name in names[len(X.columns) :]]
            yield X, *rest
