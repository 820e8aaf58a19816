"""Checks of data that several estimators make."""

import re
from datetime import date, time, timedelta

import numpy as np
from sklearn.utils import check_array, check_X_y

from skfocal.utils._compat import KEEP_INTEGER_WEIGHTS, _check_sample_weight, validate_data

# As polars, Arrow and pandas name types of dates and times; NumPy has a letter for a kind.
_TIMES = {"Date", "Datetime", "Duration", "Time"}
_TIMES |= {"date32", "date64", "time32", "time64", "timestamp", "duration", "period"}


def refuse_times(estimator, X):
    """Raise ValueError if a table holds dates or times, which are no numbers.

    scikit-learn would convert a table of dates alone to nanoseconds, and fail on others.

    Parameters
    ----------
    estimator : BaseEstimator
        For the message.
    X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
        Rows.
    """
    for number, (name, dtype) in enumerate(_columns(X)):
        if _is_time(dtype) or (name is not None and _holds_times(X, number, dtype)):
            what = "X" if name is None else f"column {name!r}"
            raise ValueError(
                f"{type(estimator).__name__}: {what} holds dates or times ({dtype}); give numbers "
                "instead, such as days since a date or the hour of the day, or leave it out."
            )


def _columns(X):
    """Return names and types of the columns of a table; of an array, None and its type."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        return zip(X.columns, X.dtypes, strict=True)
    if hasattr(X, "column_names") and hasattr(X, "schema"):  # of Arrow
        return zip(X.column_names, X.schema.types, strict=True)
    return [(None, getattr(X, "dtype", None))]


def _is_time(dtype):
    return getattr(dtype, "kind", "") in ("m", "M") or re.split(r"[(\[]", str(dtype))[0] in _TIMES


def _holds_times(X, number, dtype):
    """Return whether the first value of a column of objects is a date or a time."""
    if str(dtype) != "object" or not hasattr(X, "iloc"):
        return False
    present = X.iloc[:, number].dropna()
    return len(present) > 0 and isinstance(present.iloc[0], (date, time, timedelta))


def validate_table(estimator, X, y="no_validation", *, read=None, reset=True, **options):
    """Return rows, and labels if there are any, as scikit-learn's ``validate_data`` does.

    Parameters
    ----------
    estimator : BaseEstimator
        Remembers number and names of the features, or has them.
    X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
        Rows.
    y : array-like, default="no_validation"
        Labels.
    read : callable, default=None
        Makes numbers of rows whose number and names of features are right.
    reset : bool, default=True
        Whether these are the first rows.
    **options
        For ``validate_data``.

    Returns
    -------
    X or (X, y)
    """
    refuse_times(estimator, X)
    if read is None:
        return validate_data(estimator, X, y, reset=reset, **options)
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    options |= {"estimator": estimator}
    if isinstance(y, str):
        return check_array(read(X), input_name="X", **options)
    return check_X_y(read(X), y, **options)


def validate_rows(estimator, X, y, sample_weight, **options):
    """Return rows, labels and weights that can be trained on.

    Rows of weight 0 are kept, since their labels count among the classes; a learner that draws
    rows leaves them out by :func:`drop_weightless` afterwards.

    Parameters
    ----------
    estimator : BaseEstimator
        Remembers number and names of the features.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        float32 and float64 are kept; sparse becomes CSR.
    y : array-like
        Labels.
    sample_weight : array-like of shape (n_samples,) or None
        Non-negative, not all 0.
    **options
        For :func:`validate_table`, before the defaults here.

    Returns
    -------
    X, y, sample_weight
        The last of its own type if that is an integer or a float, or None.
    """
    options = {"accept_sparse": "csr", "dtype": [np.float64, np.float32]} | options
    X, y = validate_table(estimator, X, y, **options)
    if sample_weight is None:
        return X, y, None
    dtype = getattr(sample_weight, "dtype", None)
    # Weights that are numbers stay as they are: a copy costs as much as a column of X.
    kept = isinstance(dtype, np.dtype) and (dtype.kind in "iu" or dtype in ("f4", "f8"))
    sample_weight = _check_sample_weight(
        sample_weight,
        X,
        dtype=dtype if kept else np.float64,
        ensure_non_negative=True,
        **KEEP_INTEGER_WEIGHTS,
    )
    if not sample_weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return X, y, sample_weight


def drop_weightless(X, y, sample_weight):
    """Return the rows that have a weight, all of them without a copy if that is every row.

    Parameters
    ----------
    X : {ndarray, CSR array} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    X, y, sample_weight
    """
    if sample_weight is None or sample_weight.all():
        return X, y, sample_weight
    kept = np.flatnonzero(sample_weight)
    return X[kept], y[kept], sample_weight[kept]
