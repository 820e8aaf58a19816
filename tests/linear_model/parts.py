"""Tables that come in parts, the settings of fits to them, and their comparison."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

SETTINGS = [
    {},
    {"gamma": 0.0, "class_weight": "balanced"},
    {"loss": "ldam"},
    {"alpha": "balanced", "calibrate_intercept": True, "probabilities": "posterior"},
    {"solver": "lbfgs", "tol": 1e-9},
    {"l1_ratio": 0.5, "C": 0.01},
    {"C": np.inf, "fit_intercept": False},
]


def table(n_rows=3000, n_classes=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, 4))
    scores = X[:, :n_classes] - [0, 1, 2][:n_classes] + rng.gumbel(size=(n_rows, n_classes))
    return X, scores.argmax(axis=1), rng.uniform(0.5, 2, size=n_rows)


def assert_same(found, expected, rtol=1e-8):
    assert_allclose(found.coef_, expected.coef_, rtol=rtol, atol=rtol)
    assert_allclose(found.intercept_, expected.intercept_, rtol=rtol, atol=rtol)
    assert_array_equal(found.classes_, expected.classes_)
