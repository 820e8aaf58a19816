"""Seeds and threads of a fit: the same result twice, nothing global changed."""

import random
from unittest import mock

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from threadpoolctl import threadpool_info

from skfocal.neural_network.training._device import step_threads
from skfocal.nn import TabularMLP
from tests.neural_network.networks import both, small, table


def global_states():
    return (
        random.getstate(),
        np.random.mtrand._rand.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
    )


def thread_counts():
    pools = {
        (pool["user_api"], pool["filepath"]): pool["num_threads"] for pool in threadpool_info()
    }
    return torch.get_num_threads(), pools


@both
def test_the_same_seed_gives_the_same_fit(cls):
    X, y = table(cls)
    before = global_states()
    model = small(cls, dropout=0.3, batch_size=32, early_stopping=True)
    fitted = [clone(model).fit(X, y) for _ in range(2)]
    for name, value in fitted[0]._network.state.items():
        np.testing.assert_array_equal(fitted[1]._network.state[name], value)
    assert fitted[0].validation_scores_ == fitted[1].validation_scores_
    assert fitted[0].loss_curve_ == fitted[1].loss_curve_
    by_instance, other, unseeded = (
        clone(model).set_params(random_state=seed).fit(X, y)
        for seed in (np.random.RandomState(0), 1, None)
    )
    assert by_instance.loss_curve_ == fitted[0].loss_curve_
    assert len({tuple(m.loss_curve_) for m in (fitted[0], other, unseeded)}) == 3
    fitted[0].predict_proba(X)
    assert global_states() == before


@both
@pytest.mark.parametrize("fails", [False, True])
def test_thread_counts_are_as_before(cls, fails, two_threads, monkeypatch):
    X, y = table(cls)
    before = thread_counts()
    if not fails:
        small(cls).fit(X, y).predict(X)
    else:
        monkeypatch.setattr(TabularMLP, "embed", mock.Mock(side_effect=RuntimeError("lost")))
        with pytest.raises(RuntimeError, match="lost"):
            small(cls).fit(X, y)
    assert thread_counts() == before


def test_overlapping_fits_restore_what_the_first_one_found(two_threads):
    first, second = step_threads(1), step_threads(1)
    for step in (first.__enter__, second.__enter__):
        step()
        assert torch.get_num_threads() == 1
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert torch.get_num_threads() == 2


@both
def test_four_fits_by_threads_are_the_serial_ones(cls, two_threads):
    X, y = table(cls)
    before = thread_counts()
    model = small(cls, dropout=0.3, batch_size=20)
    expected = clone(model).fit(X, y).predict_proba(X)
    fitted = joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(clone(model).fit)(X, y) for _ in range(4)
    )
    for other in fitted:
        np.testing.assert_array_equal(other.predict_proba(X), expected)
    assert thread_counts() == before
