"""Features for every engine alike: codes of categories, groups that may interact."""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import OrdinalEncoder
from sklearn.utils import check_array

# Names of the categorical types in data frames of pandas and polars.
_CATEGORY_TYPES = {"category", "Categorical", "Enum"}


def categorical_mask(X: Any, categorical_features: Any, owner: str) -> np.ndarray | None:
    """Return which columns hold categories; None if none does.

    Parameters
    ----------
    X : array-like or data frame of shape (n, n_features)
    categorical_features : None, "from_dtype", or array-like
        As in ``HistGradientBoostingClassifier``: a mask, positions, or names of columns;
        ``"from_dtype"`` are the categorical columns of a data frame.
    owner : str
        Name of the estimator, for messages.

    Returns
    -------
    ndarray of shape (n_features,) of bool, or None
    """
    if categorical_features is None:
        return None
    if isinstance(categorical_features, str):
        mask = _mask_from_types(X)
    else:
        mask = _mask_from_list(X, np.asarray(categorical_features), owner)
    return mask if mask.any() else None


def _mask_from_types(X: Any) -> np.ndarray:
    if not (hasattr(X, "columns") and hasattr(X, "dtypes")):
        return np.zeros(1, dtype=bool)
    return np.array([str(kind).partition("(")[0] in _CATEGORY_TYPES for kind in X.dtypes])


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
    """Codes of categories, from 0; missing and unknown ones are NaN.

    Parameters
    ----------
    mask : ndarray of shape (n_features,) of bool
        Which columns hold categories.
    """

    def __init__(self, mask: ArrayLike) -> None:
        self.mask = np.asarray(mask)
        self._encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
        )

    def fit_transform(self, X: Any) -> np.ndarray:
        """Learn the categories of the columns, and return the rows as float64."""
        X = _as_table(X)
        self._encoder.fit(_columns(X, self.mask))
        return self.transform(X)

    def transform(self, X: Any) -> np.ndarray:
        """Return the rows as float64."""
        X = _as_table(X)
        numbers = np.empty(X.shape)
        numbers[:, self.mask] = self._encoder.transform(_columns(X, self.mask))
        if not self.mask.all():
            numbers[:, ~self.mask] = check_array(
                _columns(X, ~self.mask), dtype=np.float64, ensure_all_finite="allow-nan"
            )
        return numbers


def _as_table(X: Any) -> Any:
    return X if hasattr(X, "shape") else np.asarray(X)


def _columns(X: Any, mask: np.ndarray) -> Any:
    chosen = np.flatnonzero(mask)
    if hasattr(X, "iloc"):
        return X.iloc[:, chosen]
    return X[:, chosen.tolist()]


def interaction_groups(given: Any, n_features: int, owner: str) -> list[set[int]] | None:
    """Return the groups of features that may meet on the way to a leaf; None sets no bounds.

    Parameters
    ----------
    given : None, "pairwise", "no_interactions" or list of collections of int
        As in ``HistGradientBoostingClassifier``.
    n_features : int
    owner : str
        Name of the estimator, for messages.

    Returns
    -------
    list of sets of int, or None
    """
    if given is None:
        return None
    if isinstance(given, str):
        size = 2 if given == "pairwise" and n_features > 1 else 1
        return [set(group) for group in combinations(range(n_features), size)]
    groups, features = [set(group) for group in given], set(range(n_features))
    if not set().union(*groups) <= features:
        raise ValueError(
            f"{owner}: interaction_cst must hold positions of features, 0 to {n_features - 1}, "
            f"got {given!r}."
        )
    # As in scikit-learn, features that are in no group form one.
    rest = features.difference(*groups)
    return [*groups, rest] if rest else groups
