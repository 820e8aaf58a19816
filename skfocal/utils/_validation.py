"""Checks of data that several estimators make."""

import numpy as np

from skfocal.utils._compat import _check_sample_weight, validate_data


def validate_rows(estimator, X, y, sample_weight, **options):
    """Return rows, labels and weights that can be trained on.

    Rows of weight 0 are left out: they must not decide which classes exist, nor be drawn into a
    sample.

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
        For ``validate_data``.

    Returns
    -------
    X, y, sample_weight
        The last as float64, or None.
    """
    X, y = validate_data(
        estimator, X, y, accept_sparse="csr", dtype=[np.float64, np.float32], **options
    )
    if sample_weight is None:
        return X, y, None
    sample_weight = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    if not sample_weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    if not sample_weight.all():
        kept = np.flatnonzero(sample_weight)
        X, y, sample_weight = X[kept], y[kept], sample_weight[kept]
    return X, y, sample_weight
