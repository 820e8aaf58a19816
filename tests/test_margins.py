"""Scores to margins and back: against differences and mpmath, on NumPy arrays and tensors."""

import mpmath
import numpy as np
import pytest

from skfocal.losses import CrossEntropyLoss, FocalLoss
from skfocal.losses._math import by_columns
from skfocal.margins import (
    all_margins,
    binary_gradient,
    binary_margin,
    multiclass_curvature_blocks,
    multiclass_curvature_product,
    multiclass_gradient,
    multiclass_margin,
    transform_scores,
)
from tests import oracles

GAMMAS = [0.0, 0.5, 2.0]


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return rng.normal(scale=2, size=(12, 4)), rng.integers(4, size=12)


def loss_of_scores(loss, scores, target, task):
    if task == "multiclass":
        return loss.value(multiclass_margin(scores, target).margin)
    return loss.value(binary_margin(scores, target))


def gradient_of_scores(loss, scores, target, task):
    if task == "multiclass":
        margin = multiclass_margin(scores, target)
        return multiclass_gradient(loss.derivative(margin.margin), margin)
    return binary_gradient(loss.derivative(binary_margin(scores, target)), target)


def differences(function, scores, step=1e-4):
    """4th-order central differences of a function of whole rows, in each score: last axis new."""
    columns = []
    for unit in np.eye(scores.shape[-1]):
        near, far = (
            function(scores + h * unit) - function(scores - h * unit) for h in (step, 2 * step)
        )
        columns.append((8 * near - far) / (12 * step))
    return np.stack(columns, axis=-1)


# --- binary and multilabel ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64, np.float64])
def test_binary_margin_of_any_target_dtype(dtype):
    scores = np.array([[1.5, -2.0], [3.0, 0.5]])
    target = np.array([[1, 0], [0, 1]]).astype(dtype)
    expected = [[1.5, 2.0], [-3.0, 0.5]]
    np.testing.assert_array_equal(binary_margin(scores, target), expected)
    np.testing.assert_array_equal(binary_gradient(scores, target), expected)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_binary_and_multilabel_gradient_and_curvature(gamma, table):
    scores = table[0]
    target = (np.random.default_rng(1).random(scores.shape) < 0.4).astype(int)
    loss = FocalLoss(gamma)
    h = 1e-4

    def central(function):
        near, far = (function(scores + s) - function(scores - s) for s in (h, 2 * h))
        return (8 * near - far) / (12 * h)

    got = gradient_of_scores(loss, scores, target, "multilabel")
    expected = central(lambda z: loss_of_scores(loss, z, target, "multilabel"))
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11)
    curvature = loss.second_derivative(binary_margin(scores, target))
    expected = central(lambda z: gradient_of_scores(loss, z, target, "multilabel"))
    np.testing.assert_allclose(curvature, expected, rtol=1e-9, atol=1e-11)
    for label in range(scores.shape[1]):
        column = gradient_of_scores(loss, scores[:, label], target[:, label], "binary")
        np.testing.assert_array_equal(got[:, label], column)


# --- multiclass -----------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", GAMMAS)
def test_multiclass_gradient(gamma, table):
    scores, target = table
    loss = FocalLoss(gamma)
    got = gradient_of_scores(loss, scores, target, "multiclass")
    expected = differences(lambda z: loss_of_scores(loss, z, target, "multiclass"), scores)
    np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(got.sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_multiclass_curvature_blocks_and_products(gamma, table):
    scores, target = table
    loss = FocalLoss(gamma)
    margin = multiclass_margin(scores, target)
    _, first, second = loss.evaluate(margin.margin)
    blocks = multiclass_curvature_blocks(first, second, margin)
    expected = differences(lambda z: gradient_of_scores(loss, z, target, "multiclass"), scores)
    np.testing.assert_allclose(blocks, expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(blocks, blocks.transpose(0, 2, 1), atol=1e-15)
    np.testing.assert_allclose(blocks.sum(axis=2), 0, atol=1e-12)
    vector = np.random.default_rng(2).normal(size=scores.shape)
    product = multiclass_curvature_product(first, second, margin, vector)
    np.testing.assert_allclose(product, np.einsum("nij,nj->ni", blocks, vector), atol=1e-14)


def test_positive_curvature_in_the_margin_gives_positive_semidefinite_blocks(table):
    margin = multiclass_margin(*table)
    slope = FocalLoss(2.0).derivative(margin.margin)
    blocks = multiclass_curvature_blocks(slope, np.abs(slope), margin)
    assert np.linalg.eigvalsh(blocks).min() > -1e-12


def test_all_margins_are_the_margins_of_each_class(table):
    scores = np.concatenate([table[0], [[100.0, 0, 0, 0], [0, 0, 1e4, 0], [5, 5, 5, 5]]])
    got = all_margins(scores)
    for k in range(4):
        expected = multiclass_margin(scores, np.full(len(scores), k)).margin
        np.testing.assert_allclose(got[:, k], expected, rtol=1e-13, atol=1e-13)


def test_leading_dimensions_are_kept(table):
    scores, target = table
    flat = multiclass_margin(scores, target)
    folded = multiclass_margin(scores.reshape(3, 4, 4), target.reshape(3, 4))
    np.testing.assert_array_equal(folded.margin.ravel(), flat.margin)
    np.testing.assert_array_equal(folded.direction.reshape(12, 4), flat.direction)
    np.testing.assert_array_equal(all_margins(scores.reshape(3, 4, 4)).shape, (3, 4, 4))


# --- what goes wrong elsewhere --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_complement_of_a_dominating_class(dtype):
    scores = np.array([[100, 0, 0]], dtype=dtype)
    margin = multiclass_margin(scores, np.array([0]))
    assert margin.margin.dtype == dtype
    np.testing.assert_allclose(margin.margin, 99.306853, rtol=1e-7)
    # The wrong way: p rounds to 1, and nothing is left of 1 - p.
    assert oracles.wrong_complement_by_subtraction(scores[0], 0) == -np.inf
    lost = np.array([[0, 100, 0]], dtype=dtype)
    for gamma in (0.0, 0.5, 2.0, 5.0):
        value = loss_of_scores(FocalLoss(gamma), lost, np.array([0]), "multiclass")
        np.testing.assert_allclose(value, 100, rtol=1e-6)
        for z in (scores, lost):
            gradient = gradient_of_scores(FocalLoss(gamma), z, np.array([0]), "multiclass")
            assert gradient.dtype == dtype
            assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_two_classes_are_the_binary_loss(gamma):
    x = np.array([-1e4, -1e3, -104, -89, -88, -50, 0, 50, 88, 89, 104, 1e3, 1e4], np.float32)
    softmax = np.stack([np.zeros_like(x), x], axis=1)
    loss = FocalLoss(gamma)
    for label in (0, 1):
        target = np.full(len(x), label)
        binary = loss_of_scores(loss, x, target, "binary")
        multi = loss_of_scores(loss, softmax, target, "multiclass")
        np.testing.assert_allclose(multi, binary, rtol=1e-6, atol=1e-38)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_a_large_common_offset_changes_nothing(gamma):
    rng = np.random.default_rng(0)
    scores = rng.integers(-8, 9, size=(50, 4)).astype(np.float32)
    target = rng.integers(4, size=50)
    loss = FocalLoss(gamma)
    for function in (loss_of_scores, gradient_of_scores):
        near = function(loss, scores, target, "multiclass")
        far = function(loss, scores + np.float32(1e4), target, "multiclass")
        np.testing.assert_allclose(far, near, rtol=1e-6)
    np.testing.assert_allclose(all_margins(scores + np.float32(1e4)), all_margins(scores))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_enormous_binary_scores(gamma):
    scores = np.array([-1e300, 1e300])
    for target in (np.zeros(2), np.ones(2)):
        assert np.all(np.isfinite(loss_of_scores(FocalLoss(gamma), scores, target, "binary")))
        assert np.all(np.isfinite(gradient_of_scores(FocalLoss(gamma), scores, target, "binary")))


@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("size", [17.0, 30.0, 89.0, 104.0, 1e3, 1e4])
def test_fractional_gamma_with_five_classes(gamma, size):
    scores = np.array([[0, size, 0, 0, 0]], dtype=np.float32)
    loss = FocalLoss(gamma)
    value = loss_of_scores(loss, scores, np.array([1]), "multiclass")
    gradient = gradient_of_scores(loss, scores, np.array([1]), "multiclass")
    assert value >= 0
    assert gradient[0, 1] <= 0

    def exact(z):
        return oracles.softmax_loss("focal", [0, z, 0, 0, 0], 1, gamma=gamma)

    # Beyond 104 both are below the smallest float32, and not worth their thousands of digits.
    size = min(size, 104.0)
    tiny = np.finfo(np.float32).smallest_normal
    with mpmath.workdps(100):
        np.testing.assert_allclose(value, [float(exact(size))], rtol=3e-5, atol=tiny)
        slope = float(mpmath.diff(exact, size))
        np.testing.assert_allclose(gradient[0, 1], slope, rtol=3e-5, atol=tiny)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_no_class_is_special(gamma, table):
    scores, target = table
    weight = np.array([0.5, 1.0, 2.0, 4.0])
    order = np.array([2, 0, 3, 1])
    loss = FocalLoss(gamma)
    for function in (loss_of_scores, gradient_of_scores):
        plain = function(loss, scores, target, "multiclass")
        moved = function(loss, scores[:, order], np.argsort(order)[target], "multiclass")
        plain = (plain.T * weight[target]).T
        moved = (moved.T * weight[order][np.argsort(order)[target]]).T
        if plain.ndim == 2:
            plain = plain[:, order]
        np.testing.assert_allclose(moved, plain, rtol=1e-12, atol=1e-16)


# --- scale, offset, tensors -----------------------------------------------------------------------


class ShiftedLoss(CrossEntropyLoss):
    """Cross-entropy of ``3 z + offset``."""

    score_scale = 3.0

    def __init__(self, offset=(0.5, -0.25)):
        self.offset = offset
        self.class_offset = np.asarray(offset)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_transform_scores_scales_and_shifts(dtype):
    scores = np.array([[1.0, 2.0], [0.0, -1.0]], dtype=dtype)
    multi = transform_scores(ShiftedLoss(), scores, "multiclass")
    np.testing.assert_allclose(multi, [[3.5, 5.75], [0.5, -3.25]])
    binary = transform_scores(ShiftedLoss(), scores[:, 0], "binary")
    np.testing.assert_allclose(binary, [2.25, -0.75])
    labels = transform_scores(ShiftedLoss(((0, 0), (1, 2))), scores, "multilabel")
    np.testing.assert_allclose(labels, [[4.0, 8.0], [1.0, -1.0]])
    assert multi.dtype == binary.dtype == labels.dtype == dtype
    assert transform_scores(CrossEntropyLoss(), scores, "multiclass") is scores


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tensors_give_what_arrays_give(dtype, table):
    torch = pytest.importorskip("torch")
    scores, target = table[0].astype(dtype), table[1]
    tensors = torch.asarray(scores), torch.asarray(target)
    rtol = 1e-5 if dtype == "float32" else 1e-13
    array, tensor = multiclass_margin(scores, target), multiclass_margin(*tensors)
    first, second = np.linspace(-2, -1, 12, dtype=dtype), np.linspace(0, 1, 12, dtype=dtype)
    derivatives = torch.asarray(first), torch.asarray(second)
    pairs = [
        *zip(array, tensor, strict=True),
        (all_margins(scores), all_margins(tensors[0])),
        (multiclass_gradient(first, array), multiclass_gradient(derivatives[0], tensor)),
        (
            multiclass_curvature_blocks(first, second, array),
            multiclass_curvature_blocks(*derivatives, tensor),
        ),
        (
            multiclass_curvature_product(first, second, array, scores),
            multiclass_curvature_product(*derivatives, tensor, tensors[0]),
        ),
        (binary_margin(scores, scores > 0), binary_margin(tensors[0], tensors[0] > 0)),
        (
            transform_scores(ShiftedLoss(), scores[:, :2], "multiclass"),
            transform_scores(ShiftedLoss(), tensors[0][:, :2], "multiclass"),
        ),
        (
            transform_scores(ShiftedLoss(), scores[:, 0], "binary"),
            transform_scores(ShiftedLoss(), tensors[0][:, 0], "binary"),
        ),
    ]
    for one, two in pairs:
        assert isinstance(two, torch.Tensor)
        assert one.dtype == two.numpy().dtype == dtype
        np.testing.assert_allclose(two.numpy(), one, rtol=rtol, atol=rtol / 100)


def test_autograd_passes_through_the_margins(table):
    torch = pytest.importorskip("torch")
    scores = torch.asarray(table[0]).requires_grad_()
    target = torch.asarray(table[1])
    loss = FocalLoss(2.0)
    (got,) = torch.autograd.grad(loss_of_scores(loss, scores, target, "multiclass").sum(), scores)
    expected = gradient_of_scores(loss, *table, "multiclass")
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("shape", [(9, 4), (2, 5, 4), (4,)])
def test_the_layout_of_scores_changes_nothing_but_the_speed(shape):
    rng = np.random.default_rng(0)
    scores = rng.normal(scale=5, size=shape)
    target = np.asarray(rng.integers(4, size=shape[:-1]))
    row_by_row = np.ascontiguousarray(scores)
    column_by_column = by_columns(scores)
    assert np.moveaxis(column_by_column, -1, 0).flags["C_CONTIGUOUS"]
    frozen = row_by_row.copy()
    frozen.flags.writeable = False
    for layout in (column_by_column, np.asfortranarray(scores), frozen):
        np.testing.assert_array_equal(all_margins(layout), all_margins(row_by_row))
        for got, expected in zip(
            multiclass_margin(layout, target), multiclass_margin(row_by_row, target), strict=True
        ):
            np.testing.assert_array_equal(got, expected)
    by_hand = [
        scores[(*where, target[where])]
        - np.logaddexp.reduce(np.delete(scores[where], target[where]))
        for where in np.ndindex(shape[:-1])
    ]
    margins = multiclass_margin(scores, target).margin
    np.testing.assert_allclose(np.ravel(margins), by_hand, rtol=1e-12)
