"""Logit adjustment: the shift from counts, where it acts, and what each posterior makes of it."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone

from skfocal.losses import CrossEntropyLoss, LogitAdjustedLoss
from skfocal.margins import multiclass_margin, transform_scores
from skfocal.posterior import log_odds, scores_from_probabilities


def test_training_sees_the_prior_and_raw_prediction_does_not():
    bound = LogitAdjustedLoss(tau=1.0).bind([90, 10])
    scores = np.zeros((2, 2))
    labels = np.array([0, 1])
    shifted = transform_scores(bound, scores, "multiclass")
    np.testing.assert_allclose(softmax(shifted, axis=1), [[0.9, 0.1]] * 2, rtol=1e-14)
    loss = bound.value(multiclass_margin(shifted, labels).margin, labels)
    np.testing.assert_allclose(loss, -np.log([0.9, 0.1]), rtol=1e-14)
    raw = np.exp(log_odds(bound, scores, "multiclass", kind="raw"))
    np.testing.assert_allclose(raw, 0.5, rtol=1e-14)
    binary = transform_scores(bound, np.zeros(1), "binary")
    np.testing.assert_allclose(binary, np.log(0.1 / 0.9), rtol=1e-14)


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0, 2.0])
def test_posterior_puts_the_shift_back_once_and_weighted_keeps_it(tau):
    counts = np.array([700, 200, 100])
    prior, eta = counts / 1000, np.array([0.5, 0.3, 0.2])
    bound = LogitAdjustedLoss(tau=tau).bind(counts)
    # The scores of a saturated fit: softmax(z + tau log prior) = eta.
    scores = np.log(eta) - tau * np.log(prior)
    posterior = np.exp(log_odds(bound, scores, "multiclass", kind="posterior"))
    np.testing.assert_allclose(posterior, eta, rtol=1e-13)
    weighted = np.exp(log_odds(bound, scores, "multiclass", kind="weighted"))
    costs = eta * prior**-tau
    np.testing.assert_allclose(weighted, costs / costs.sum(), rtol=1e-13)
    found = scores_from_probabilities(bound, eta, "multiclass")
    np.testing.assert_allclose(found - found[0], scores - scores[0], atol=1e-9)


def test_scores_at_tau_one_minimise_the_balanced_error():
    counts = np.array([950.0, 50.0])
    eta = np.array([0.04, 0.06])  # around the prior of the rare class
    bound = LogitAdjustedLoss(tau=1.0).bind(counts)
    scores = scores_from_probabilities(bound, eta, "binary")
    np.testing.assert_array_equal(scores > 0, eta / 0.05 > (1 - eta) / 0.95)


def test_offset_is_plain_frequencies_unless_a_class_is_absent():
    np.testing.assert_allclose(
        LogitAdjustedLoss(tau=2.0).bind([3, 1]).class_offset, 2 * np.log([0.75, 0.25])
    )
    absent = LogitAdjustedLoss().bind([8, 0, 2]).class_offset
    np.testing.assert_allclose(absent, np.log(np.array([8.5, 0.5, 2.5]) / 11.5))
    per_label = LogitAdjustedLoss().bind([[9, 10], [1, 0]]).class_offset
    np.testing.assert_allclose(per_label, np.log([[0.9, 10.5 / 11], [0.1, 0.5 / 11]]))
    for counts in ([0, 0], [1, -1], [1, np.inf], [[1, 0], [1, 0]], [3]):
        with pytest.raises(ValueError, match="LogitAdjustedLoss: class_counts must"):
            LogitAdjustedLoss().bind(counts)


def test_the_shift_of_each_label_is_its_own():
    bound = LogitAdjustedLoss().bind([[9, 1], [1, 1]])
    shifted = transform_scores(bound, np.zeros((3, 2)), "multilabel")
    np.testing.assert_allclose(shifted, [[-np.log(9), 0]] * 3, atol=1e-15)


def test_no_shift_is_cross_entropy_bound_or_not():
    margin = np.linspace(-20, 20, 41)
    for loss in (LogitAdjustedLoss(tau=0.0), LogitAdjustedLoss(tau=0.0).bind([9, 1])):
        for got, expected in zip(
            loss.evaluate(margin), CrossEntropyLoss().evaluate(margin), strict=True
        ):
            np.testing.assert_array_equal(got, expected)
        assert loss.traits == CrossEntropyLoss().traits


def test_binding_returns_another_instance_that_clone_forgets():
    loss = LogitAdjustedLoss(tau=0.5)
    bound = loss.bind([9, 1])
    assert loss.class_offset is None
    assert bound.get_params() == loss.get_params()
    assert clone(bound).class_offset is None


def test_unbound_is_an_error():
    for method in ("value", "log_relative_slope"):
        with pytest.raises(ValueError, match=r"LogitAdjustedLoss\(\) depends on the class counts"):
            getattr(LogitAdjustedLoss(), method)(np.zeros(3))


@pytest.mark.parametrize("tau", [-0.5, float("inf"), float("nan")])
def test_tau_out_of_range(tau):
    with pytest.raises(
        ValueError, match=r"LogitAdjustedLoss: tau must be a number in \[0, inf\), got"
    ):
        LogitAdjustedLoss(tau=tau)


def test_tau_that_is_no_number():
    with pytest.raises(TypeError, match="tau must be a number"):
        LogitAdjustedLoss(tau="prior")
