"""The constant in log-odds that makes the mean risk of rows equal to their event rate."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from skfocal.losses import FocalLoss, get_loss
from skfocal.posterior import Posterior, calibration_rows, fit_intercept
from skfocal.posterior._calibrating import _MOST_ROWS


def log_odds_and_target(n=500, rate=0.1, spread=2.0, columns=None, seed=0):
    rng = np.random.default_rng(seed)
    shape = (n,) if columns is None else (n, columns)
    log_odds = spread * rng.normal(size=shape) - 3
    target = (rng.random(shape) < rate).astype(int)
    return log_odds, target, rng.uniform(0.1, 2, n)


@pytest.mark.parametrize("spread", [0.0, 2.0, 50.0])
@pytest.mark.parametrize("rate", [0.5, 0.1, 0.004])
def test_binary_constant_is_the_root_that_a_bracketing_search_finds(rate, spread):
    log_odds, target, weight = log_odds_and_target(rate=rate, spread=spread)
    expected = brentq(
        lambda c: np.average(expit(log_odds + c) - target, weights=weight), -200, 200, xtol=1e-12
    )
    constant = fit_intercept(log_odds, target, weight, "binary")
    assert constant.shape == ()
    assert constant == pytest.approx(expected, abs=1e-5)


def test_each_label_has_the_constant_that_it_would_have_alone():
    log_odds, target, weight = log_odds_and_target(columns=4)
    cost = np.array([[1.0, 1.0, 2.0, 1.0], [1.0, 5.0, 1.0, 0.3]])
    together = fit_intercept(log_odds, target, weight, "multilabel", cost)
    alone = [
        fit_intercept(log_odds[:, j], target[:, j], weight, "binary", cost[:, j]) for j in range(4)
    ]
    np.testing.assert_array_equal(together, alone)


def test_multiclass_constants_make_every_mean_a_frequency():
    rng = np.random.default_rng(0)
    log_p = log_softmax(4 * rng.normal(size=(5000, 5)) - np.arange(5), axis=1)
    codes = rng.choice(5, size=5000, p=[0.6, 0.3, 0.07, 0.02, 0.01])
    weight = rng.uniform(0.1, 2, 5000)
    constant = fit_intercept(log_p, codes, weight, "multiclass")
    mean = np.average(softmax(log_p + constant, axis=1), axis=0, weights=weight)
    frequency = np.bincount(codes, weight) / weight.sum()
    np.testing.assert_allclose(mean, frequency, rtol=1e-7)
    assert constant.mean() == pytest.approx(0, abs=1e-9)


def test_two_softmax_classes_are_one_binary_score():
    log_odds, target, weight = log_odds_and_target()
    log_p = np.stack([-np.logaddexp(0, log_odds), -np.logaddexp(0, -log_odds)], axis=1)
    of_classes = fit_intercept(log_p, target, weight, "multiclass")
    assert of_classes[1] - of_classes[0] == pytest.approx(
        float(fit_intercept(log_odds, target, weight, "binary")), abs=1e-7
    )


def test_it_is_the_intercept_of_a_logistic_regression_with_an_offset():
    log_odds, target, _ = log_odds_and_target(rate=0.3)
    constant = float(fit_intercept(log_odds, target, None, "binary"))

    def log_loss(c):
        return np.mean(np.logaddexp(0, log_odds + c) - target * (log_odds + c))

    assert log_loss(constant) < min(log_loss(constant - 1e-3), log_loss(constant + 1e-3))
    flat = np.zeros_like(log_odds)
    regression = LogisticRegression(C=np.inf).fit(flat[:, None], target)
    assert float(fit_intercept(flat, target, None, "binary")) == pytest.approx(
        regression.intercept_[0], abs=1e-4
    )


def test_where_no_constant_would_do_it_is_zero():
    log_odds = np.linspace(-2, 2, 10)
    assert fit_intercept(log_odds, np.zeros(10, int), None, "binary") == 0
    assert fit_intercept(log_odds, np.ones(10, int), None, "binary") == 0
    cost = np.array([0.0, 1.0])
    assert fit_intercept(log_odds, np.arange(10) % 2, None, "binary", cost) == 0
    assert fit_intercept(log_odds, np.zeros(10, int), None, "binary", cost) == 0
    log_p = log_softmax(np.random.default_rng(0).normal(size=(10, 3)), axis=1)
    constant = fit_intercept(log_p, np.arange(10) % 2, None, "multiclass")
    assert constant[2] == 0
    assert np.all(np.isfinite(constant))


def test_perfectly_separated_rows_move_nothing():
    log_odds = np.r_[np.full(990, -60.0), np.full(10, 60.0)]
    target = np.r_[np.zeros(990, int), np.ones(10, int)]
    assert fit_intercept(log_odds, target, None, "binary") == 0


class TestPosterior:
    """The posterior with an intercept."""

    def test_it_comes_after_the_mean_of_the_members(self):
        members = np.random.default_rng(0).normal(size=(3, 50, 4))
        plain = Posterior(FocalLoss(), "multiclass")
        target = np.arange(50) % 4
        moved = plain.calibrated(plain.mean_log_odds(members), target)
        probability = moved.to_probabilities(moved.mean_log_odds(members))
        np.testing.assert_allclose(probability.mean(axis=0), np.bincount(target) / 50, rtol=1e-7)
        np.testing.assert_allclose(probability.sum(axis=1), 1)
        expected = log_softmax(plain.mean_log_odds(members) + moved.intercept, axis=1)
        np.testing.assert_allclose(moved.mean_log_odds(members), expected, atol=1e-12)
        np.testing.assert_allclose(
            moved.log_odds(members[0]), Posterior.mean_log_odds(moved, members[:1])
        )

    def test_a_second_one_adds_to_the_first(self):
        scores = np.random.default_rng(0).normal(size=100)
        target = np.arange(100) % 5 == 0
        once = Posterior(FocalLoss(), "binary").calibrated(scores, target.astype(int))
        twice = once.calibrated(scores + once.intercept, target.astype(int))
        np.testing.assert_allclose(twice.intercept, once.intercept, atol=1e-7)

    def test_raw_probabilities_have_none(self):
        scores = np.random.default_rng(0).normal(size=100)
        target = np.arange(100) % 5 == 0
        raw = Posterior(FocalLoss(), "binary", "raw")
        assert raw.calibrated(scores, target.astype(int)) is raw
        without_inverse = Posterior(get_loss("asymmetric"), "binary")
        assert without_inverse.calibrated(scores, target.astype(int)) is without_inverse
        moved = Posterior(FocalLoss(), "binary", intercept=np.array(1.0))
        np.testing.assert_array_equal(moved.of_kind("raw").log_odds(scores), scores)

    @pytest.mark.parametrize("kind", ["weighted", "posterior"])
    @pytest.mark.parametrize("source", ["class weights", "adjusted scores"])
    def test_costs_that_the_log_odds_contain_weigh_the_rows(self, source, kind):
        scores, target, weight = log_odds_and_target()
        counts = np.bincount(target)
        if source == "class weights":
            posterior = Posterior(FocalLoss(), "binary", kind, 1 / counts)
        else:
            # Adjusted scores treat the classes as if they were equally frequent.
            loss = get_loss("logit_adjusted", tau=1.0).bind(counts)
            posterior = Posterior(loss, "binary", kind)
        moved = posterior.calibrated(posterior.log_odds(scores), target, weight)
        if kind == "weighted":
            weight = weight / counts[target]
        assert np.average(moved.probabilities(scores)[:, 1], weights=weight) == pytest.approx(
            np.average(target, weights=weight), rel=1e-6
        )


class TestDrawnRows:
    def test_small_tables_are_used_whole(self):
        rows, factor = calibration_rows(np.zeros(100, int), 2, np.random.default_rng(0))
        assert rows == slice(None)
        assert factor is None

    @pytest.mark.parametrize("form", ["codes", "indicator"])
    def test_rare_rows_are_kept_and_others_stand_for_many(self, form):
        rng = np.random.default_rng(1)
        target = (rng.random(1_000_000) < 1e-3).astype(int)
        given = target if form == "codes" else np.stack([target, rng.permutation(target)], axis=1)
        rows, factor = calibration_rows(given, 2, np.random.default_rng(0))
        assert _MOST_ROWS / 2 < len(rows) < 1.1 * _MOST_ROWS
        assert target[rows].sum() == target.sum()
        assert factor @ target[rows] == pytest.approx(target.sum())
        assert factor.sum() == pytest.approx(1_000_000, rel=0.01)

    def test_the_constant_is_about_that_of_all_rows(self):
        log_odds, target, _ = log_odds_and_target(n=500_000, rate=0.002)
        rows, factor = calibration_rows(target, 2, np.random.default_rng(0))
        drawn = fit_intercept(log_odds[rows], target[rows], factor, "binary")
        assert drawn == pytest.approx(fit_intercept(log_odds, target, None, "binary"), abs=0.02)
