"""Raw tables on their way into a network: categories become indicators, gaps are filled."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from skfocal.utils._categories import CategoryEncoder, categorical_mask

# Categories of fewer rows share one indicator, as do those beyond the most frequent ones.
FEWEST_ROWS, MOST_CATEGORIES = 5, 50
# Code of a category that the first rows did not have.
_UNKNOWN = -1


class TableEncoder:
    """Numbers without gaps, from the rows of a raw table.

    It works in two steps, because rows are checked in between: columns are read as numbers, with
    codes of categories and NaN for what is missing; then each category becomes an indicator, and
    a missing number the median of its column, with an indicator if the first rows had gaps there.
    Rare and unknown categories share an indicator. A numeric table without gaps stays as it is.

    Parameters
    ----------
    X : array-like, data frame or sparse of shape (n, n_features)
        The first rows.
    categorical_features : None, "from_dtype", or array-like
        Which columns hold categories.
    owner : str
        The estimator, for messages.

    Raises
    ------
    ValueError
        If `categorical_features` names no columns of `X`, or `X` is sparse and has none.
    """

    def __init__(self, X: Any, categorical_features: Any, owner: str) -> None:
        mask = None
        if not sparse.issparse(X):
            mask = categorical_mask(X, categorical_features, owner, text=True)
        elif categorical_features is not None and not isinstance(categorical_features, str):
            raise ValueError(
                f"{owner}: categorical_features={categorical_features!r} needs dense rows, got a "
                "sparse matrix."
            )
        self._categories = None if mask is None else CategoryEncoder(mask, unknown=_UNKNOWN)
        self._columns: ColumnTransformer | None = None

    @property
    def first_read(self) -> Callable[[Any], np.ndarray] | None:
        """What reads the first rows as numbers; None if they are numbers."""
        return None if self._categories is None else self._categories.fit_transform

    @property
    def read(self) -> Callable[[Any], np.ndarray] | None:
        """What reads later rows as numbers; None if they are numbers."""
        return None if self._categories is None else self._categories.transform

    def fit_expand(self, X: Any) -> Any:
        """Learn from the first rows, read as numbers, and return what becomes of them."""
        if self._categories is not None:
            mask = self._categories.mask
        elif has_gaps(X):
            mask = np.zeros(X.shape[1], dtype=bool)
        else:
            return X
        numbers = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        categories = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=FEWEST_ROWS,
            max_categories=MOST_CATEGORIES,
        )
        self._columns = ColumnTransformer(
            [
                ("numbers", numbers, np.flatnonzero(~mask).tolist()),
                ("categories", categories, np.flatnonzero(mask).tolist()),
            ]
        )
        return _as_csr(self._columns.fit_transform(X))

    def expand(self, X: Any) -> Any:
        """Return what becomes of later rows, read as numbers; CSR where most of it is 0."""
        return X if self._columns is None else _as_csr(self._columns.transform(X))

    def transform(self, X: Any) -> Any:
        """Return what a network is given, but for the scaling, of rows as the user has them."""
        X = read_frame(X)
        return self.expand(X if self.read is None else self.read(X))


def read_frame(X: Any) -> Any:
    """Return a table of Arrow as a data frame of pandas, and anything else as it is."""
    return X.to_pandas() if type(X).__module__.partition(".")[0] == "pyarrow" else X


def has_gaps(X: Any) -> bool:
    """Return whether a number of a dense table is missing; sparse ones have no gaps."""
    # The smallest number of a column is NaN if any is; a mask would be as long as the table.
    return not sparse.issparse(X) and bool(np.isnan(X.min(axis=0)).any())


def _as_csr(X: Any) -> Any:
    return sparse.csr_array(X) if sparse.issparse(X) else X
