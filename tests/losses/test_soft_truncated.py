"""Soft truncation: both spaces, its two limits, and which instances can be inverted."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest
from scipy.special import expit

from skfocal.losses import CrossEntropyLoss, FocalLoss, HardTruncatedLoss, SoftTruncatedLoss
from tests import oracles

SPACES = ("logit", "probability")


def test_unit_sharpness_at_one_half_is_focal_loss():
    margin = np.array([-1e4, -800, -40, -3, -0.1, 0, 0.1, 3, 40, 300])
    soft = SoftTruncatedLoss(threshold=0.5, sharpness=1.0, space="logit").evaluate(margin)
    for got, expected in zip(soft, FocalLoss(gamma=1.0).evaluate(margin), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.9])
def test_tends_to_hard_truncation(space, threshold):
    p = np.linspace(0.001, 0.999, 999)
    margin = np.log(p / (1 - p))[np.abs(p - threshold) > 0.05]
    hard = HardTruncatedLoss(threshold=threshold).evaluate(margin)
    distance = []
    for sharpness in (20.0, 100.0, 1000.0):
        loss = SoftTruncatedLoss(threshold=threshold, sharpness=sharpness, space=space)
        distance.append(np.abs(np.array(loss.evaluate(margin)) - hard).max(axis=1))
    value = [d[0] for d in distance]
    assert value[0] > value[1] > value[2]
    assert np.all(distance[2] < 1e-6)  # the derivatives too


def test_a_flat_step_is_half_the_cross_entropy():
    margin = np.linspace(-5, 5, 11)
    for space in SPACES:
        loss = SoftTruncatedLoss(sharpness=1e-9, space=space)
        for got, full in zip(
            loss.evaluate(margin), CrossEntropyLoss().evaluate(margin), strict=True
        ):
            np.testing.assert_allclose(got, full / 2, rtol=1e-6)


def test_weight_in_probability_space_as_printed():
    # 1 - s(0.4) s(K(p - 0.6)) - s(-0.6) s(K(0.4 - p)) at K = 1 and p = 1/2
    weight = 1 - expit(0.4) * expit(-0.1) - expit(-0.6) * expit(-0.1)
    loss = SoftTruncatedLoss(threshold=0.6, sharpness=1.0, space="probability")
    np.testing.assert_allclose(loss.value(0.0), weight * np.log(2), rtol=1e-14)


def test_weight_of_rows_that_are_right_keeps_its_digits():
    # 1 - s(25)^2 - s(-25)^2 by subtraction: 2.7778e-11 with six digits.
    with mpmath.workdps(40):
        s = oracles.sigmoid(mpmath.mpf(25))
        weight = 1 - s * s - (1 - s) * (1 - s)
    loss = SoftTruncatedLoss(threshold=0.5, sharpness=50.0, space="probability")
    got = loss.value(np.array([60.0])) / CrossEntropyLoss().value(np.array([60.0]))
    np.testing.assert_allclose(got, float(weight), rtol=1e-13)


@pytest.mark.parametrize("space", SPACES)
def test_any_sharpness_stays_finite_in_float32(space):
    margin = np.array([-1e4, -50, -1, 0, 1, 50, 1e4], dtype=np.float32)
    for sharpness in (1e-6, 1e3, 1e6):
        for result in SoftTruncatedLoss(sharpness=sharpness, space=space).evaluate(margin):
            assert np.all(np.isfinite(result))


@pytest.mark.parametrize(
    ("space", "threshold", "sharpness", "invertible"),
    [
        ("logit", 0.5, 1.0, True),
        ("logit", 0.5, 3.0, True),
        # One sigmoid could be undone here, three softmax scores could not.
        ("logit", 0.5, 4.0, False),
        ("logit", 0.6, 5.0, False),
        ("logit", 0.9, 2.0, True),
        ("logit", 0.9, 5.0, False),
        ("probability", 0.6, 5.0, True),
        ("probability", 0.9, 0.5, True),
        ("probability", 0.6, 30.0, False),
    ],
)
def test_invertible_is_true_to_the_instance(space, threshold, sharpness, invertible):
    params = {"threshold": threshold, "sharpness": sharpness, "space": space}
    share = []
    with mpmath.workdps(oracles.DIGITS):
        for m in np.arange(-12, 12, 0.25).tolist():
            slope = -oracles.derivative("soft_truncated", m, **params)
            p = oracles.sigmoid(mpmath.mpf(m))
            share.append(p * (1 - p) / slope)
    assert all(low < high for low, high in pairwise(share)) == invertible
    assert SoftTruncatedLoss(**params).traits.invertible == invertible


@pytest.mark.parametrize(
    ("threshold", "sharpness", "convex"),
    [(0.5, 1.0, False), (0.5, 2.0, True), (0.5, 5.0, False), (0.9, 2.0, True), (0.9, 0.5, False)],
)
def test_convex_is_true_to_the_instance(threshold, sharpness, convex):
    params = {"threshold": threshold, "sharpness": sharpness, "space": "logit"}
    margins = np.arange(-40, 20, 0.125).tolist()
    value = [oracles.value("soft_truncated", m, **params) for m in margins]
    with mpmath.workdps(oracles.DIGITS):
        rises = [high - low for low, high in pairwise(value)]
        assert all(before < after for before, after in pairwise(rises)) == convex
    assert SoftTruncatedLoss(**params).traits.convex == convex


def test_a_gentle_step_bends_down_far_below():
    loss = SoftTruncatedLoss(sharpness=1e-3, space="logit")
    assert loss.second_derivative(-5e3) < 0
    assert not loss.traits.convex


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"threshold": 0.4}, ValueError, r"threshold must be a number in \[0.5, 1\), got 0.4"),
        ({"sharpness": 0.0}, ValueError, r"sharpness must be a number in \(0, inf\), got 0.0"),
        ({"sharpness": float("inf")}, ValueError, "sharpness must be"),
        ({"sharpness": "steep"}, TypeError, "sharpness must be a number"),
        ({"space": "odds"}, ValueError, r"space must be one of \['logit', 'probability'\]"),
    ],
)
def test_bad_parameters(params, error, message):
    with pytest.raises(error, match=f"SoftTruncatedLoss: {message}"):
        SoftTruncatedLoss(**params)
