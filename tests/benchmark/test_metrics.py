"""The judge's metrics against scikit-learn, brute force and arithmetic by hand."""

import numpy as np
import pytest
from imblearn.metrics import geometric_mean_score
from numpy.testing import assert_allclose
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn import metrics as reference
from sklearn.linear_model import LogisticRegression

from skfocal.benchmark._decisions import Decisions
from skfocal.benchmark.metrics import measure, tune_thresholds
from skfocal.benchmark.scoring import get_scoring
from skfocal.decision import expected_calibration_error

DECISION_SCORES = {
    "f1": reference.f1_score,
    "balanced_accuracy": reference.balanced_accuracy_score,
    "geometric_mean": geometric_mean_score,
}


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    target = (rng.random(300) < 0.15).astype(int)
    probability = np.round(np.clip(0.15 + 0.2 * target + 0.1 * rng.normal(size=300), 0.01, 0.99), 2)
    return target, probability


def recalibrate(target, probability):
    """Fit the line in log-odds without a penalty, and the intercept at a slope of 1."""
    log_odds = logit(probability)
    line = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(log_odds[:, None], target)
    slope = line.coef_[0, 0]
    intercept = brentq(lambda a: np.sum(expit(log_odds + a) - target), -20, 20, xtol=1e-13)
    return {
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "calibration_intercept_error": max(intercept, -intercept),
        "calibration_slope_error": min(max(slope - 1, 1 - slope), 1),
    }


def price_row_by_row(target, probability, ratio):
    costs = [
        (0 if y else 1) if p > 1 / (1 + ratio) else (ratio if y else 0)
        for y, p in zip(target, probability, strict=True)
    ]
    return 1000 * sum(costs) / len(costs)


def test_measure_agrees_with_scikit_learn(predictions):
    target, probability = predictions
    decision = (probability > 0.3).astype(int)
    thresholds = {"f1": 0.2, "balanced_accuracy": 0.25, "geometric_mean": 0.4}
    values = measure(target, probability, decision, thresholds)
    assert list(values) == [name for name in get_scoring("binary").FIGURES if name != "threshold"]
    expected = {
        "average_precision": reference.average_precision_score(target, probability),
        "roc_auc": reference.roc_auc_score(target, probability),
        "log_loss": -np.mean(np.log(np.where(target, probability, 1 - probability))),
        "brier": np.mean((target - probability) ** 2),
        "ece": expected_calibration_error(target, probability),
        **recalibrate(target, probability),
        **{f"cost_{ratio}": price_row_by_row(target, probability, ratio) for ratio in (5, 50)},
    }
    for name, score in DECISION_SCORES.items():
        expected[name] = score(target, decision)
        expected[f"{name}_tuned"] = score(target, (probability >= thresholds[name]).astype(int))
    # The calibration slope has a trace of a penalty.
    assert_allclose(values.pop("calibration_slope"), expected["calibration_slope"], rtol=2e-4)
    assert_allclose(list(values.values()), [expected[name] for name in values])
    assert all(type(value) is float for value in values.values())


def test_measure_by_hand():
    target = np.array([1, 1, 0, 0, 0])
    probability = np.array([0.8, 0.3, 0.4, 0.2, 0.1])
    thresholds = dict.fromkeys(DECISION_SCORES, 0.25)
    values = measure(target, probability, np.array([1, 0, 0, 0, 0]), thresholds)
    assert_allclose(values["average_precision"], (1 + 2 / 3) / 2)
    assert_allclose(values["roc_auc"], 5 / 6)
    assert_allclose([values["f1"], values["f1_tuned"]], [2 / 3, 4 / 5])
    assert_allclose(
        [values["balanced_accuracy"], values["balanced_accuracy_tuned"]], [3 / 4, 5 / 6]
    )
    assert_allclose(
        [values["geometric_mean"], values["geometric_mean_tuned"]], np.sqrt([1 / 2, 2 / 3])
    )


def test_certain_and_wrong_has_a_finite_log_loss():
    thresholds = dict.fromkeys(DECISION_SCORES, 0.5)
    values = measure(np.array([0, 1]), np.array([1.0, 1.0]), np.array([1, 1]), thresholds)
    assert_allclose(values["log_loss"], -np.log(np.finfo(float).eps) / 2)


THRESHOLDS = dict.fromkeys(DECISION_SCORES, 0.5)


@pytest.mark.parametrize("sharpness", [0.5, 0.8, 1.5])
def test_calibration_slope_is_that_of_the_data(sharpness):
    rng = np.random.default_rng(0)
    log_odds = rng.normal(-1, 1.5, 50_000)
    target = (rng.random(len(log_odds)) < expit(sharpness * log_odds + 0.3)).astype(int)
    values = measure(target, expit(log_odds), target, THRESHOLDS)
    assert_allclose(values["calibration_slope"], sharpness, atol=0.03)
    assert_allclose(values["calibration_slope_error"], abs(sharpness - 1), atol=0.03)
    moved = measure(target, expit(log_odds - 2), target, THRESHOLDS)
    added = moved["calibration_intercept"] - values["calibration_intercept"]
    assert_allclose(added, 2, atol=1e-6)
    assert_allclose(moved["calibration_slope"], values["calibration_slope"], rtol=1e-4)


def test_one_probability_for_all_rows_has_the_honest_slope():
    target = np.array([1, 0, 0, 0])
    values = measure(target, np.full(4, 0.25), target, THRESHOLDS)
    assert values["calibration_slope"] == 1
    assert_allclose([values["calibration_intercept"], values["calibration_slope_error"]], 0)


def test_a_slope_that_is_far_off_counts_as_one():
    target = np.array([0, 0, 1, 1])
    for probability in ([0.1, 0.2, 0.8, 0.9], [0.9, 0.8, 0.2, 0.1]):
        values = measure(target, np.array(probability), target, THRESHOLDS)
        assert values["calibration_slope_error"] == 1
        assert abs(values["calibration_slope"] - 1) > 1


def test_costs_by_hand():
    target = np.array([1, 1, 0, 0, 0])
    probability = np.array([0.5, 0.1, 0.2, 0.03, 0.01])
    values = measure(target, probability, target, THRESHOLDS)
    # From 1/6 on: one missed at 5, one alarm. From 1/51 on: two alarms.
    assert_allclose([values["cost_5"], values["cost_50"]], [1200, 400])
    for ratio in (5, 50):
        rule = Decisions({"fn": ratio, "fp": 1})
        expected = rule.price(target, probability >= rule.threshold)
        assert_allclose(values[f"cost_{ratio}"], expected)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="one class only"):
        measure(np.zeros(3, int), np.full(3, 0.5), np.zeros(3, int), {})


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", list(DECISION_SCORES))
def test_tuned_threshold_is_the_best_there_is(name, seed):
    rng = np.random.default_rng(seed)
    target = (rng.random(60) < 0.2).astype(int)
    probability = np.round(0.3 * target + 0.7 * rng.random(60), 1 + seed)  # many ties, then none
    score = DECISION_SCORES[name]
    threshold = tune_thresholds(target, probability)[name]
    best = max(score(target, (probability >= cut).astype(int)) for cut in probability)
    assert_allclose(score(target, (probability >= threshold).astype(int)), best)


def test_threshold_lies_midway_and_ties_go_to_the_highest():
    target, probability = np.array([1, 0, 0, 1]), np.array([0.8, 0.6, 0.4, 0.2])
    # F1 is 2/3 with the first row alone and with all rows.
    assert_allclose(tune_thresholds(target, probability)["f1"], 0.7)


def test_threshold_for_a_constant_accepts_all_rows():
    thresholds = tune_thresholds(np.array([0, 1, 0]), np.full(3, 0.3))
    assert thresholds == dict.fromkeys(DECISION_SCORES, 0.3)
