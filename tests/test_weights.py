"""Class weights: rules by name, alpha as a normalised ratio, class_weight as scikit-learn's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from skfocal.weights import (
    alpha_weights,
    balanced_weights,
    class_weights,
    effective_number_weights,
)
from tests import oracles

BINARY = np.array([0, 1])
THREE = np.array(["a", "b", "c"])

count_vectors = st.lists(
    st.one_of(st.integers(1, 10**7).map(float), st.floats(1e-3, 1e7)), min_size=2, max_size=12
)


def mean_over_samples(weights, counts):
    return float(weights @ counts / np.sum(counts))


# --- balanced -------------------------------------------------------------------------------------


def test_balanced_gives_the_rare_class_the_larger_weight():
    y = np.repeat([0, 1], [990, 10])
    got = balanced_weights([990, 10])
    np.testing.assert_allclose(got, [0.5050505, 50], rtol=1e-6)
    assert got[1] / got[0] == pytest.approx(99, rel=1e-12)
    expected = compute_class_weight("balanced", classes=BINARY, y=y)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    np.testing.assert_allclose(alpha_weights("balanced", BINARY, np.array([990.0, 10.0])), got)


@given(st.lists(st.integers(1, 50), min_size=2, max_size=6))
def test_balanced_is_that_of_scikit_learn(counts):
    y = np.repeat(np.arange(len(counts)), counts)
    expected = compute_class_weight("balanced", classes=np.arange(len(counts)), y=y)
    np.testing.assert_allclose(balanced_weights(counts), expected, rtol=1e-12)
    np.testing.assert_allclose(balanced_weights(counts), oracles.balanced_weights(counts))


@given(count_vectors)
def test_balanced_classes_weigh_the_same_in_total(counts):
    weights = balanced_weights(counts)
    total = weights * counts
    np.testing.assert_allclose(total, total[0], rtol=1e-12)
    assert mean_over_samples(weights, counts) == pytest.approx(1, rel=1e-12)


def test_a_class_without_samples_weighs_nothing():
    np.testing.assert_allclose(balanced_weights([30, 0, 10]), [2 / 3, 0, 2], rtol=1e-15)
    got = effective_number_weights([30, 0, 10], beta=1.0)
    np.testing.assert_allclose(got, [0.5, 0, 1.5], rtol=1e-15)


# --- effective number of samples ------------------------------------------------------------------


def test_effective_number_of_the_paper():
    counts = np.array([990.0, 10.0])
    got = effective_number_weights(counts, beta=0.99)
    np.testing.assert_allclose(got, [0.1745537, 1.8254463], rtol=1e-6)
    assert got[1] / got[0] == pytest.approx(10.457791, rel=1e-7)
    estimator = alpha_weights("effective", BINARY, counts, beta=0.99)
    np.testing.assert_allclose(estimator, [0.9135942, 9.5541768], rtol=1e-7)


@given(count_vectors, st.floats(0, 1))
def test_effective_number_properties(counts, beta):
    got = effective_number_weights(counts, beta)
    np.testing.assert_allclose(got, oracles.effective_number_weights(counts, beta), rtol=1e-11)
    assert got.sum() == pytest.approx(len(counts), rel=1e-12)
    rarest_first = got[np.argsort(counts, kind="stable")]
    assert np.all(np.diff(rarest_first) <= 1e-12 * rarest_first[:-1])


@pytest.mark.parametrize("gap", [2.0**-53, 1e-16, 1e-15, 1e-12, 1e-9, 1e-4])
def test_effective_number_near_one_is_stable(gap):
    counts = [1e6, 1e3, 7.0]
    beta = 1 - gap
    exact = oracles.effective_number_weights(counts, beta)
    np.testing.assert_allclose(effective_number_weights(counts, beta), exact, rtol=1e-12)


def test_effective_number_limits_are_exact():
    counts = np.array([1e6, 1e3, 7.0])
    np.testing.assert_array_equal(effective_number_weights(counts, 0), np.ones(3))
    np.testing.assert_allclose(effective_number_weights(counts, 5e-324), np.ones(3), rtol=1e-15)
    inverse = (1 / counts) * 3 / (1 / counts).sum()
    np.testing.assert_allclose(effective_number_weights(counts, 1), inverse, rtol=1e-15)
    closest = effective_number_weights(counts, math.nextafter(1, 0))
    np.testing.assert_allclose(closest, inverse, rtol=1e-9)


@pytest.mark.parametrize("beta", [-0.1, 1.0001, math.nan, math.inf])
def test_effective_number_refuses_beta_outside_the_unit_interval(beta):
    with pytest.raises(ValueError, match=r"beta must be in \[0, 1\], got"):
        effective_number_weights([1, 2], beta)


@pytest.mark.parametrize("rule", [balanced_weights, effective_number_weights])
@pytest.mark.parametrize("counts", [[-1, 2], [math.nan, 2], [math.inf, 2], [0, 0], [], [[1, 2]]])
def test_bad_counts_are_refused(rule, counts):
    with pytest.raises(ValueError, match="counts must be a vector of finite counts"):
        rule(counts)


# --- alpha ----------------------------------------------------------------------------------------


@given(count_vectors, st.floats(1e-6, 1e6))
def test_alpha_without_a_ratio_is_exactly_one(counts, constant):
    counts = np.array(counts)
    classes = np.arange(len(counts))
    ones = np.ones(len(counts))
    for alpha in (None, ones, np.full(len(counts), constant), {}):
        np.testing.assert_array_equal(alpha_weights(alpha, classes, counts), ones)
    np.testing.assert_array_equal(alpha_weights(0.5, BINARY, counts[:2]), [1, 1])


@given(count_vectors, st.data())
def test_alpha_has_mean_one_over_the_samples(counts, data):
    counts = np.array(counts)
    vector = data.draw(st.lists(st.floats(1e-3, 1e3), min_size=len(counts), max_size=len(counts)))
    classes = np.arange(len(counts))
    for alpha in (vector, dict(enumerate(vector)), "balanced", "effective"):
        weights = alpha_weights(alpha, classes, counts)
        assert mean_over_samples(weights, counts) == pytest.approx(1, rel=1e-12)
    weights = alpha_weights(vector, classes, counts)
    np.testing.assert_allclose(weights / weights[0], np.array(vector) / vector[0], rtol=1e-12)
    scaled = alpha_weights(4 * np.array(vector), classes, counts)
    np.testing.assert_array_equal(scaled, weights)


def test_a_float_alpha_weighs_the_second_class():
    counts = np.array([30.0, 10.0])
    weights = alpha_weights(0.9, BINARY, counts)
    assert weights[1] / weights[0] == pytest.approx(9, rel=1e-12)
    assert mean_over_samples(weights, counts) == pytest.approx(1, rel=1e-12)


def test_a_single_alpha_for_three_classes_is_refused():
    with pytest.raises(ValueError, match="3 classes") as error:
        alpha_weights(0.25, THREE, np.ones(3))
    for word in ("vector", "[0.25, 0.75, 0.75]", "'balanced'", "alpha=0.25"):
        assert word in str(error.value)
    with pytest.raises(ValueError, match="100 classes") as error:
        alpha_weights(0.25, np.arange(100), np.ones(100))
    assert len(str(error.value)) < 300
    assert alpha_weights(0.25, BINARY, np.ones(2)).shape == (2,)


def test_a_single_alpha_for_a_single_class_is_refused():
    with pytest.raises(ValueError, match="1 class"):
        alpha_weights(0.25, np.array(["a"]), np.ones(1))


@pytest.mark.parametrize("alpha", [-1, -0.1, 0, 1, 1.5, math.nan, math.inf])
def test_scalars_outside_the_open_unit_interval_are_refused(alpha):
    with pytest.raises(ValueError, match=r"range \(0, 1\), got"):
        alpha_weights(alpha, BINARY, np.ones(2))


@pytest.mark.parametrize("entry", [-1.0, math.nan, math.inf])
def test_vectors_may_exceed_one_but_not_be_negative_or_infinite(entry):
    np.testing.assert_allclose(alpha_weights([2, 6], BINARY, np.ones(2)), [0.5, 1.5])
    for alpha in ([1.0, entry], {1: entry}):
        with pytest.raises(ValueError, match="alpha must hold finite"):
            alpha_weights(alpha, BINARY, np.ones(2))


def test_weights_that_leave_no_sample_are_refused():
    with pytest.raises(ValueError, match="positive for some class that occurs"):
        alpha_weights([0, 1], BINARY, np.array([10.0, 0.0]))


def test_a_wrong_length_names_both():
    with pytest.raises(ValueError, match=r"3 classes \['a', 'b', 'c'\].*shape \(2,\)"):
        alpha_weights([1, 2], THREE, np.ones(3))


def test_labels_of_a_dict():
    classes, counts = np.array(["fraud", "ok"]), np.array([10.0, 990.0])
    by_label = alpha_weights({"ok": 1, "fraud": 10}, classes, counts)
    np.testing.assert_array_equal(by_label, alpha_weights((10, 1), classes, counts))
    by_code = alpha_weights({1: 1, 0: 10}, BINARY, counts)
    np.testing.assert_array_equal(by_label, by_code)
    # A missing label weighs 1.
    np.testing.assert_array_equal(by_label, alpha_weights({"fraud": 10}, classes, counts))
    for name, weights in (("alpha", alpha_weights), ("class_weight", class_weights)):
        with pytest.raises(ValueError, match=f"{name} .*'Fraud'.*'fraud', 'ok'"):
            weights(classes=classes, counts=counts, **{name: {"Fraud": 10}})


@pytest.mark.parametrize(
    "classes", [np.array([False, True]), np.array([-1, 1]), np.array([0.0, 1.0])]
)
def test_labels_of_any_type(classes):
    alpha = dict(zip(classes.tolist(), (1, 3), strict=True))
    np.testing.assert_allclose(alpha_weights(alpha, classes, np.ones(2)), [0.5, 1.5])


@pytest.mark.parametrize("alpha", ["balance", "inverse"])
def test_an_unknown_name_lists_the_known(alpha):
    with pytest.raises(ValueError, match=f"'balanced' or 'effective', got '{alpha}'"):
        alpha_weights(alpha, BINARY, np.ones(2))


# --- class_weight ---------------------------------------------------------------------------------


def test_class_weight_is_not_normalised_and_multiplies_alpha():
    counts = np.array([30.0, 10.0])
    np.testing.assert_array_equal(class_weights(BINARY, counts), [1, 1])
    by_dict = class_weights(BINARY, counts, class_weight={0: 2, 1: 6})
    np.testing.assert_array_equal(by_dict, [2, 6])
    both = class_weights(BINARY, counts, alpha=0.75, class_weight={1: 5})
    np.testing.assert_allclose(both, alpha_weights(0.75, BINARY, counts) * [1, 5], rtol=1e-15)
    balanced = class_weights(BINARY, counts, class_weight="balanced")
    np.testing.assert_array_equal(balanced, class_weights(BINARY, counts, alpha="balanced"))


@pytest.mark.parametrize("class_weight", ["effective", "Balanced", [1, 2], 3.0])
def test_class_weight_takes_what_scikit_learn_takes(class_weight):
    with pytest.raises(ValueError, match="class_weight must be None, 'balanced' or a dict, got"):
        class_weights(BINARY, np.ones(2), class_weight=class_weight)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_class_weight_must_be_finite_and_not_negative(weight):
    with pytest.raises(ValueError, match="class_weight must hold finite weights of at least 0"):
        class_weights(BINARY, np.ones(2), class_weight={1: weight})
