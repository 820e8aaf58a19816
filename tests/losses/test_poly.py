"""Poly-1: the added term, what it reduces to, and which way it moves the scores."""

import numpy as np
import pytest

from skfocal.losses import CrossEntropyLoss, FocalLoss, PolyLoss
from skfocal.posterior import log_odds, scores_from_probabilities

MARGIN = np.array([-1e4, -800, -40, -3, -0.1, 0, 0.1, 3, 40, 300])


def test_added_term_of_the_paper():
    margin = np.log(0.25 / 0.75)  # p = 1/4
    np.testing.assert_allclose(PolyLoss(epsilon=2.0).value(margin), np.log(4) + 1.5, rtol=1e-14)
    focal = PolyLoss(epsilon=2.0, gamma=2.0).value(margin)
    np.testing.assert_allclose(focal, 0.75**2 * np.log(4) + 2 * 0.75**3, rtol=1e-14)


def test_leading_coefficient_of_the_series():
    # sum_j q^j / j with 1 + epsilon in place of the first 1
    q = 0.1
    series = sum(q**j / j for j in range(1, 40))
    got = PolyLoss(epsilon=0.5).value(np.log((1 - q) / q))
    np.testing.assert_allclose(got, series + 0.5 * q, rtol=1e-13)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_without_the_term_it_is_focal_loss(gamma):
    for got, expected in zip(
        PolyLoss(epsilon=0.0, gamma=gamma).evaluate(MARGIN),
        FocalLoss(gamma=gamma).evaluate(MARGIN),
        strict=True,
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-14)
    assert PolyLoss(epsilon=0.0).traits == CrossEntropyLoss().traits


def test_slope_never_vanishes_above_minus_one():
    margin = np.linspace(-40, 40, 801)
    for gamma in (0.0, 1.0, 5.0):
        assert np.all(PolyLoss(epsilon=-0.999, gamma=gamma).derivative(margin) < 0)


def test_convex_up_to_epsilon_one():
    margin = np.linspace(-30, 30, 601)
    assert PolyLoss(epsilon=1.0).traits.convex
    assert np.all(PolyLoss(epsilon=1.0).second_derivative(margin) >= 0)
    assert not PolyLoss(epsilon=1.01).traits.convex
    assert PolyLoss(epsilon=1.01).second_derivative(margin).min() < 0


def test_positive_epsilon_overstates_and_negative_understates():
    # Slope q (1 + epsilon p): log-odds z - log(1 + epsilon p) + log(1 + epsilon q).
    z = np.array([-3.0, 1.0, 4.0])
    p = 1 / (1 + np.exp(-z))
    for epsilon in (-0.5, 2.0):
        loss = PolyLoss(epsilon=epsilon)
        expected = z - np.log((1 + epsilon * p) / (1 + epsilon * (1 - p)))
        np.testing.assert_allclose(log_odds(loss, z, "binary"), expected, rtol=1e-12)
    score = [
        float(scores_from_probabilities(PolyLoss(epsilon=e), [0.9], "binary")[0])
        for e in (-0.5, 0.0, 2.0)
    ]
    assert score[0] < score[1] < score[2]
    np.testing.assert_allclose(score[1], np.log(9), rtol=1e-12)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"epsilon": -1.0}, ValueError, r"epsilon must be a number in \(-1, inf\), got -1.0"),
        ({"epsilon": float("nan")}, ValueError, "epsilon must be"),
        ({"gamma": -0.5}, ValueError, r"gamma must be a number in \[0, inf\), got -0.5"),
        ({"gamma": [1.0, 2.0]}, TypeError, "gamma must be a number"),
    ],
)
def test_bad_parameters(params, error, message):
    with pytest.raises(error, match=f"PolyLoss: {message}"):
        PolyLoss(**params)
