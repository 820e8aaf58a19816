"""Rows on their way into a network: types, batches of one, sparse rows, missing values."""

import tracemalloc

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.base import clone

from skfocal.neural_network._parameters import MOST_EMBEDDED
from tests.neural_network.networks import MLP, MULTILABEL, both, small, table


def test_width_does_not_depend_on_the_batch():
    X, y = table(MLP)[0], np.arange(200) % 10
    model = small(MLP, batch_size=1, max_epochs=1).fit(X[:30], y[:30])
    assert model.predict_proba(X).shape == (200, 10)


def test_batches_of_one_row():
    X, Y = table(MULTILABEL)
    model = small(MULTILABEL, batch_size=1, max_epochs=1).fit(X[:30], Y[:30])
    assert model.predict_proba(X).shape == (200, 3)


@both
def test_types_in_and_out(cls, passes):
    X, y = table(cls)
    assert X.dtype == np.float64
    model = small(cls).fit(X, y)
    assert {seen.X.dtype for seen in passes} == {torch.float32}
    probability = model.predict_proba(X)
    assert probability.dtype == np.float64
    if cls is MLP:
        np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)
        labels = small(cls).fit(X, 5 + y)
        chosen = labels.classes_[labels.predict_proba(X).argmax(axis=1)]
        np.testing.assert_array_equal(chosen, labels.predict(X))
        assert set(chosen) == {5, 6}


@pytest.mark.slow
def test_sparse_rows_are_made_dense_a_batch_at_a_time():
    X = sparse.random_array((80_000, 400), density=1e-3, format="csr", rng=0)
    model = small(
        MLP,
        hidden_layer_sizes=(2,),
        n_members=1,
        numeric_embedding=None,
        max_epochs=1,
        batch_size=4000,
    )
    clone(model).fit(X[:9], np.arange(9) % 2)  # loads what is loaded once
    tracemalloc.start()
    model.fit(X, np.arange(80_000) % 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * 4 * np.prod(X.shape)  # of the dense table in float32


@both
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused_in_sparse_rows(cls, bad):
    X, y = table(cls)
    wrong = X.copy()
    wrong[3, 2] = bad
    model = small(cls).fit(X, y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.predict_proba(sparse.csr_array(wrong))


@pytest.mark.parametrize("others", [{}, {"batch_norm": True}, {"early_stopping": True}])
@both
def test_wide_sparse_rows_stay_sparse_and_learn_what_dense_ones_do(cls, others, passes):
    X = sparse.random_array((60, MOST_EMBEDDED + 1), density=0.01, format="csr", rng=0)
    # The largest value is 1, so that dense rows need no scaling.
    X.data[:] = 1.0
    y = np.arange(60) % 2 if cls is MLP else np.eye(2, dtype=int)[np.arange(60) % 2]
    # Adam would blow the rounding of small gradients up to full steps.
    settings = {"dropout": 0.0, "optimizer": "sgd", "learning_rate_init": 0.1} | others
    thin = small(cls, **settings).fit(X, y)
    assert {seen.X.is_sparse for seen in passes} == {True}
    dense = small(cls, **settings, standardize=False).fit(X.toarray(), y)
    expected = dense.predict_proba(X.toarray())
    np.testing.assert_allclose(thin.predict_proba(X), expected, atol=1e-5)
    np.testing.assert_allclose(thin.predict_proba(X.toarray()), expected, atol=1e-5)


def test_wide_tables_have_no_waves_unless_asked_for():
    X, y = np.eye(40, MOST_EMBEDDED + 1), np.arange(40) % 2
    assert small(max_epochs=1).fit(X, y).to_torch().weights[0].shape[1] == X.shape[1]
    asked = small(max_epochs=1, numeric_embedding="periodic")
    n_inputs = 5 * X.shape[1]
    assert asked.fit(sparse.csr_array(X), y).to_torch().weights[0].shape[1] == n_inputs
    assert small(max_epochs=1).fit(X[:, :30], y).to_torch().weights[0].shape[1] == 150
