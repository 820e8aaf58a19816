"""Whether classes can be separated, so that without a penalty the coefficients have no minimum."""

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from skfocal.tasks import Task

# Scores of rows that overlap stay small; those that grow without bound are beyond this when a fit
# stops, since the slopes there are below any tolerance.
LARGE = 10.0
# Entries of the largest table for which the linear programme is solved, in seconds.
LARGEST_PROGRAMME = 10**7
# A direction that separates gains more than the solver may violate its constraints by.
GAIN = 1e-4


def are_separable(
    X: Any,
    codes: np.ndarray,
    weight: np.ndarray | None,
    columns: np.ndarray,
    task: Task,
    fit_intercept: bool,
) -> bool:
    """Return whether a direction leaves no row on the wrong side, and some row on the right one.

    Complete separation is seen in the scores of a fit. Where some rows lie on the border
    (quasi-complete separation) a linear programme decides, for two classes.

    Parameters
    ----------
    X : {ndarray, CSR matrix or array, RowSource} of shape (n, n_features)
        Rows. For those that are not in memory only complete separation is found.
    codes : ndarray of shape (n,)
        Class codes.
    weight : ndarray of shape (n,) or None
        Rows of weight 0 do not count.
    columns : ndarray of shape (n, n_scores)
        Scores of a fit without penalty.
    task : Task
    fit_intercept : bool
        Whether a direction may have a constant.

    Returns
    -------
    bool

    References
    ----------
    Albert and Anderson, "On the Existence of Maximum Likelihood Estimates in Logistic Regression
    Models", Biometrika 71, 1984, doi:10.1093/biomet/71.1.1
    """
    kept = slice(None) if weight is None else np.flatnonzero(weight)
    codes, columns = codes[kept], columns[kept]
    scores = task.from_columns(columns)
    margin = task.margin(scores, codes)
    if np.min(margin[0]) > 0:
        return True
    too_large = hasattr(X, "map_parts") or X.shape[0] * X.shape[1] > LARGEST_PROGRAMME
    if task.is_softmax or too_large or np.abs(scores).max() < LARGE:
        return False
    return _has_direction(X[kept], np.where(codes == 1, 1.0, -1.0), fit_intercept)


def _has_direction(X: Any, side: np.ndarray, fit_intercept: bool) -> bool:
    """Return whether a direction has no negative product with a signed row, and a positive one."""
    signed = sparse.diags_array(side) @ sparse.csr_array(X, dtype=np.float64)
    size = abs(signed).max(axis=0).toarray().ravel()
    scale = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    signed = signed @ sparse.diags_array(scale)
    if fit_intercept:
        signed = sparse.hstack([signed, side[:, None]])
    gain = np.asarray(signed.sum(axis=0)).ravel()
    found = linprog(-gain, A_ub=-signed, b_ub=np.zeros(len(side)), bounds=(-1, 1))
    return bool(found.success and -found.fun > GAIN)
