"""LDAM: margins from counts, binding, and the posterior of a function per class."""

import numpy as np
import pytest
from scipy.special import expit, log_expit
from sklearn.base import clone

from skfocal.losses import CrossEntropyLoss, LDAMLoss
from skfocal.margins import multiclass_gradient, multiclass_margin, transform_scores
from skfocal.posterior import log_odds

MARGIN = np.linspace(-20, 20, 41)


def test_margins_of_the_paper():
    np.testing.assert_allclose(LDAMLoss().bind([10000, 16]).class_margin, [0.1, 0.5], rtol=1e-15)
    weighted = LDAMLoss(max_margin=2.0).bind([0.5 * 81, 0.5])
    np.testing.assert_allclose(weighted.class_margin, [2 / 3, 2.0], rtol=1e-14)


def test_margins_of_each_label_come_from_its_own_counts():
    bound = LDAMLoss().bind([[10000, 1], [16, 16]])
    np.testing.assert_allclose(bound.class_margin, [[0.1, 0.5], [0.5, 0.25]], rtol=1e-15)
    margin = np.zeros((3, 2))
    target = np.array([[0, 0], [1, 0], [1, 1]])
    expected = -log_expit(-np.array([[0.1, 0.5], [0.5, 0.5], [0.5, 0.25]]))
    np.testing.assert_allclose(bound.value(margin, target), expected, rtol=1e-14)
    np.testing.assert_allclose(bound.value(margin, 1)[0], -log_expit([-0.5, -0.25]), rtol=1e-14)


def test_an_absent_class_is_as_rare_as_the_rarest():
    np.testing.assert_allclose(LDAMLoss().bind([160000, 0, 256]).class_margin, [0.1, 0.5, 0.5])
    for counts in ([0, 0], [1, -1], [1, np.nan], [[1, 0], [1, 0]], [3], [[1, 2]] * 3):
        with pytest.raises(ValueError, match="LDAMLoss: class_counts must"):
            LDAMLoss().bind(counts)


def test_the_true_class_score_is_lowered_and_all_scores_are_scaled():
    bound = LDAMLoss(max_margin=0.5, scale=3.0).bind([10000, 16, 625])
    scores = np.array([[0.3, -0.2, 0.5], [0.3, -0.2, 0.5], [0.3, -0.2, 0.5]])
    labels = np.array([0, 1, 2])
    transformed = transform_scores(bound, scores, "multiclass")
    got = bound.value(multiclass_margin(transformed, labels).margin, labels)
    for row, label, margin, value in zip(scores, labels, [0.1, 0.5, 0.2], got, strict=True):
        lowered = row.copy()
        lowered[label] -= margin
        p = np.exp(3 * lowered) / np.exp(3 * lowered).sum()
        np.testing.assert_allclose(value, -np.log(p[label]), rtol=1e-13)


def test_no_margin_is_cross_entropy_bound_or_not():
    for loss in (LDAMLoss(max_margin=0.0), LDAMLoss(max_margin=0.0).bind([9, 1])):
        for got, expected in zip(
            loss.evaluate(MARGIN), CrossEntropyLoss().evaluate(MARGIN), strict=True
        ):
            np.testing.assert_array_equal(got, expected)
        assert loss.traits == CrossEntropyLoss().traits


def test_raw_probabilities_are_those_of_the_unshifted_score():
    bound = LDAMLoss().bind([90, 10])
    np.testing.assert_array_equal(log_odds(bound, MARGIN, "binary", kind="raw"), MARGIN)


def test_binary_posterior():
    # eta / (1 - eta) = l_0'(-z) / l_1'(z) = sigmoid(z + d_0) / sigmoid(d_1 - z)
    bound = LDAMLoss(max_margin=0.5).bind([10000, 16])
    expected = np.log(expit(MARGIN + 0.1)) - np.log(expit(0.5 - MARGIN))
    np.testing.assert_allclose(log_odds(bound, MARGIN, "binary"), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_multiclass_posterior_makes_the_scores_stationary(scale):
    bound = LDAMLoss(max_margin=0.5, scale=scale).bind([900, 90, 10])
    scores = np.array([[2.0, 0.0, -1.0], [0.1, 0.5, 0.2]]) / scale
    eta = np.exp(log_odds(bound, scores, "multiclass", kind="posterior"))
    total = np.zeros_like(scores)
    for k in range(3):
        label = np.full(2, k)
        margin = multiclass_margin(transform_scores(bound, scores, "multiclass"), label)
        slope = bound.derivative(margin.margin, label)
        total += eta[:, [k]] * multiclass_gradient(slope, margin)
    np.testing.assert_allclose(total, 0, atol=1e-12)


def test_binding_returns_another_instance_that_clone_forgets():
    loss = LDAMLoss(max_margin=0.3, scale=2.0)
    bound = loss.bind([9, 1])
    assert loss.class_margin is None
    assert bound.get_params() == loss.get_params()
    assert clone(bound).class_margin is None
    np.testing.assert_allclose(bound.bind([1, 1]).class_margin, [0.3, 0.3])


def test_unbound_or_without_target_is_an_error():
    with pytest.raises(ValueError, match=r"LDAMLoss\(\) depends on the class counts .* loss.bind"):
        LDAMLoss().value(MARGIN, 1)
    with pytest.raises(ValueError, match="give target"):
        LDAMLoss().bind([9, 1]).value(MARGIN)


def test_targets_of_any_integer_type_and_margins_keep_their_dtype():
    bound = LDAMLoss().bind([10000, 16])
    target = np.array([0, 1, 1])
    expected = bound.value(np.zeros(3), target)
    for dtype in (np.int8, np.uint8, np.int64, bool):
        np.testing.assert_array_equal(bound.value(np.zeros(3), target.astype(dtype)), expected)
    assert bound.value(np.zeros(3, dtype=np.float32), target).dtype == np.float32


def test_targets_that_are_tensors():
    torch = pytest.importorskip("torch")
    margin = torch.zeros(3, 2, dtype=torch.float64)
    for counts in ([10000, 16], [[10000, 1], [16, 16]]):
        bound = LDAMLoss().bind(counts)
        target = np.array([[0, 0], [1, 0], [1, 1]])
        expected = bound.value(margin.numpy(), target)
        for dtype in (torch.uint8, torch.int64, torch.bool):
            got = bound.value(margin, torch.as_tensor(target).to(dtype))
            np.testing.assert_allclose(got, expected, rtol=1e-14)
        np.testing.assert_allclose(bound.value(margin, 1), bound.value(margin.numpy(), 1))


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"max_margin": -0.1}, ValueError, r"max_margin must be a number in \[0, inf\), got -0.1"),
        ({"scale": 0.0}, ValueError, r"scale must be a number in \(0, inf\), got 0.0"),
        ({"scale": None}, TypeError, "scale must be a number"),
    ],
)
def test_bad_parameters(params, error, message):
    with pytest.raises(error, match=f"LDAMLoss: {message}"):
        LDAMLoss(**params)
