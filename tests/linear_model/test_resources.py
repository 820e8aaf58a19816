"""FocalLogisticRegression on many rows: seeds, threads, sparse rows, memory."""

import random
import tracemalloc

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from threadpoolctl import threadpool_info

from skfocal import FocalLogisticRegression


def table(n):
    return make_classification(n, 6, n_informative=4, random_state=0)


@pytest.mark.slow
def test_seeds_and_global_state():
    X, y = table(n=40_000)
    before = random.getstate(), np.random.mtrand._rand.get_state()[1].copy()
    models = [FocalLogisticRegression(random_state=3).fit(X, y) for _ in range(2)]
    models.append(clone(models[0]).fit(X, y))
    models += joblib.Parallel(n_jobs=2)(
        joblib.delayed(FocalLogisticRegression(random_state=3).fit)(X, y) for _ in range(2)
    )
    FocalLogisticRegression(random_state=np.random.RandomState(3)).fit(X, y)
    for model in models[1:]:
        np.testing.assert_array_equal(model.coef_, models[0].coef_)
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(np.random.mtrand._rand.get_state()[1], before[1])


def blas_threads():
    return [
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    ]


def test_threads_are_left_as_they_were():
    X, y = table(n=40_000)
    before = blas_threads()
    serial = FocalLogisticRegression().fit(X, y)
    with pytest.raises(ValueError):
        FocalLogisticRegression(alpha=[1, 2, 3]).fit(X, y)
    # Overlapping fits must not restore each other's limit.
    models = joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(FocalLogisticRegression().fit)(X, y) for _ in range(8)
    )
    assert blas_threads() == before
    for model in models:
        np.testing.assert_array_equal(model.coef_, serial.coef_)


def test_unsorted_and_duplicate_indices():
    # Row 0 holds its entries backwards, row 1 holds 3.0 as 1.0 + 2.0.
    messy = sparse.csr_array(
        (np.array([2.0, 1.0, 1.0, 2.0, -1.0]), np.array([1, 0, 1, 1, 0]), np.array([0, 2, 4, 5])),
        shape=(3, 2),
    )
    clean = np.array([[1.0, 2.0], [0.0, 3.0], [-1.0, 0.0]])
    y = [0, 1, 1]
    np.testing.assert_allclose(
        FocalLogisticRegression(tol=1e-9).fit(messy, y).coef_,
        FocalLogisticRegression(tol=1e-9).fit(clean, y).coef_,
        rtol=1e-6,
    )


@pytest.mark.slow
def test_sparse_memory():
    rng = np.random.default_rng(0)
    n = 20_000
    X = sparse.random_array((n, n), density=1e-4, format="csr", rng=rng)
    y = (X[:, :100].sum(axis=1) + 0.1 * rng.standard_normal(n) > 0).astype(int)
    tracemalloc.start()
    FocalLogisticRegression().fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n * n * 8 / 10
    # It is far below that: the preliminary sample and vectors of both lengths.
    assert peak < 50e6


def test_no_parameter_that_scikit_learn_gives_up():
    assert not set(FocalLogisticRegression().get_params()) & {"penalty", "n_jobs"}


@pytest.mark.parametrize("n_classes", [2, 3, 20])
@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba", "decision_function"])
def test_predicting_takes_three_times_its_output_at_most(n_classes, gamma, method):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400_000 // n_classes, 4))
    model = FocalLogisticRegression(gamma=gamma).fit(X[:200], np.arange(200) % n_classes)
    predict = getattr(model, method)
    predict(X[:10])
    tracemalloc.start()
    output = predict(X).nbytes
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 3 * output + 3e6
