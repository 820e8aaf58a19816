"""The judge's metrics against scikit-learn, brute force and arithmetic by hand."""

import numpy as np
import pytest
from imblearn.metrics import geometric_mean_score
from numpy.testing import assert_allclose
from sklearn import metrics as reference

from skfocal.benchmark.metrics import METRICS, measure, tune_thresholds
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


def test_measure_agrees_with_scikit_learn(predictions):
    target, probability = predictions
    decision = (probability > 0.3).astype(int)
    thresholds = {"f1": 0.2, "balanced_accuracy": 0.25, "geometric_mean": 0.4}
    values = measure(target, probability, decision, thresholds)
    assert list(values) == [name for name in get_scoring("binary").FIGURES if name in METRICS]
    expected = {
        "average_precision": reference.average_precision_score(target, probability),
        "roc_auc": reference.roc_auc_score(target, probability),
        "log_loss": -np.mean(np.log(np.where(target, probability, 1 - probability))),
        "brier": np.mean((target - probability) ** 2),
        "ece": expected_calibration_error(target, probability),
    }
    for name, score in DECISION_SCORES.items():
        expected[name] = score(target, decision)
        expected[f"{name}_tuned"] = score(target, (probability >= thresholds[name]).astype(int))
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
