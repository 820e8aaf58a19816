"""Hard truncation: the step, its value at the threshold, and the convex form for line searches."""

import numpy as np
import pytest
from scipy.special import logit

from skfocal.losses import CrossEntropyLoss, HardTruncatedLoss, list_losses

CE = CrossEntropyLoss()


def test_rows_below_the_threshold_count_fully_and_rows_above_not_at_all():
    for threshold in (0.5, 0.6, 0.9):
        margin = logit(np.array([0.01, threshold - 1e-9, threshold + 1e-9, 0.999]))
        hard = [True, True, False, False]
        results = HardTruncatedLoss(threshold=threshold).evaluate(margin)
        for got, full in zip(results, CE.evaluate(margin), strict=True):
            np.testing.assert_array_equal(got, np.where(hard, full, 0.0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_half_the_loss_at_the_threshold(dtype):
    for threshold in (0.5, 0.6, 0.9):
        got = HardTruncatedLoss(threshold=threshold).value(np.array([logit(threshold)], dtype))
        np.testing.assert_allclose(got, -np.log(threshold) / 2, rtol=1e-6)


def test_tends_to_cross_entropy_as_the_threshold_tends_to_one():
    margin = np.linspace(-30, 20, 101)
    np.testing.assert_array_equal(
        HardTruncatedLoss(threshold=1 - 1e-10).value(margin), CE.value(margin)
    )


def test_continuous_form_is_the_excess_over_the_threshold_with_the_same_derivative():
    loss = HardTruncatedLoss(threshold=0.6)
    margin = np.linspace(-40, 40, 1001)
    value, *derivatives = loss.continuous().evaluate(margin)
    np.testing.assert_allclose(value, np.maximum(CE.value(margin) + np.log(0.6), 0), atol=1e-15)
    for got, expected in zip(derivatives, loss.evaluate(margin)[1:], strict=True):
        np.testing.assert_array_equal(got, expected)
    assert np.all(np.diff(value, 2) >= -1e-13)  # convex
    np.testing.assert_allclose(loss.continuous().value(np.array([logit(0.6)])), 0, atol=1e-15)


def test_continuous_form_is_private_and_its_own_continuous_form():
    continuous = HardTruncatedLoss(threshold=0.7).continuous()
    assert continuous.continuous() is continuous
    assert continuous.get_params() == {"threshold": 0.7}
    assert continuous.traits.convex and not continuous.traits.invertible
    assert sum("truncated" in name for name in list_losses()) == 2


@pytest.mark.parametrize("threshold", [0.49, 1.0, -1, float("nan"), float("inf")])
def test_threshold_out_of_range(threshold):
    with pytest.raises(
        ValueError, match=r"HardTruncatedLoss: threshold must be a number in \[0.5, 1\), got"
    ):
        HardTruncatedLoss(threshold=threshold)


@pytest.mark.parametrize("threshold", ["0.6", None, [0.6], [[0.6], 0.7], True])
def test_threshold_that_is_no_number(threshold):
    with pytest.raises(TypeError, match="HardTruncatedLoss: threshold must be a number"):
        HardTruncatedLoss(threshold=threshold)
