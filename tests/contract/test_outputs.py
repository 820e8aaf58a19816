"""What every public estimator returns, and what a fit leaves behind."""

import pickle
import random
import sys

import joblib
import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import clone
from threadpoolctl import threadpool_info

from tests.estimators import every, single_label

KINDS = pytest.mark.parametrize("kind", ["raw", "weighted", "posterior"])


@pytest.mark.slow
@KINDS
@pytest.mark.parametrize("weights", [{}, {"alpha": 7 / 8}, {"class_weight": {0: 1, 1: 9}}], ids=str)
@every
def test_the_outputs_agree(subject, weights, kind):
    X, y = subject.table()
    model = subject.make(probabilities=kind, **weights).fit(X, y)
    probability, decision = model.predict_proba(X), model.decision_function(X)
    positive = probability if subject.multilabel else probability[:, 1]
    np.testing.assert_allclose(expit(decision), positive, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(X), (decision > 0).astype(int))
    np.testing.assert_array_equal(model.predict(X), (positive > 0.5).astype(int))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), probability, rtol=1e-9)


@pytest.mark.slow
@KINDS
@single_label
def test_the_outputs_agree_for_four_classes(subject, kind):
    X, y = subject.table(n_classes=4)
    model = subject.make(probabilities=kind, alpha=[1, 2, 3, 9]).fit(X, y)
    probability = model.predict_proba(X)
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(probability.argmax(axis=1), model.predict(X))
    np.testing.assert_allclose(model.decision_function(X), np.log(probability), rtol=1e-9)


@every
def test_rows_are_predicted_alone_as_among_others(subject):
    X, y = subject.table(n_classes=3)
    model = subject.make().fit(X, y)
    alone = np.concatenate([model.predict_proba(row[None]) for row in X[:50]])
    np.testing.assert_allclose(alone, model.predict_proba(X[:50]), rtol=1e-12)


@every
def test_pickle_and_score(subject):
    X, y = subject.table(n_classes=3)
    model = subject.make().fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    right = model.predict(X) == y
    assert model.score(X, y) == np.mean(right.all(axis=1) if subject.multilabel else right)


def global_states():
    """Seeds and thread counts of the process; torch's too, where it is loaded."""
    torch = sys.modules.get("torch")
    return (
        random.getstate(),
        np.random.mtrand._rand.get_state()[1].tolist(),
        sorted((pool["filepath"], pool["num_threads"]) for pool in threadpool_info()),
        torch and (torch.get_rng_state().tolist(), torch.get_num_threads()),
    )


@pytest.mark.slow
@every
def test_the_same_seed_gives_the_same_fit_and_global_state_is_untouched(subject):
    X, y = subject.table()
    model = subject.make().set_params(random_state=3)
    expected = clone(model).fit(X, y).predict_proba(X)  # loads what is loaded once
    before = global_states()
    others = [clone(model).fit(X, y)]
    others += joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(clone(model).fit)(X, y) for _ in range(4)
    )
    for other in others:
        np.testing.assert_array_equal(other.predict_proba(X), expected)
    for seed in (np.random.RandomState(3), None):
        clone(model).set_params(random_state=seed).fit(X, y)
    with pytest.raises(ValueError):
        subject.make(alpha=[1, 2, 3, 4]).fit(X, y)
    assert global_states() == before


@every
def test_nothing_is_printed(subject, capfd):
    X, y = subject.table()
    subject.make().fit(X, y).predict(X)
    assert capfd.readouterr() == ("", "")
