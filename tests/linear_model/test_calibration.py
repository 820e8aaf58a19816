"""A linear model whose risks are right on average: calibrate_intercept."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss

from skfocal import FocalLogisticRegression


def table(n_classes=2):
    shares = [0.9, *np.full(n_classes - 1, 0.1 / (n_classes - 1))]
    X, y = make_classification(
        2000, 8, n_informative=5, n_classes=n_classes, weights=shares, random_state=0
    )
    return X, y, np.random.default_rng(0).random(len(y)) + 0.5


@pytest.mark.parametrize("n_classes", [2, 3])
def test_mean_risk_is_the_event_rate(n_classes):
    X, y, weight = table(n_classes)
    rate = np.bincount(y, weight) / weight.sum()
    risks = [
        FocalLogisticRegression(gamma=5.0, calibrate_intercept=on)
        .fit(X, y, weight)
        .predict_proba(X)
        for on in (False, True)
    ]
    without, with_constant = (np.average(risk, axis=0, weights=weight) for risk in risks)
    np.testing.assert_allclose(with_constant, rate, rtol=1e-7)
    assert np.abs(without / rate - 1).max() > 0.01
    assert log_loss(y, risks[1], sample_weight=weight) < log_loss(y, risks[0], sample_weight=weight)


def test_class_weights_are_costs_of_the_mean_too():
    X, y, _ = table()
    model = FocalLogisticRegression(calibrate_intercept=True, class_weight={0: 1.0, 1: 5.0}).fit(
        X, y
    )
    cost = np.where(y == 1, 5.0, 1.0)
    mean = np.average(model.predict_proba(X)[:, 1], weights=cost)
    assert mean == pytest.approx(np.average(y, weights=cost), rel=1e-7)


@pytest.mark.parametrize(
    "parameters", [{"gamma": 0.0}, {"fit_intercept": False}, {"probabilities": "raw"}], ids=str
)
def test_no_constant_where_none_belongs(parameters):
    X, y, _ = table()
    on, off = (
        FocalLogisticRegression(calibrate_intercept=flag, **parameters).fit(X, y)
        for flag in (True, False)
    )
    np.testing.assert_array_equal(on.predict_proba(X), off.predict_proba(X))
