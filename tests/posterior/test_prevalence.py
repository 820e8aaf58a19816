"""Other prevalences: Bayes' rule in exact arithmetic, and simulations whose truth is known."""

import mpmath
import numpy as np
import pytest
from scipy.special import expit

from skfocal.posterior import adjust_prevalence, estimate_prevalence

RNG = np.random.default_rng(0)
ROWS = RNG.dirichlet(np.ones(3), size=40)
OLD, NEW = np.array([0.7, 0.2, 0.1]), np.array([0.9, 0.0999, 0.0001])


def bayes(row, old, new):
    with mpmath.workdps(50):
        parts = [
            mpmath.mpf(p) * mpmath.mpf(b) / mpmath.mpf(a)
            for p, a, b in zip(row, old, new, strict=True)
        ]
        return [float(part / mpmath.fsum(parts)) for part in parts]


def test_classes_follow_bayes_rule():
    expected = [bayes(row, OLD, NEW) for row in ROWS]
    np.testing.assert_allclose(adjust_prevalence(ROWS, OLD, NEW), expected, rtol=1e-12)


@pytest.mark.parametrize("p", [1e-300, 1e-9, 0.3, 0.999])
def test_a_risk_follows_bayes_rule(p):
    expected = bayes([1 - mpmath.mpf(p), p], [0.8, 0.2], [1 - mpmath.mpf(1e-4), 1e-4])[1]
    found = adjust_prevalence(np.array([p]), 0.2, 1e-4)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_two_columns_and_labels_are_the_risk():
    risk = RNG.random(30)
    moved = adjust_prevalence(risk, 0.3, 0.05)
    two = adjust_prevalence(np.column_stack([1 - risk, risk]), 0.3, 0.05)
    labels = adjust_prevalence(risk[:, None], [0.3], [0.05], multilabel=True)
    np.testing.assert_allclose(two[:, 1], moved, rtol=1e-12)
    np.testing.assert_allclose(labels[:, 0], moved, rtol=1e-12)


def test_there_and_back_and_by_a_third_place():
    third = [0.2, 0.3, 0.5]
    there = adjust_prevalence(ROWS, OLD, third)
    np.testing.assert_allclose(adjust_prevalence(ROWS, OLD, OLD), ROWS, rtol=1e-12)
    np.testing.assert_allclose(adjust_prevalence(there, third, OLD), ROWS, rtol=1e-12)
    direct = adjust_prevalence(ROWS, OLD, NEW)
    np.testing.assert_allclose(adjust_prevalence(there, third, NEW), direct, rtol=1e-11)


@pytest.mark.parametrize("new", [0.0, 0.01, 1.0])
def test_certain_rows_stay_certain(new):
    np.testing.assert_array_equal(adjust_prevalence([0.0, 1.0], 0.5, new), [0, 1])
    certain, rest = np.eye(3), (1 - new) / 2
    np.testing.assert_array_equal(adjust_prevalence(certain, OLD, [new, rest, rest]), certain)


def test_a_class_that_is_gone_has_no_probability():
    np.testing.assert_array_equal(adjust_prevalence([0.2, 0.9], 0.5, 0.0), [0, 0])
    found = adjust_prevalence(ROWS, OLD, [0.0, 0.5, 0.5])
    np.testing.assert_array_equal(found[:, 0], 0)
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("truth", [0.02, 0.2, 0.7])
def test_a_known_prevalence_is_within_the_interval(truth):
    positive = RNG.random(4000) < truth
    score = RNG.normal(np.where(positive, 1.0, -1.0))  # log-odds 2 * score at a prevalence of 1/2
    risk = adjust_prevalence(expit(2 * score), 0.5, 0.3)  # of a model trained at 0.3
    estimate = estimate_prevalence(risk, 0.3, n_bootstrap=50, random_state=0)
    assert estimate.low < truth < estimate.high
    assert estimate.high - estimate.low < 0.06
    honest = adjust_prevalence(risk, 0.3, estimate.prevalence)
    assert honest.mean() == pytest.approx(estimate.prevalence, rel=1e-6)


def test_prevalences_of_classes_are_found():
    truth, centres = np.array([0.1, 0.6, 0.3]), np.array([[0, 0], [3, 0], [0, 3]])
    points = RNG.normal(centres[RNG.choice(3, size=4000, p=truth)])
    density = np.exp(-((points[:, None] - centres) ** 2).sum(axis=2) / 2)
    at_equal = density / density.sum(axis=1, keepdims=True)
    there = adjust_prevalence(at_equal, np.full(3, 1 / 3), OLD)
    estimate = estimate_prevalence(there, OLD, n_bootstrap=50, random_state=0)
    assert np.all((estimate.low < truth) & (truth < estimate.high))
    assert estimate.prevalence.sum() == pytest.approx(1)


@pytest.mark.parametrize("true", [[0.9, 0.1], [0.996, 0.004], [0.7, 0.2, 0.1], [0.7, 0.3, 0.0]])
def test_the_estimate_is_where_expectation_maximisation_stands_still(true):
    rng = np.random.default_rng(0)
    codes = rng.choice(len(true), 4000, p=true)
    score = rng.normal(size=(len(codes), len(true))) + 1.5 * np.eye(len(true))[codes]
    even = np.exp(1.5 * score) / np.exp(1.5 * score).sum(axis=1, keepdims=True)
    old = np.full(len(true), 1 / len(true))
    found = estimate_prevalence(even, old, n_bootstrap=2, random_state=0).prevalence
    moved = adjust_prevalence(even, old, found)
    np.testing.assert_allclose(moved.mean(axis=0), found, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(found, true, atol=0.02)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (adjust_prevalence, ([1.2], 0.1, 0.2), "between 0 and 1"),
        (adjust_prevalence, ([np.nan], 0.1, 0.2), "NaN"),
        (adjust_prevalence, ([[0.2, 0.2]], 0.1, 0.2), "sum to 1"),
        (adjust_prevalence, ([0.5], 0.0, 0.2), "old must be between"),
        (adjust_prevalence, ([0.5], 0.5, 2.0), "new must be between"),
        (adjust_prevalence, (ROWS, 0.5, 0.2), "each of 3 classes"),
        (adjust_prevalence, (ROWS, [0.5, 0.5, 0.5], OLD), "old must sum to 1"),
        (adjust_prevalence, (0.5, 0.5, 0.5), "shape"),
        (estimate_prevalence, ([], 0.5), "no rows"),
        (estimate_prevalence, ([0.5], 1.0), "both excluded"),
    ],
)
def test_bad_input_is_told(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


@pytest.mark.parametrize(
    "wrong", [{"method": "svd"}, {"n_bootstrap": 0}, {"confidence_level": 1.0}]
)
def test_bad_settings_are_told(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        estimate_prevalence([0.5], 0.5, **wrong)
