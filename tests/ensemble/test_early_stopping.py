"""Early stopping of boosted trees, on each engine."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss

from skfocal import FocalBoostingClassifier
from skfocal.model_selection import class_split
from tests.ensemble.trees import PLAIN, QUICK, STOPPING, stops


@pytest.mark.slow
@stops
@pytest.mark.parametrize("scoring", ["neg_log_loss", "average_precision"])
def test_early_stopping_keeps_the_best_round_by_its_own_metric(engine, scoring, table):
    X, y = table
    model = FocalBoostingClassifier(
        engine=engine,
        early_stopping=True,
        scoring=scoring,
        **PLAIN | {"n_estimators": 200, "learning_rate": 0.3},
    ).fit(X, y)
    scores = model.validation_scores_
    assert model.n_iter_ == max(1, int(np.argmax(scores))) < 200
    assert len(scores) <= 201
    # The rows that were held out, drawn as the estimator draws them.
    random = np.random.default_rng(np.random.RandomState(0).randint(2**31 - 1))
    random.integers(2**31)
    held_out = class_split(y, 0.1, random)[1]
    p = model.predict_proba(X[held_out])[:, 1]
    if scoring == "neg_log_loss":
        wanted = -log_loss(y[held_out], p)
    else:
        wanted = average_precision_score(y[held_out], p)
    assert max(scores) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.slow
@stops
def test_early_stopping_of_three_classes(engine, three_classes):
    X, y = three_classes
    model = FocalBoostingClassifier(
        engine=engine, early_stopping=True, learning_rate=0.3, n_jobs=1, random_state=0
    ).fit(X, y)
    assert model.n_iter_ == max(1, int(np.argmax(model.validation_scores_))) < 200


@pytest.mark.slow
@pytest.mark.parametrize("gamma", [0.0, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [None, 0.9])
def test_the_first_validation_score_knows_no_gamma_and_no_weight(gamma, alpha, table):
    X, y = table
    model = FocalBoostingClassifier(
        gamma=gamma, alpha=alpha, engine=STOPPING[0], early_stopping=True, **QUICK
    ).fit(X, y)
    rate = y.mean()
    entropy = rate * np.log(rate) + (1 - rate) * np.log(1 - rate)
    assert model.validation_scores_[0] == pytest.approx(entropy, rel=1e-2)
