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


def make_multiclass(name="classes", counts=(100, 38, 12), *, categorical=False, seed=0, **fields):
    """Return a data set whose first two columns separate three classes fairly well."""
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = pd.DataFrame(rng.normal(size=(len(codes), 3)), columns=["first", "second", "noise"])
    X["first"] += 2.0 * (codes == 1)
    X["second"] += 2.5 * (codes == 2)
    if categorical:
        X["colour"] = rng.choice(["red", "green", "blue"], size=len(codes))
    y = np.array(["ash", "birch", "cedar", "date"])[codes]
    return Dataset(name=name, X=X, y=y, task="multiclass", **{"family": name} | fields)


def make_multilabel(name="labels", n=150, *, categorical=False, seed=0, **fields):
    """Return a data set with three labels that can be learnt and a fourth of 4 positives."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["first", "second", "third"])
    scores = X.to_numpy() + 0.5 * rng.normal(size=(n, 3))
    y = (scores > [0.0, 0.7, 1.2]).astype(int)
    rare = np.zeros(n, dtype=int)
    rare[rng.choice(n, 4, replace=False)] = 1
    if categorical:
        X["colour"] = rng.choice(["red", "green", "blue"], size=n)
    fields = {"family": name, "label_names": ("wet", "cold", "dark", "odd")} | fields
    return Dataset(name=name, X=X, y=np.column_stack([y, rare]), task="multilabel", **fields)
