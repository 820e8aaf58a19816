"""scikit-learn's own tables, made imbalanced: small, quick, and there without a download."""

import numpy as np
from sklearn import datasets

from skfocal.benchmark.datasets._formats import LoadedTable

__all__ = ["load_tiny"]


def load_tiny(name: str) -> LoadedTable:
    """Read one of the sets of the `tiny` suite.

    Parameters
    ----------
    name : {"breast_cancer", "diabetes", "wine"}
        Malignant against benign; progression above 200 against below, with one categorical
        column; the second cultivar against the other two.
    """
    if name == "breast_cancer":
        X, target = datasets.load_breast_cancer(return_X_y=True, as_frame=True)
        return _keep_positives(X, target == 0, 40)
    if name == "diabetes":
        X, target = datasets.load_diabetes(return_X_y=True, as_frame=True, scaled=False)
        X["sex"] = X["sex"].map({1.0: "first", 2.0: "second"})  # the source does not say which
        return _keep_positives(X, target > 200, 40)
    X, target = datasets.load_wine(return_X_y=True, as_frame=True)
    return _keep_positives(X, target == 1, 20)


def _keep_positives(X, positive, n_kept) -> LoadedTable:
    """Drop positives at random, the same ones every time, until `n_kept` are left."""
    rows = np.flatnonzero(positive)
    dropped = np.random.default_rng(0).permutation(rows)[n_kept:]
    kept = np.setdiff1d(np.arange(len(X)), dropped)
    X, y = X.iloc[kept].reset_index(drop=True), np.asarray(positive)[kept].astype(np.int64)
    return LoadedTable(X, y)
