"""Small data sets with known signal for the tests of the benchmark."""

import numpy as np
import pandas as pd

from skfocal.benchmark import Dataset


def make_toy(
    name="toy", n=120, n_positive=24, *, categorical=False, missing=False, seed=0, **fields
):
    """Return a data set whose first column separates the classes fairly well."""
    rng = np.random.default_rng(seed)
    y = np.zeros(n, dtype=int)
    y[rng.choice(n, n_positive, replace=False)] = 1
    X = pd.DataFrame({"signal": rng.normal(size=n) + 1.5 * y, "noise": rng.normal(size=n) * 100})
    if missing:
        X.loc[rng.choice(n, n // 10, replace=False), "signal"] = np.nan
    if categorical:
        X["colour"] = rng.choice(["red", "green", "blue"], size=n)
        X["shape"] = np.where(rng.random(n) < 0.6, np.where(y, "round", "square"), None)
    fields.setdefault("family", name)
    return Dataset(name=name, X=X, y=y, **fields)
