"""Generalized cross-entropy: both ends of q, boundedness, and the factor in its log-odds."""

import numpy as np
import pytest
from scipy.special import expit

from skfocal.losses import CrossEntropyLoss, GeneralizedCrossEntropyLoss
from skfocal.posterior import log_odds


def test_formula_of_the_paper():
    margin = np.log(0.25 / 0.75)  # p = 1/4
    got = GeneralizedCrossEntropyLoss(q=0.7).value(margin)
    np.testing.assert_allclose(got, (1 - 0.25**0.7) / 0.7, rtol=1e-14)


def test_q_one_is_the_absolute_error():
    margin = np.array([-1e4, -40, -1, 0, 1, 40, 700])
    p, q = expit(margin), expit(-margin)
    value, slope, curvature = GeneralizedCrossEntropyLoss(q=1.0).evaluate(margin)
    np.testing.assert_allclose(value, q, rtol=1e-13)
    np.testing.assert_allclose(slope, -p * q, rtol=1e-12)
    np.testing.assert_allclose(curvature, p * q * (p - q), rtol=1e-12)
    assert not GeneralizedCrossEntropyLoss(q=1.0).traits.invertible


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("q", [1e-9, 1e-30, 1e-300])
def test_small_q_is_cross_entropy(q, dtype):
    margin = np.array([-100, -3, 0, 3, 30, 80], dtype=dtype)  # q * log p underflows
    value, slope, curvature = GeneralizedCrossEntropyLoss(q=q).evaluate(margin)
    expected = CrossEntropyLoss().evaluate(margin)
    np.testing.assert_allclose(value, expected[0], rtol=2e-7)
    np.testing.assert_allclose(slope, expected[1], rtol=2e-7)
    np.testing.assert_allclose(curvature, expected[2], rtol=2e-7, atol=max(2 * q, 1e-37))


def test_bounded_so_that_hopeless_rows_are_given_up():
    loss = GeneralizedCrossEntropyLoss(q=0.7)
    value, slope, _ = loss.evaluate(np.array([-1e4, -np.inf]))
    np.testing.assert_allclose(value, 1 / 0.7, rtol=1e-14)
    np.testing.assert_array_equal(slope, [0, 0])


@pytest.mark.parametrize("q", [0.1, 0.7, 0.99])
def test_scores_overstate_log_odds_by_a_factor(q):
    z = np.array([-1e4, -30, -1, 0, 2, 1e4])
    got = log_odds(GeneralizedCrossEntropyLoss(q=q), z, "binary")
    np.testing.assert_allclose(got, (1 - q) * z, rtol=1e-10)


@pytest.mark.parametrize("q", [0.0, -0.1, 1.1, float("nan")])
def test_q_out_of_range(q):
    with pytest.raises(
        ValueError, match=r"GeneralizedCrossEntropyLoss: q must be a number in \(0, 1\], got"
    ):
        GeneralizedCrossEntropyLoss(q=q)


def test_q_that_is_no_number():
    with pytest.raises(TypeError, match="q must be a number"):
        GeneralizedCrossEntropyLoss(q="robust")
