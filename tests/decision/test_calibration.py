"""Measures of calibration: by hand, and on simulated rows whose risks are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV

from skfocal.decision import calibration_intercept_slope, expected_calibration_error


@pytest.mark.parametrize(
    ("target", "probability", "n_bins", "expected"),
    [
        # Bins {.1, .2} and {.6, .9}: |0 - .3| + |1 - 1.5| over four rows.
        ([0, 0, 1, 0], [0.1, 0.2, 0.6, 0.9], 2, 0.8 / 4),
        # One bin would hide it: the gaps -.4 and +.4 cancel.
        ([1, 0], [0.6, 0.4], 1, 0.0),
        ([1, 0], [0.6, 0.4], 2, 0.4),
        # A constant is off by its distance from the prevalence, however many bins there are.
        ([1, 0, 0, 0], [0.4] * 4, 15, 0.15),
        # Equal probabilities stay together.
        ([0, 1, 0, 1], [0.5] * 4, 4, 0.0),
    ],
)
def test_calibration_error_by_hand(target, probability, n_bins, expected):
    assert_allclose(expected_calibration_error(target, probability, n_bins), expected, atol=1e-15)
    backwards = expected_calibration_error(target[::-1], probability[::-1], n_bins)
    assert_allclose(backwards, expected, atol=1e-15)


def test_calibration_error_bins_hold_equally_many_rows():
    rng = np.random.default_rng(1)
    probability, target = rng.random(150), rng.integers(0, 2, 150)
    order = np.argsort(probability)
    gaps = [abs(probability[rows].mean() - target[rows].mean()) for rows in np.split(order, 15)]
    assert_allclose(expected_calibration_error(target, probability), np.mean(gaps))


@pytest.fixture(scope="module")
def simulated():
    rng = np.random.default_rng(0)
    log_odds = rng.normal(-2, 1.2, size=200_000)
    return log_odds, (rng.logistic(size=len(log_odds)) < log_odds).astype(int)


@pytest.mark.parametrize(("shift", "stretch"), [(0, 1), (0, 2), (1.5, 1), (0, 0.5)])
def test_shift_and_stretch_are_found(simulated, shift, stretch):
    log_odds, y = simulated
    intercept, slope = calibration_intercept_slope(y, expit(stretch * log_odds + shift))
    assert slope == pytest.approx(1 / stretch, rel=0.02)
    if stretch == 1:
        assert intercept == pytest.approx(-shift, abs=0.02)
    corrected = expit(stretch * log_odds + shift + intercept)
    assert corrected.mean() == pytest.approx(y.mean(), rel=1e-8)


def test_weights_count_as_repetitions(simulated):
    log_odds, y = (part[:2000] for part in simulated)
    times = 1 + np.arange(2000) % 3
    weighted = calibration_intercept_slope(y, expit(2 * log_odds), sample_weight=times)
    repeated = calibration_intercept_slope(
        np.repeat(y, times), np.repeat(expit(2 * log_odds), times)
    )
    assert_allclose(weighted, repeated, rtol=1e-4)
    assert abs(weighted[1] - calibration_intercept_slope(y, expit(2 * log_odds))[1]) > 1e-3


@pytest.mark.parametrize("measure", [calibration_intercept_slope, expected_calibration_error])
def test_labels_may_be_words(simulated, measure):
    log_odds, y = (part[:500] for part in simulated)
    expected = measure(y, expit(log_odds))
    words = np.where(y == 1, "sick", "well")
    assert_allclose(measure(words, expit(log_odds), pos_label="sick"), expected)
    assert_allclose(measure(np.where(y == 1, "sick", "A"), expit(log_odds)), expected)
    assert_allclose(measure(y == 1, expit(log_odds)), expected)


@pytest.mark.parametrize("measure", [calibration_intercept_slope, expected_calibration_error])
@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([0, 1], [0.2, 1.2], r"in \[0, 1\]"),
        ([0, 1], [0.2, np.nan], r"in \[0, 1\]"),
        ([0, 1, 1], [0.2, 0.3], "inconsistent"),
        ([0, 1, 2], [0.2, 0.3, 0.1], "two labels"),
        (["a", "a"], [0.2, 0.3], "two labels"),
        ([[0, 1]], [0.2, 0.3], "1d array"),
    ],
)
def test_bad_input_is_told(measure, y, p, message):
    with pytest.raises(ValueError, match=message):
        measure(y, p)


def test_one_class_or_one_probability_has_no_line():
    with pytest.raises(ValueError, match="two classes"):
        calibration_intercept_slope([0, 0], [0.1, 0.2])
    intercept, slope = calibration_intercept_slope([0, 0, 0, 1], [0.5] * 4)
    assert np.isnan(slope)
    assert intercept == pytest.approx(-np.log(3))


def test_a_search_may_go_by_it():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 2))
    y = np.where(rng.logistic(size=300) < X[:, 0], "sick", "fit")
    scorer = make_scorer(
        expected_calibration_error, response_method="predict_proba", greater_is_better=False
    )
    search = GridSearchCV(LogisticRegression(), {"C": [1e-4, 1.0]}, scoring=scorer).fit(X, y)
    assert search.best_params_ == {"C": 1.0}
