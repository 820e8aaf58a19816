"""What is special to the gradient-harmonised loss: its histogram and weights, on NumPy arrays."""

import numpy as np
import pytest

from skfocal.losses import GHMLoss
from tests import oracles


def test_weights_are_those_of_the_paper():
    margins = np.random.default_rng(0).normal(scale=3, size=200)
    for bins in (1, 2, 10, 30):
        wanted = oracles.ghm_weights(margins.tolist(), bins, 0.0)
        got = GHMLoss(bins=bins).batch_weight(margins)
        np.testing.assert_allclose(got, wanted, rtol=1e-12)
        assert got.sum() == pytest.approx(200, rel=1e-12)


def test_convention_non_empty_bins():
    p = np.array([0.05] * 8 + [0.55, 0.95])  # of the positive class, all rows being negative
    margin = np.log(1 - p) - np.log(p)
    loss = GHMLoss()
    weight = loss.batch_weight(margin)
    np.testing.assert_allclose(weight, [5 / 12] * 8 + [10 / 3] * 2, rtol=1e-12)
    assert weight.sum() == pytest.approx(10)
    assert (weight * loss.value(margin)).mean() == pytest.approx(1.2818444, abs=1e-7)
    one_bin = GHMLoss(bins=1).batch_weight(margin)
    np.testing.assert_array_equal(one_bin, np.ones(10))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_both_ends_of_the_scale_lie_in_a_bin(dtype):
    margin = np.array([-1e3, 0, 1e3], dtype=dtype)  # norms 1, 1/2 and 0
    np.testing.assert_allclose(GHMLoss().batch_weight(margin), 1, rtol=1e-12)


def test_one_row_weighs_1_and_order_does_not_matter():
    assert GHMLoss().batch_weight(np.array([0.3])).tolist() == [1.0]
    rng = np.random.default_rng(0)
    margin, order = rng.normal(size=(50, 3)), rng.permutation(50)
    weight = GHMLoss().batch_weight(margin)
    assert weight.shape == (50, 3)
    np.testing.assert_allclose(GHMLoss().batch_weight(margin[order]), weight[order], rtol=1e-10)


def test_sample_weights_are_repeated_rows():
    margin = np.array([-2.0, -0.5, 0.5, 2.0])
    repeats = np.array([1, 3, 2, 4])
    got = GHMLoss(bins=3).batch_weight(margin, repeats.astype(float))
    wanted = GHMLoss(bins=3).batch_weight(np.repeat(margin, repeats))
    np.testing.assert_allclose(np.repeat(got, repeats), wanted, rtol=1e-12)


def test_rows_without_weight_make_no_bin():
    margin = np.array([-4.0, 0.1, 0.2, 4.0])
    got = GHMLoss().batch_weight(margin, np.array([0.0, 1.0, 1.0, 0.0]))
    np.testing.assert_allclose(got, [0, 1, 1, 0])
    np.testing.assert_array_equal(GHMLoss().batch_weight(margin, np.zeros(4)), np.zeros(4))


def test_a_given_density_decides_the_weights():
    loss = GHMLoss(bins=2)
    histogram = loss.histogram(np.array([1.0, 1.0, 1.0, -1.0]))
    np.testing.assert_allclose(histogram.share, [0.75, 0.25])
    got = loss.weight_by_density(histogram, np.array([0.5, 0.5]))
    np.testing.assert_allclose(got, 1.0)  # two bins are not empty


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"bins": 0}, ValueError, r"bins must be a number in \[1, inf\), got 0"),
        ({"bins": 2.5}, TypeError, "bins must be an integer, got 2.5"),
        ({"momentum": 1.0}, ValueError, r"momentum must be a number in \[0, 1\), got 1.0"),
        ({"momentum": "0.5"}, TypeError, "momentum must be a number"),
    ],
)
def test_parameters_out_of_range(parameters, error, message):
    with pytest.raises(error, match=message):
        GHMLoss(**parameters)
