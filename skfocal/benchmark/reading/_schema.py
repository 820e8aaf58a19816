"""How the features of a table were read, so that new rows are read in the same way."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["ColumnSchema", "list_schemas"]


@dataclass(frozen=True)
class ColumnSchema:
    """How one feature was read.

    Attributes
    ----------
    name : str
        Of the column.
    kind : str
        ``"number"``, ``"date"`` or ``"name"``.
    mark, order, origin
        Of :class:`skfocal.benchmark.reading._texts.Typed`.
    categories : tuple of str
        Names in the order of their numbers.
    lowest, highest : float
        Of the numbers, or of the days since `origin`; NaN where there are none.
    """

    name: str
    kind: str
    mark: str = "."
    order: str = "day"
    origin: float = 0.0
    categories: tuple[str, ...] = ()
    lowest: float = float("nan")
    highest: float = float("nan")


def list_schemas(X: pd.DataFrame, decided) -> tuple[ColumnSchema, ...]:
    """Return a schema for each column of the features.

    Parameters
    ----------
    X : DataFrame
        What is left of the columns.
    decided : dict of str to Typed or ColumnSchema
        How they were read.
    """
    return tuple(_describe(name, X[name], decided[name]) for name in X)


def _describe(name, column, found):
    if found.kind == "name":
        # As `make_numeric` numbers them: by name, the names that occur.
        names = sorted(map(str, column.dropna().unique()))
        return ColumnSchema(name, "name", categories=tuple(names))
    values = column.to_numpy(np.float64)
    present = values[np.isfinite(values)]
    return ColumnSchema(
        name,
        found.kind,
        mark=found.mark,
        order=found.order,
        origin=found.origin,
        lowest=float(present.min()) if len(present) else float("nan"),
        highest=float(present.max()) if len(present) else float("nan"),
    )
