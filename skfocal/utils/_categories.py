"""Categories of raw tables: which columns hold them, and their codes."""

import re
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import OrdinalEncoder
from sklearn.utils import check_array

# Names of the types in data frames of pandas and polars.
_CATEGORY_TYPES = {"category", "Categorical", "Enum"}
_TEXT_TYPES = {"str", "string", "String", "Utf8"}
_OBJECT_TYPES = {"object", "Object"}


def categorical_mask(
    X: Any, categorical_features: Any, owner: str, *, text: bool = False
) -> np.ndarray | None:
    """Return which columns hold categories; None if none does.

    Parameters
    ----------
    X : array-like or data frame of shape (n, n_features)
    categorical_features : None, "from_dtype", or array-like
        As in ``HistGradientBoostingClassifier``: a mask, positions, or names of columns;
        ``"from_dtype"`` are the categorical columns of a data frame.
    owner : str
        Name of the estimator, for messages.
    text : bool, default=False
        Whether ``"from_dtype"`` counts columns of text too.

    Returns
    -------
    ndarray of shape (n_features,) of bool, or None
    """
    if categorical_features is None:
        return None
    if isinstance(categorical_features, str):
        mask = _mask_from_types(X, text)
    else:
        mask = _mask_from_list(X, np.asarray(categorical_features), owner)
    return mask if mask.any() else None


def _mask_from_types(X: Any, text: bool) -> np.ndarray:
    if not (hasattr(X, "columns") and hasattr(X, "dtypes")):
        return np.zeros(1, dtype=bool)
    kinds = [re.split(r"[\[(]", str(kind))[0] for kind in X.dtypes]
    return np.array(
        [
            kind in _CATEGORY_TYPES or (text and _is_text(kind, _columns(X, [place])))
            for place, kind in enumerate(kinds)
        ]
    )


def _is_text(kind: str, column: Any) -> bool:
    if kind in _OBJECT_TYPES:  # numbers and gaps may be objects too
        return any(isinstance(value, str) for value in np.asarray(column).ravel())
    return kind in _TEXT_TYPES


def _mask_from_list(X: Any, given: np.ndarray, owner: str) -> np.ndarray:
    n_features = _as_table(X).shape[1]
    columns = list(getattr(X, "columns", range(n_features)))
    if given.dtype.kind == "b" and given.shape == (n_features,):
        return given
    if given.dtype.kind in "iu" and np.all((given >= 0) & (given < n_features)):
        return np.isin(np.arange(n_features), given)
    if given.dtype.kind in "OU" and set(given) <= set(columns):
        return np.isin(columns, given)
    if given.size == 0:
        return np.zeros(n_features, dtype=bool)
    raise ValueError(
        f"{owner}: categorical_features must be None, 'from_dtype', a mask of {n_features} "
        f"features, or positions or names of some of the columns {columns}, got {given.tolist()}."
    )


class CategoryEncoder:
    """Codes of categories, from 0; missing ones are NaN.

    Parameters
    ----------
    mask : ndarray of shape (n_features,) of bool
        Which columns hold categories.
    unknown : int or nan, default=nan
        Code of the categories that were not there in ``fit_transform``.
    """

    def __init__(self, mask: ArrayLike, unknown: float = np.nan) -> None:
        self.mask = np.asarray(mask)
        self._encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=unknown, encoded_missing_value=np.nan
        )

    def fit_transform(self, X: Any) -> np.ndarray:
        """Learn the categories of the columns, and return the rows as float64."""
        X = _as_table(X)
        self._encoder.fit(_columns(X, np.flatnonzero(self.mask).tolist()))
        return self.transform(X)

    def transform(self, X: Any) -> np.ndarray:
        """Return the rows as float64."""
        X = _as_table(X)
        categories, others = (np.flatnonzero(mask).tolist() for mask in (self.mask, ~self.mask))
        result = np.empty(X.shape)
        result[:, categories] = self._encode(_columns(X, categories))
        if others:
            result[:, others] = check_array(
                _columns(X, others), dtype=np.float64, ensure_all_finite="allow-nan"
            )
        return result

    def _encode(self, columns: Any) -> np.ndarray:
        try:
            codes = self._encoder.transform(columns)
        except TypeError as error:  # numbers are compared with text
            raise ValueError(
                "Columns of categories must hold text where they held text in fit, and numbers "
                f"where they held numbers: {error}"
            ) from error
        # None and NaN are the same, whichever of them there was in fit.
        return np.where(_is_missing(columns), np.nan, codes)


def _is_missing(columns: Any) -> np.ndarray:
    if hasattr(columns, "isna"):
        return columns.isna().to_numpy()
    values = np.asarray(columns)
    return (values == None) | (values != values)  # noqa: E711 (elementwise)


def _as_table(X: Any) -> Any:
    return X if hasattr(X, "shape") else np.asarray(X)


def _columns(X: Any, places: list[int]) -> Any:
    return X.iloc[:, places] if hasattr(X, "iloc") else X[:, places]
