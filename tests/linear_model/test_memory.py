"""What a fit allocates, whatever the kind of labels and weights."""

import tracemalloc

import numpy as np
import pytest
import sklearn
from sklearn.utils.fixes import parse_version

from skfocal import FocalLogisticRegression

N_ROWS, N_FEATURES = 200_000, 20


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, N_FEATURES))
    y = (rng.random(N_ROWS) < 0.05).astype(int)
    FocalLogisticRegression().fit(X[:50_000], y[:50_000])  # what is loaded once
    return X, y


def peak(function):
    """Return the most bytes that are allocated at a time, and the result."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    result = function()
    most = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return most, result


LABELS = {
    "int": lambda y: y,
    "int8": lambda y: y.astype(np.int8),
    "uint64": lambda y: y.astype(np.uint64),
    "bool": lambda y: y.astype(bool),
    "float": lambda y: y.astype(float),
    "float32": lambda y: y.astype(np.float32),
    "str": lambda y: np.where(y > 0, "yes", "no"),
    "object": lambda y: np.where(y > 0, "yes", "no").astype(object),
    "far apart": lambda y: 1_000_000 * y,
}
WEIGHTS = {
    "none": lambda y: None,
    "weights": lambda y: 1.0 + y,
    "one of zero": lambda y: np.r_[0.0, 1.0 + y[1:]],
    "a third of zero": lambda y: (np.arange(len(y)) % 3 > 0).astype(float),
    "int": lambda y: 1 + y,
}


@pytest.mark.slow
@pytest.mark.parametrize("labels", LABELS)
def test_a_fit_takes_a_tenth_of_the_rows_for_any_label(labels, table):
    X, y = table
    labelled = LABELS[labels](y)
    most, model = peak(lambda: FocalLogisticRegression().fit(X, labelled))
    assert most < 0.1 * X.nbytes
    assert model.classes_.tolist() == np.unique(labelled).tolist()


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_fit_takes_a_tenth_of_the_rows_for_any_weight(weights, table):
    if weights == "int" and parse_version(sklearn.__version__) < parse_version("1.7"):
        pytest.skip("scikit-learn before 1.7 checks a copy of weights that are no floats")
    X, y = table
    weight = WEIGHTS[weights](y)
    most, _ = peak(lambda: FocalLogisticRegression().fit(X, y, weight))
    assert most < 0.1 * X.nbytes


@pytest.mark.parametrize("n_classes", [3, 7])
def test_a_fit_of_several_classes_takes_a_tenth_of_the_rows(n_classes, table):
    X, _ = table
    labels = np.arange(N_ROWS) % n_classes
    most, _ = peak(lambda: FocalLogisticRegression().fit(X, labels))
    assert most < 0.1 * X.nbytes


@pytest.mark.slow
def test_a_fit_of_many_columns_takes_a_tenth_of_the_rows():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_040, 500))
    X[:, 1:] += 3 * X[:, :1]  # correlated, so that a sketch of the Hessian is made
    y = (X[:, 0] + rng.logistic(size=len(X)) > 4).astype(int)
    most, model = peak(lambda: FocalLogisticRegression().fit(X, y))
    assert model.n_iter_ > 10
    assert most < 0.1 * X.nbytes
