"""Thresholds under a constraint: against all thresholds tried one by one, and simulated truth."""

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from skfocal.decision import ConstrainedThresholdClassifierCV
from skfocal.decision._rates import RATES, Share

X, Y = make_classification(600, 6, n_informative=4, weights=[0.85], random_state=0)
CV = StratifiedKFold(4)
RISK = cross_val_predict(LogisticRegression(), X, Y, cv=CV, method="predict_proba")[:, 1]


def rates(threshold):
    decision = RISK >= threshold
    return {
        "recall": decision[Y == 1].mean(),
        "precision": Y[decision].mean(),
        "specificity": 1 - decision[Y == 0].mean(),
        "alert_rate": decision.mean(),
    }


def fit(**settings):
    return ConstrainedThresholdClassifierCV(LogisticRegression(), cv=CV, **settings).fit(X, Y)


# scikit-learn excuses its own TunedThresholdClassifierCV in the same words.
EXCUSED = {"check_classifiers_train": "Threshold at probability 0.5 does not hold"}


@parametrize_with_checks(
    [ConstrainedThresholdClassifierCV(LogisticRegression(), cv=2)],
    expected_failed_checks=lambda _: EXCUSED,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("maximize", "at_least", "at_most"),
    [
        ("precision", {"recall": 0.7}, None),
        ("recall", {"precision": 0.5}, None),
        ("recall", None, {"alert_rate": 0.05}),
        ("specificity", {"recall": 0.6}, {"alert_rate": 0.4}),
    ],
)
def test_no_threshold_that_keeps_the_bounds_is_better(maximize, at_least, at_most):
    model = fit(maximize=maximize, at_least=at_least, at_most=at_most)
    found = rates(model.threshold_)
    assert model.rates_ == pytest.approx(found)
    tried = [rates(threshold) for threshold in np.unique(RISK)]
    kept = [
        one[maximize]
        for one in tried
        if all(one[rate] >= bound for rate, bound in (at_least or {}).items())
        and all(one[rate] <= bound for rate, bound in (at_most or {}).items())
    ]
    assert found[maximize] == pytest.approx(max(kept))


def test_the_decision_is_that_of_the_threshold():
    model = fit(at_least={"recall": 0.7})
    risk = LogisticRegression().fit(X, Y).predict_proba(X)[:, 1]
    np.testing.assert_array_equal(model.predict(X), (risk >= model.threshold_).astype(int))


@pytest.mark.parametrize("part", [0, 3, 40, 50])
def test_bounds_of_a_share_are_those_of_the_binomial(part):
    share, level = Share(np.array([float(part)]), np.array([50.0])), 0.95
    low, high = share.low(level)[0], share.high(level)[0]
    if part > 0:  # were the true share the lower bound, so many would be seen once in twenty
        assert binom.sf(part - 1, 50, low) == pytest.approx(0.05)
    if part < 50:
        assert binom.cdf(part, 50, high) == pytest.approx(0.05)
    assert low <= part / 50 <= high


def test_confidence_keeps_a_margin():
    plain, sure = fit(at_least={"recall": 0.7}), fit(at_least={"recall": 0.7}, confidence=0.95)
    assert sure.threshold_ < plain.threshold_
    hits = round(sure.rates_["recall"] * Y.sum())
    assert binom.sf(hits - 1, Y.sum(), 0.7) < 0.05


def test_what_is_reachable_is_said():
    with pytest.raises(ValueError, match=r"no threshold has recall of at least 0\.9 and"):
        fit(at_least={"recall": 0.9}, at_most={"alert_rate": 0.01})
    with pytest.raises(ValueError, match=r"the highest recall is 0\.9"):
        fit(at_least={"recall": 1.0}, confidence=0.95)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"at_least": {"f2": 0.5}}, "at_least must name some of"),
        ({"at_most": {"recall": 2}}, "recall must be between 0 and 1"),
        ({"at_least": {"recall": "high"}}, "between 0 and 1, got 'high'"),
        ({"maximize": "accuracy"}, "maximize"),
        ({"confidence": 1.0}, "confidence"),
    ],
)
def test_bad_settings_are_told(settings, message):
    with pytest.raises(ValueError, match=message):
        fit(**settings)
    assert "recall" in RATES


def test_rows_of_weight_zero_are_not_counted():
    weight = (np.arange(len(Y)) % 3 > 0).astype(float)
    splits = list(CV.split(X, Y))
    model = ConstrainedThresholdClassifierCV(LogisticRegression(), cv=splits)
    model.fit(X, Y, sample_weight=weight)
    place = np.flatnonzero(weight)
    kept = [(np.searchsorted(place, np.intersect1d(part, place)) for part in s) for s in splits]
    fewer = ConstrainedThresholdClassifierCV(LogisticRegression(), cv=[tuple(s) for s in kept])
    fewer.fit(X[place], Y[place])
    assert model.threshold_ == pytest.approx(fewer.threshold_, rel=1e-4)
    assert model.rates_ == fewer.rates_


def test_each_class_has_its_own_threshold_in_one_against_the_rest():
    codes = np.digitize(X[:, 0], [-1, 1])
    one = ConstrainedThresholdClassifierCV(LogisticRegression(), at_least={"recall": 0.8})
    model = OneVsRestClassifier(one).fit(X, codes)
    assert [each.rates_["recall"] >= 0.8 for each in model.estimators_] == [True] * 3
    assert len({each.threshold_ for each in model.estimators_}) == 3


def test_what_it_is_not_for_is_told():
    with pytest.raises(ValueError, match="Only binary classification"):
        ConstrainedThresholdClassifierCV(LogisticRegression()).fit(X, np.arange(600) % 3)
    with pytest.raises(ValueError, match="estimator"):
        ConstrainedThresholdClassifierCV(BaseEstimator()).fit(X, Y)
