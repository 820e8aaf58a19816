"""What is special about focal loss: the paper's numbers, and where other code has failed."""

import numpy as np
import pytest
from scipy.special import expit, logit

from skfocal.losses import CrossEntropyLoss, FocalLoss
from skfocal.margins import binary_gradient, binary_margin
from tests import oracles

GAMMAS = [0.5, 1.0, 2.0, 5.0]
EXTREMES = np.array([-1e4, -1e3, -104, -89, -88, -50, 0, 50, 88, 89, 104, 1e3, 1e4])


def focal(x, target, gamma, order=0):
    """The focal loss of a score, or a derivative of it in the score."""
    t = np.full(np.shape(x), target)
    result = FocalLoss(gamma).evaluate(binary_margin(x, t), order)[order]
    return binary_gradient(result, t) if order == 1 else result


def reference(x, target, gamma, order=0):
    sign = 1 if target else -1
    exact = (
        [oracles.value("focal", sign * m, gamma=gamma) for m in x.tolist()]
        if order == 0
        else [oracles.derivative("focal", sign * m, order=order, gamma=gamma) for m in x.tolist()]
    )
    return np.array([float(e) * (sign if order == 1 else 1) for e in exact])


# --- identities -----------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [0, 0.0, np.float32(0), np.float64(0), np.array(0.0), [0.0, 0.0]])
def test_gamma_0_is_cross_entropy_exactly(gamma):
    margin = np.linspace(-40, 40, 162).reshape(81, 2)
    for got, wanted in zip(
        FocalLoss(gamma).evaluate(margin), CrossEntropyLoss().evaluate(margin), strict=True
    ):
        np.testing.assert_array_equal(got, wanted)
    assert FocalLoss(gamma).traits == CrossEntropyLoss().traits


def test_gamma_0_as_a_tensor():
    torch = pytest.importorskip("torch")
    margin = np.linspace(-40, 40, 161)
    got = FocalLoss(torch.tensor(0.0)).value(margin)
    np.testing.assert_array_equal(got, CrossEntropyLoss().value(margin))


def test_small_gamma_is_near_cross_entropy():
    x = np.linspace(-20, 20, 401)
    p = expit(x)
    for target in (0, 1):
        np.testing.assert_allclose(focal(x, target, 1e-6, 1), p - target, atol=1e-4)
        np.testing.assert_allclose(focal(x, target, 1e-6, 2), p * (1 - p), atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_gamma_per_label(dtype):
    margin = np.linspace(-30, 30, 183).astype(dtype).reshape(61, 3)
    gammas = (0.0, 0.5, 2.0)
    together = FocalLoss(gammas).evaluate(margin)
    slope = FocalLoss(gammas).log_relative_slope(margin)
    for label, gamma in enumerate(gammas):
        alone = FocalLoss(gamma).evaluate(margin[:, label])
        for got, wanted in zip(together, alone, strict=True):
            assert got.dtype == dtype
            # Alone, gamma = 2 is a square and no exponential.
            np.testing.assert_allclose(got[:, label], wanted, rtol=64 * np.finfo(dtype).eps)
        single = FocalLoss(gamma).log_relative_slope(margin[:, label])
        np.testing.assert_array_equal(slope[:, label], single)


# --- numerics -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize("gamma", GAMMAS)
def test_extreme_scores(gamma, target, dtype):
    x = EXTREMES.astype(dtype)
    rtol, tiny = {np.float32: 3e-5, np.float64: 1e-12}[dtype], np.finfo(dtype).smallest_normal
    expected = reference(x, target, gamma)
    np.testing.assert_allclose(focal(x, target, gamma), expected, rtol=rtol, atol=tiny)
    near = np.abs(x) <= 1e3
    slope = reference(x[near], target, gamma, 1)
    np.testing.assert_allclose(focal(x[near], target, gamma, 1), slope, rtol=rtol, atol=tiny)
    # Further out the slope is 1 or underflows.
    far = focal(x[~near], target, gamma, 1)
    np.testing.assert_array_equal(far, [-1, 0] if target else [0, 1])


def test_spot_values_and_the_formula_that_overflows():
    x = np.array([-88, -89, -1e4], dtype=np.float32)
    np.testing.assert_allclose(focal(x, 1, 2.0), [88, 89, 1e4], rtol=1e-6)
    wrong = oracles.wrong_modulator_by_log1p_exp(x, 1, 2.0)
    assert wrong[0] == pytest.approx(88)
    assert np.all((wrong[1:] == 0) | np.isnan(wrong[1:]))


@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.99])
def test_fractional_gamma_at_saturated_probabilities(gamma):
    m = np.array([17, 30, 89, 104, 1e3, 1e4], dtype=np.float32)
    value, slope = FocalLoss(gamma).evaluate(m, 1)
    assert np.all(value >= 0)
    assert np.all(slope <= 0)
    tiny = np.finfo(np.float32).smallest_normal
    np.testing.assert_allclose(value, reference(m, 1, gamma), rtol=3e-5, atol=tiny)
    near = m <= 1e3
    expected = reference(m[near], 1, gamma, 1)
    np.testing.assert_allclose(slope[near], expected, rtol=3e-5, atol=tiny)
    assert np.any(~np.isfinite(oracles.wrong_derivative_by_power(m, gamma)))


def test_the_power_of_q_is_taken_in_log_space():
    m = np.array([150], dtype=np.float32)
    # The slope relative to cross-entropy is the modulator times 1 + gamma, out here.
    modulator = np.exp(FocalLoss(0.1).log_relative_slope(m)) / np.float32(1.1)
    np.testing.assert_allclose(modulator, 3.05902e-7, rtol=1e-5)
    assert oracles.wrong_modulator_by_power_of_q(m, 0.1) == 0
    # A soft target is a mixture of both sides.
    mixture = 0.9 * focal(m, 1, 0.1) + 0.1 * focal(m, 0, 0.1)
    np.testing.assert_allclose(mixture, 15, rtol=1e-6)
    assert np.isfinite(0.9 * focal(m, 1, 0.1, 1) + 0.1 * focal(m, 0, 0.1, 1))


@pytest.mark.parametrize("alpha", [0.25, 0.75])
@pytest.mark.parametrize("gamma", [1.0, 2.0, 5.0])
def test_agreement_with_the_popular_formula_where_it_is_right(gamma, alpha):
    x = np.linspace(-10, 10, 401)
    for target, weight in ((0, 1 - alpha), (1, alpha)):
        popular = oracles.popular_sigmoid_focal(x, np.full(len(x), target), alpha, gamma)
        np.testing.assert_allclose(weight * focal(x, target, gamma), popular, rtol=1e-10)


def test_weights_stay_out_of_the_modulator():
    weighted = 3 * FocalLoss(2.0).value(logit(0.9))
    assert weighted == pytest.approx(0.003160815, rel=1e-6)
    wrong = oracles.wrong_focal_with_weighted_probability(0.9, 3.0, 2.0)
    assert wrong == pytest.approx(0.02321334, rel=1e-6)


def test_the_modulator_is_differentiated():
    assert focal(0.0, 1, 2.0, 1) == pytest.approx(-0.2982868, abs=1e-7)


@pytest.mark.parametrize(
    ("gamma", "p"), [(0.5, 0.0177), (1.0, 0.0432), (2.0, 0.0578), (3.0, 0.0575), (5.0, 0.0502)]
)
def test_the_curvature_is_negative_on_hard_rows(gamma, p):
    loss = FocalLoss(gamma)
    assert loss.second_derivative(logit(p - 1e-4)) < 0 < loss.second_derivative(logit(p + 1e-4))
    margin = np.linspace(-30, 30, 601)
    _, slope, curvature = loss.evaluate(margin)
    surrogate = -slope * expit(margin)
    assert np.all(surrogate > 0)
    assert np.all(curvature <= (1 + gamma) * surrogate * (1 + 1e-12))


@pytest.mark.parametrize("gamma", GAMMAS)
def test_second_derivative_of_both_classes(gamma):
    x = np.linspace(-20, 20, 41) + 0.0137
    for target in (0, 1):
        got = focal(x, target, gamma, 2)
        np.testing.assert_allclose(got, reference(x, target, gamma, 2), rtol=1e-10, atol=1e-17)
        wrong = oracles.wrong_curvature_of_positives(x, target, gamma)
        assert np.abs(wrong - got).max() > 0.05
    got = FocalLoss(2.0).second_derivative(30.0)
    assert got == pytest.approx(float(oracles.derivative("focal", 30, order=2, gamma=2.0)), 1e-10)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_float32_margins(gamma):
    x = np.array([-1000, -100, -18, 0, 18, 100, 1000], dtype=np.float32)
    for target in (0, 1):
        gradient, curvature = focal(x, target, gamma, 1), focal(x, target, gamma, 2)
        assert gradient.dtype == curvature.dtype == np.float32
        assert np.all(np.isfinite(gradient) & np.isfinite(curvature))
        expected = reference(x, target, gamma, 1)
        np.testing.assert_allclose(gradient, expected, rtol=3e-5, atol=1e-6)


# --- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [-1, -0.1, np.nan, np.inf, [1.0, -1.0], [[1.0]]])
def test_gamma_out_of_range(gamma):
    with pytest.raises(ValueError, match="FocalLoss: gamma must be finite and at least 0"):
        FocalLoss(gamma)


@pytest.mark.parametrize("gamma", ["two", None, object()])
def test_gamma_of_the_wrong_type(gamma):
    with pytest.raises((TypeError, ValueError), match="FocalLoss: gamma must be"):
        FocalLoss(gamma)


def test_swapped_arguments():
    with pytest.raises(TypeError):
        FocalLoss(0.25, 2.0)


def test_set_params_changes_all_or_nothing():
    loss = FocalLoss(1.0)
    for params in ({"gamma": -1.0}, {"gamma": 3.0, "unknown": 1}):
        with pytest.raises(ValueError):
            loss.set_params(**params)
        assert loss.gamma == 1.0
    assert loss.set_params(gamma=3.0).gamma == 3.0
