"""The contract of the tasks: each against differences and plain formulas."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from skfocal.losses import CrossEntropyLoss, FocalLoss, LDAMLoss
from skfocal.tasks import TASKS, Task, get_task

N_ROWS, N_COLUMNS = 40, 3
LOSSES = [CrossEntropyLoss(), FocalLoss(gamma=0.5), FocalLoss(gamma=5.0), LDAMLoss()]


class Shifted(CrossEntropyLoss):
    """Scale and offset that no loss of ours has together."""

    score_scale = 3.0

    def __init__(self, class_offset=None):
        self.class_offset = class_offset


def rows(name, seed=0):
    """Scores, target and counts of a task."""
    rng = np.random.default_rng(seed)
    shape = (N_ROWS,) if name == "binary" else (N_ROWS, N_COLUMNS)
    scores = rng.normal(scale=3, size=shape)
    if name == "multiclass":
        return scores, rng.integers(N_COLUMNS, size=N_ROWS), np.array([60.0, 30.0, 10.0])
    counts = np.array([90.0, 10.0]) if name == "binary" else np.array([[90.0] * 3, [10.0, 20, 30]])
    return scores, rng.integers(2, size=shape), counts


def bound(loss, counts, name):
    if isinstance(loss, Shifted):
        return Shifted(np.linspace(-0.5, 1.0, counts.size).reshape(counts.shape))
    return loss.bind(counts)


def difference(function, scores, cell, step=1e-4):
    """4th-order central difference of a function of scores in the score of one column."""
    unit = np.zeros_like(scores)
    unit[..., cell] = 1.0
    near, far = (
        function(scores + h * unit) - function(scores - h * unit) for h in (step, 2 * step)
    )
    return (8 * near - far) / (12 * step)


every_task = pytest.mark.parametrize("name", list(TASKS))
every_loss = pytest.mark.parametrize("loss", [*LOSSES, Shifted()], ids=repr)


def test_tasks_are_values_found_by_name():
    for name, task in TASKS.items():
        assert get_task(name) == type(task)() and hash(task) == hash(type(task)())
        assert isinstance(task, Task) and task.name == name
    assert len(set(TASKS.values())) == 3
    with pytest.raises(ValueError, match=r"task must be one of \['binary', .* got 'regression'"):
        get_task("regression")


@every_task
@every_loss
def test_gradient_and_exact_curvature_are_the_derivatives(name, loss):
    scores, target, counts = rows(name)
    loss, task = bound(loss, counts, name), get_task(name)
    got = task.derivatives(loss, scores, target, 2)
    exact = got.curvature(exact=True)
    # One row (or, where rows hold several decisions, one label) at a time notices a score alone.
    for k in range(1 if name == "binary" else N_COLUMNS):
        cell = slice(None) if name == "binary" else k
        values = difference(lambda z: task.derivatives(loss, z, target, 0).value, scores, cell)
        slopes = difference(lambda z: task.derivatives(loss, z, target, 1).gradient, scores, cell)
        curvature = exact[..., cell] if name != "multiclass" else exact[:, :, k]
        gradient = got.gradient[..., cell]
        if name == "multilabel":
            values, slopes = values[:, k], slopes[:, k]
        np.testing.assert_allclose(gradient, values, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(curvature, slopes, rtol=1e-6, atol=1e-8)


@every_task
@every_loss
def test_diagonal_and_product_are_those_of_the_matrices(name, loss):
    scores, target, counts = rows(name)
    loss, task = bound(loss, counts, name), get_task(name)
    derivatives = task.derivatives(loss, scores, target, 2)
    whole, diagonal = derivatives.curvature(), derivatives.curvature_diagonal()
    assert diagonal.shape == scores.shape
    vector = np.random.default_rng(3).normal(size=scores.shape)
    at = task.margin(scores, target)
    _, first, second = loss.evaluate(at[0], 2, target)
    product = task.curvature_product(first, second, at, vector)
    exact = task.curvature(first, second, at)
    if name == "multiclass":
        np.testing.assert_allclose(diagonal, np.einsum("nkk->nk", whole), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(product, np.einsum("nij,nj->ni", exact, vector), atol=1e-12)
    else:
        np.testing.assert_array_equal(diagonal, whole)
        np.testing.assert_array_equal(product, exact * vector)


@every_task
@every_loss
def test_curvature_is_positive_and_exact_where_the_loss_is_convex(name, loss):
    scores, target, counts = rows(name)
    loss, task = bound(loss, counts, name), get_task(name)
    derivatives = task.derivatives(loss, 4 * scores, target, 2)
    positive, exact = derivatives.curvature(), derivatives.curvature(exact=True)
    if loss.traits.convex:
        np.testing.assert_array_equal(positive, exact)
    if name == "multiclass":
        assert np.linalg.eigvalsh(positive).min() > -1e-12
        np.testing.assert_allclose(positive.sum(axis=2), 0, atol=1e-12)
    else:
        assert positive.min() >= 0


def test_a_row_without_curvature_keeps_a_tenth_of_that_of_cross_entropy():
    loss, task = FocalLoss(gamma=2.0), get_task("binary")
    scores = np.linspace(-4, -1, 3001)
    got = task.derivatives(loss, scores, np.ones(3001, dtype=int), 2)
    at_zero = np.abs(loss.second_derivative(scores)).argmin()
    floor = -0.1 * got.gradient[at_zero] * expit(scores[at_zero])
    assert got.curvature()[at_zero] == pytest.approx(floor, rel=1e-12) and floor > 0.006


@every_task
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tensors_give_the_same_in_their_own_type(name, dtype):
    torch = pytest.importorskip("torch")
    scores, target, _ = rows(name)
    loss, task = FocalLoss(gamma=2.0), get_task(name)
    scores = scores.astype(dtype)
    expected = task.derivatives(loss, scores, target, 2)
    got = task.derivatives(loss, torch.from_numpy(scores), torch.from_numpy(target), 2)
    tolerance = 1e-12 if dtype is np.float64 else 2e-5
    for ours, theirs in (
        (got.value, expected.value),
        (got.gradient, expected.gradient),
        (got.curvature(), expected.curvature()),
        (got.curvature_diagonal(), expected.curvature_diagonal()),
    ):
        assert ours.numpy().dtype == theirs.dtype == dtype
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ["binary", "multilabel"])
def test_a_floating_point_target_is_left_as_it_is(name):
    torch = pytest.importorskip("torch")
    scores, target, _ = rows(name)
    target = torch.from_numpy(target.astype(np.float64))
    before = target.clone()
    get_task(name).derivatives(FocalLoss(), torch.from_numpy(scores), target, 2).curvature()
    assert torch.equal(target, before)


@every_task
def test_forms_of_scores(name):
    scores, _, counts = rows(name)
    task = get_task(name)
    columns = task.to_columns(scores)
    assert columns.shape == (N_ROWS, task.n_scores(counts))
    np.testing.assert_array_equal(task.from_columns(columns), scores)
    assert np.shape(task.contrast(counts)) == scores.shape[1:]


@pytest.mark.parametrize("weighted", [False, True])
def test_counts_are_sums_of_weights(weighted):
    weight = np.random.default_rng(5).random(N_ROWS) if weighted else None
    ones = np.ones(N_ROWS) if weight is None else weight
    for name, sides in (("binary", 2), ("multiclass", N_COLUMNS)):
        _, target, _ = rows(name)
        expected = [ones[target == k].sum() for k in range(sides)]
        np.testing.assert_allclose(get_task(name).count(target, weight, sides), expected)
    _, target, _ = rows("multilabel")
    expected = [[ones[t == side].sum() for t in target.T] for side in (0, 1)]
    np.testing.assert_allclose(get_task("multilabel").count(target, weight, 2), expected)


@every_task
def test_log_odds_and_probabilities_are_inverse_and_averages_are_of_probabilities(name):
    scores, _, _ = rows(name)
    task = get_task(name)
    log_odds = task.normalised(scores)
    expected = softmax(scores, axis=1) if name == "multiclass" else expit(scores)
    probabilities = task.probabilities(log_odds)
    if name == "binary":
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-15)
        probabilities = probabilities[:, 1]
    np.testing.assert_allclose(probabilities, expected, rtol=1e-12)
    np.testing.assert_allclose(task.log_odds_of(probabilities), log_odds, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        np.exp(task.log_probabilities(log_odds)), task.probabilities(log_odds), rtol=1e-12
    )
    members = np.stack([log_odds, task.normalised(scores[::-1])])
    mean = (task.probabilities(members[0]) + task.probabilities(members[1])) / 2
    np.testing.assert_allclose(task.probabilities(task.mean(members)), mean, rtol=1e-12)
    decided = task.decide(log_odds)
    wanted = expected.argmax(axis=1) if name == "multiclass" else expected > 0.5
    np.testing.assert_array_equal(decided, wanted)


@every_task
def test_centring_leaves_every_probability_as_it_is(name):
    scores, _, _ = rows(name)
    task = get_task(name)
    np.testing.assert_allclose(
        task.probabilities(task.normalised(task.centred(scores))),
        task.probabilities(task.normalised(scores)),
        rtol=1e-12,
    )
