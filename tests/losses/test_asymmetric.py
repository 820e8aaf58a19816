"""Asymmetric loss: its two sides, the shift and its kink, and what it reduces to."""

import numpy as np
import pytest
from scipy.special import expit

from skfocal.losses import AsymmetricLoss, CrossEntropyLoss, FocalLoss
from skfocal.posterior import log_odds


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_negatives_of_the_paper(dtype):
    loss = AsymmetricLoss(gamma_negative=4.0, shift=0.05)
    worst = loss.value(np.array([-100.0], dtype=dtype), 0)
    np.testing.assert_allclose(worst, 2.4400427, rtol=1e-6)
    easy = np.array([2.9445, 3.0, 100.0, 1e4, np.inf], dtype=dtype)
    for result in loss.evaluate(easy, 2, 0):
        np.testing.assert_array_equal(result, np.zeros(5))
    assert np.all(loss.value(np.array([2.9443, 2.0], dtype=dtype), 0) > 0)
    plain = AsymmetricLoss(gamma_negative=0.0, shift=0.0)
    np.testing.assert_allclose(plain.value(np.array([-100.0], dtype=dtype), 0), 100.0, rtol=1e-6)


def test_gradient_just_above_the_kink_is_finite():
    kink = -np.log(0.05 / 0.95)
    margin = kink - np.array([1e-15, 1e-12, 1e-6, 1e-3])
    slope = AsymmetricLoss(gamma_negative=0.5).derivative(margin, 0)
    assert np.all(np.isfinite(slope)) and np.all(slope <= 0)
    assert abs(slope[0]) < abs(slope[-1])


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.2])
def test_derivatives_in_the_logit_of_the_shifted_probability(shift):
    loss = AsymmetricLoss(gamma_positive=1.0, gamma_negative=4.0, shift=shift)
    margin = np.linspace(-10, 10, 400)
    if shift:
        margin = margin[np.abs(expit(-margin) - shift) > 1e-4]
    step = 1e-5
    for target in (0, 1):
        for order in (1, 2):
            higher, lower = (
                loss.evaluate(margin + sign * step, 1, target)[order - 1] for sign in (1, -1)
            )
            difference = (higher - lower) / (2 * step)
            np.testing.assert_allclose(
                loss.evaluate(margin, 2, target)[order], difference, atol=1e-7
            )


def test_agrees_with_the_formula_that_timm_prints_where_that_is_right():
    x = np.linspace(-6, 6, 25)
    p = expit(x)
    positive = (1 - p) ** 1 * np.log(p)
    not_p = np.minimum(1 - p + 0.05, 1)
    negative = (1 - not_p) ** 4 * np.log(not_p)
    loss = AsymmetricLoss(gamma_positive=1.0, gamma_negative=4.0, shift=0.05)
    np.testing.assert_allclose(loss.value(x, 1), -positive, rtol=1e-12)
    np.testing.assert_allclose(loss.value(-x, 0), -negative, rtol=1e-8, atol=1e-16)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_equal_exponents_without_a_shift_are_focal_loss(gamma):
    loss = AsymmetricLoss(gamma_positive=gamma, gamma_negative=gamma, shift=0.0)
    margin = np.array([-1e4, -800, -40, -3, -0.1, 0, 0.1, 3, 40, 300])
    for target in (0, 1, None):
        for got, expected in zip(
            loss.evaluate(margin, 2, target), FocalLoss(gamma=gamma).evaluate(margin), strict=True
        ):
            np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_no_focusing_and_no_shift_is_cross_entropy():
    loss = AsymmetricLoss(gamma_positive=0.0, gamma_negative=0.0, shift=0.0)
    margin = np.array([-np.inf, -1e300, -40, 0, 40, 1e300, np.inf])
    for got, expected in zip(
        loss.evaluate(margin), CrossEntropyLoss().evaluate(margin), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-14)
    assert loss.traits.convex and loss.traits.proper and loss.traits.symmetric


def test_each_entry_has_the_side_of_its_class():
    loss = AsymmetricLoss()
    margin = np.array([[-1.0, 2.0], [0.5, -3.0]])
    target = np.array([[0, 1], [1, 0]], dtype=np.int8)
    for order, got in enumerate(loss.evaluate(margin, 2, target)):
        expected = [
            loss.evaluate(m, 2, int(t))[order]
            for m, t in zip(margin.flat, target.flat, strict=True)
        ]
        np.testing.assert_array_equal(got.ravel(), expected)


def test_one_exponent_per_label():
    loss = AsymmetricLoss(gamma_positive=[0.0, 1.0], gamma_negative=[4.0, 0.0], shift=0.0)
    margin = np.array([[-1.0, -1.0], [40.0, 40.0], [np.inf, np.inf]])
    for target in (0, 1):
        together = loss.evaluate(margin, 2, target)
        for label, (positive, negative) in enumerate([(0.0, 4.0), (1.0, 0.0)]):
            alone = AsymmetricLoss(gamma_positive=positive, gamma_negative=negative, shift=0.0)
            for got, expected in zip(
                together, alone.evaluate(margin[:, label], 2, target), strict=True
            ):
                np.testing.assert_array_equal(got[:, label], expected)


def test_posterior_without_a_shift_uses_each_side():
    # eta l_1'(z) = (1 - eta) l_0'(-z), with the derivatives by differences of the formula.
    loss = AsymmetricLoss(gamma_positive=0.0, gamma_negative=4.0, shift=0.0)
    z, step = np.linspace(-8, 8, 33), 1e-6
    positive = (np.log(expit(z + step)) - np.log(expit(z - step))) / (2 * step)

    def negative_loss(z):
        return -(expit(z) ** 4) * np.log(expit(-z))

    negative = (negative_loss(z + step) - negative_loss(z - step)) / (2 * step)
    expected = np.log(negative) - np.log(positive)
    np.testing.assert_allclose(log_odds(loss, z, "binary"), expected, atol=1e-5)


def test_traits_and_tasks():
    assert AsymmetricLoss.tasks == {"binary", "multilabel"}
    assert not AsymmetricLoss().traits.invertible
    assert AsymmetricLoss(shift=0.0).traits.invertible
    assert not AsymmetricLoss(shift=0.0).traits.symmetric
    assert AsymmetricLoss(gamma_negative=0.5).traits.smooth
    assert not AsymmetricLoss(gamma_negative=0.0).traits.smooth
    assert not AsymmetricLoss(gamma_negative=[1.0, 0.0]).traits.smooth


def test_needs_to_know_the_class():
    with pytest.raises(ValueError, match="treats the classes differently: give target"):
        AsymmetricLoss().value(np.array([0.0]))


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"gamma_positive": -1}, ValueError, r"gamma_positive must be .* in \[0, inf\), got -1"),
        ({"gamma_negative": [1, float("inf")]}, ValueError, "gamma_negative must be"),
        ({"gamma_negative": [[1.0]]}, TypeError, "gamma_negative must be a number"),
        ({"shift": 1.0}, ValueError, r"shift must be a number in \[0, 1\), got 1.0"),
        ({"shift": [0.1]}, TypeError, "shift must be a number"),
    ],
)
def test_bad_parameters(params, error, message):
    with pytest.raises(error, match=f"AsymmetricLoss: {message}"):
        AsymmetricLoss(**params)
