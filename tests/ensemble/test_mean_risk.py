"""On new rows of the same population the mean predicted risk is the event rate."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from skfocal import FocalBoostingClassifier

pytestmark = pytest.mark.slow
# Eager trees, so that there is something to correct.
TREES = {"n_estimators": 100, "learning_rate": 0.1, "max_leaf_nodes": 31, "n_jobs": 1}


def clouds(rng, n_events, n_rows):
    """Return two normal clouds of four features."""
    X = rng.normal(size=(n_rows, 4))
    X[:n_events] += 1
    return X


def ring(rng, n_events, n_rows):
    """Return twenty features; the events lie around a circle in two of them."""
    X = rng.normal(size=(n_rows, 20))
    angle = rng.uniform(0, 2 * np.pi, n_events)
    X[:n_events, :2] = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    X[:n_events, :2] += 0.5 * rng.normal(size=(n_events, 2))
    return X


@pytest.mark.parametrize("gamma", [0.0, 2.0, 5.0])
@pytest.mark.parametrize(
    ("draw", "n_events", "n_rows"),
    [(clouds, 1000, 10_000), (clouds, 400, 40_000), (ring, 400, 40_000)],
)
def test_the_mean_risk_of_new_rows_is_the_event_rate(draw, n_events, n_rows, gamma):
    rng = np.random.default_rng(0)
    X, y = draw(rng, n_events, n_rows), np.arange(n_rows) < n_events
    X_new, y_new = draw(rng, 4000, 40_000), np.arange(40_000) < 4000
    weight = np.where(y_new, y.mean() / 0.1, (1 - y.mean()) / 0.9)

    def judge(calibrate):
        model = FocalBoostingClassifier(
            gamma, calibrate_intercept=calibrate, random_state=0, **TREES
        ).fit(X, y)
        p = model.predict_proba(X_new)[:, 1]
        return np.average(p, weights=weight) / y.mean(), log_loss(y_new, p, sample_weight=weight)

    ratio, loss = judge(True)
    assert 0.95 < ratio < 1.05
    # Never at the price of log loss.
    assert loss <= judge(False)[1] * 1.0005


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_so_it_is_of_several_classes(gamma):
    rng = np.random.default_rng(0)

    def draw(n_rows):
        y = np.repeat([0, 1, 2], [n_rows * 94 // 100, n_rows // 20, n_rows // 100])
        return rng.normal(size=(len(y), 6)) + 1.5 * np.eye(3, 6)[y], y

    X, y = draw(40_000)
    model = FocalBoostingClassifier(gamma, random_state=0, **TREES).fit(X, y)
    X_new, y_new = draw(100_000)
    ratio = model.predict_proba(X_new).mean(axis=0) / (np.bincount(y_new) / len(y_new))
    # Chance is 5 % with 400 rows of the rarest class.
    assert ratio == pytest.approx(1, abs=0.1)
