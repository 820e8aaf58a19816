"""What is special about cross-entropy: it is log loss, to the last places."""

import numpy as np
import pytest
from scipy.special import expit, log_expit
from sklearn.metrics import log_loss

from skfocal.losses import CrossEntropyLoss
from skfocal.margins import binary_gradient, binary_margin
from tests import oracles


def test_log_loss_of_the_framework_to_four_units_in_the_last_place():
    x = np.linspace(-80, 80, 10_000)
    for target in (0, 1):
        got = CrossEntropyLoss().value(binary_margin(x, np.full(len(x), target)))
        expected = -log_expit(x if target else -x)
        np.testing.assert_array_max_ulp(got, expected, maxulp=4)


def test_no_epsilon_puts_a_floor_under_the_loss():
    margin = np.array([50], dtype=np.float32)
    np.testing.assert_allclose(CrossEntropyLoss().value(margin), 1.92875e-22, rtol=1e-5)
    assert oracles.wrong_cross_entropy_with_epsilon(margin) == pytest.approx(1e-7, rel=0.3)


def test_mean_over_rows_is_log_loss_of_scikit_learn():
    rng = np.random.default_rng(0)
    x, target = rng.normal(scale=3, size=500), rng.integers(2, size=500)
    value = CrossEntropyLoss().value(binary_margin(x, target))
    assert value.mean() == pytest.approx(log_loss(target, expit(x)), rel=1e-12)


def test_gradient_and_curvature_in_the_score():
    x = np.linspace(-40, 40, 801)
    for target in (0, 1):
        t = np.full(len(x), target)
        _, first, second = CrossEntropyLoss().evaluate(binary_margin(x, t))
        p = expit(x)
        np.testing.assert_allclose(binary_gradient(first, t), p - t, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(second, p * expit(-x), rtol=1e-12)
        if target:
            wrong = oracles.wrong_derivative_in_probability(x)
            assert not np.allclose(wrong, p - t, atol=1e-2)


def test_infinite_margins():
    value, first, second = CrossEntropyLoss().evaluate(np.array([-np.inf, np.inf]))
    np.testing.assert_array_equal(value, [np.inf, 0])
    np.testing.assert_array_equal(first, [-1, 0])
    np.testing.assert_array_equal(second, [0, 0])


def test_it_takes_no_parameters():
    with pytest.raises(TypeError):
        CrossEntropyLoss(gamma=1.0)
    assert CrossEntropyLoss().get_params() == {}
    with pytest.raises(ValueError, match="gamma"):
        CrossEntropyLoss().set_params(gamma=1.0)
