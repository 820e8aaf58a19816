"""Derivatives of the losses of several classes in what trees add up."""

import pickle

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from skfocal.ensemble._objective import (
    LogProbabilitiesObjective,
    ScoreObjective,
    make_objective,
)
from skfocal.ensemble._softmax_table import softmax_table
from skfocal.losses import FocalLoss, GHMLoss, LDAMLoss, LogitAdjustedLoss, list_losses
from skfocal.losses._registry import get_loss_class
from skfocal.posterior import Posterior, best_constant_score, log_odds
from skfocal.tasks import get_task
from tests import oracles

MULTICLASS = get_task("multiclass")
COUNTS = np.array(oracles.CLASS_COUNTS[:3])
CASES = [
    pytest.param(loss, id=f"{name}-{','.join(map(str, loss.get_params().values()))}")
    for name in list_losses()
    for loss in get_loss_class(name).corner_cases()
    if "multiclass" in loss.tasks
]
HONEST = [
    case for case in CASES if case.values[0].traits.invertible and case.values[0].traits.symmetric
]


def differentiate(objective, target, raw, dtype=np.float64):
    gradient, curvature = np.empty(raw.shape, dtype), np.empty(raw.shape, dtype)
    objective.differentiate(target, raw, None, gradient, curvature)
    return gradient, curvature


def slopes(function, raw, step=1e-5):
    """Return differences of a function of all rows, along each class."""
    directions = step * np.eye(raw.shape[1])
    return np.stack([(function(raw + d) - function(raw - d)) / (2 * step) for d in directions], 1)


def draw(n_rows, n_classes, scale=2.0):
    rng = np.random.default_rng(n_classes)
    raw = rng.normal(scale=scale, size=(n_rows, n_classes))
    return raw, rng.integers(0, n_classes, n_rows).astype(float)


@pytest.mark.parametrize("loss", HONEST)
def test_what_trees_add_up_is_the_log_probability_of_the_posterior(loss):
    loss = loss.bind(COUNTS)
    objective = make_objective(loss, MULTICLASS)
    assert isinstance(objective, LogProbabilitiesObjective)
    class_weight = np.array([0.5, 1.0, 5.0])
    scores, _ = draw(300, 3)
    truth = log_odds(loss, scores, "multiclass", kind="posterior")
    for kind in ("raw", "weighted", "posterior"):
        posterior = Posterior(loss, "multiclass", kind, class_weight)
        wanted = log_odds(loss, scores, "multiclass", kind=kind, class_weight=class_weight)
        got = objective.log_odds(truth, posterior)
        # Raw scores of a loss that is flat where a class is sure are known less well.
        np.testing.assert_allclose(got, wanted, atol=1e-6 if kind == "raw" else 1e-9)


@pytest.mark.parametrize("loss", HONEST)
def test_honest_gradient_and_curvature_against_differences(loss):
    objective = make_objective(loss.bind(COUNTS), MULTICLASS)
    raw, target = draw(100, 3)
    gradient, curvature = differentiate(objective, target, raw)
    assert np.abs(gradient.sum(axis=1)).max() < 1e-12
    assert np.all(curvature > 0)
    # Equal probabilities have the curvature of log loss, to the precision of the table.
    _, at_zero = differentiate(objective, np.zeros(1), np.zeros((1, 3)))
    np.testing.assert_allclose(at_zero, 2 / 9, rtol=2e-7)
    # But for this unit, the gradient is that of the loss at the scores of the posterior.
    wanted = slopes(lambda raw: objective.value(target, raw), raw)
    unit = (wanted * gradient).sum() / (gradient**2).sum()
    np.testing.assert_allclose(unit * gradient, wanted, rtol=2e-5, atol=1e-7)
    # The curvature is how fast the expected gradient leaves 0, whatever the label.
    eta = softmax(raw, axis=1)

    def expected(raw):
        each = [differentiate(objective, np.full(100, y), raw)[0] for y in range(3)]
        return np.einsum("ny,ynk->nk", eta, each)

    assert np.abs(expected(raw)).max() < 1e-7
    diagonal = np.einsum("njj->nj", slopes(expected, raw))
    np.testing.assert_allclose(curvature, diagonal, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3, 30])
def test_cross_entropy_is_log_loss_of_softmax(n_classes):
    raw, target = draw(200, n_classes, 5.0)
    p = softmax(raw, axis=1)
    gradient, curvature = differentiate(make_objective(FocalLoss(0.0), MULTICLASS), target, raw)
    indicator = np.eye(n_classes)[target.astype(int)]
    np.testing.assert_allclose(gradient, p - indicator, atol=1e-15)
    np.testing.assert_allclose(curvature, np.maximum(p * (1 - p), 1e-16), rtol=1e-12, atol=1e-15)
    close, _ = differentiate(make_objective(FocalLoss(1e-6), MULTICLASS), target, raw)
    np.testing.assert_allclose(close, gradient, atol=1e-4)


@pytest.mark.parametrize("loss", HONEST)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_derivatives_far_out_are_finite(loss, dtype):
    raw = np.array([[0, 0, 1000], [1000, 0, -1000], [80, 79, -80], [40, 0, 0]], dtype=dtype)
    objective = make_objective(loss.bind(COUNTS), MULTICLASS)
    for label in range(3):
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            gradient, curvature = differentiate(objective, np.full(4, label), raw, dtype)
        assert np.all(np.isfinite(gradient))
        assert np.all(np.isfinite(curvature) & (curvature > 0))
        # Nothing pulls a class the wrong way.
        assert np.all(gradient[:, label] <= 0)
        assert np.all(np.delete(gradient, label, axis=1) >= 0)


@pytest.mark.parametrize("n_classes", [3, 6])
@pytest.mark.parametrize(
    "loss", [FocalLoss(0.0), FocalLoss(2.0), LDAMLoss(0.3, scale=2.0)], ids=["0", "2", "ldam"]
)
def test_softmax_gradient_against_differences_with_rows_that_sum_to_zero(loss, n_classes):
    """In the scores of the loss, where those with a function for each class are boosted."""
    loss = loss.bind(np.arange(1, n_classes + 1) * 10.0)
    objective = ScoreObjective(loss, MULTICLASS)
    assert loss.traits.symmetric or type(make_objective(loss, MULTICLASS)) is ScoreObjective
    raw, target = draw(200, n_classes)
    gradient, curvature = differentiate(objective, target, raw)
    assert np.abs(gradient.sum(axis=1)).max() < 1e-12
    assert np.all(curvature > 0)
    wanted = slopes(lambda raw: objective.value(target, raw), raw)
    np.testing.assert_allclose(gradient, wanted, atol=1e-8)
    if loss.traits.proper and loss.traits.symmetric:
        p = softmax(raw, axis=1)
        np.testing.assert_allclose(curvature, p * (1 - p), rtol=1e-9)


def test_the_start_is_the_best_constant():
    mass = np.array([90.0, 9.0, 1.0])
    target = np.repeat([0, 1, 2], [90, 9, 1])
    for loss in (FocalLoss(2.0), LDAMLoss(0.3).bind(mass)):
        objective = make_objective(loss, MULTICLASS)
        start = objective.start(mass)
        scores = best_constant_score(loss, mass, task="multiclass")
        truth = log_odds(loss, scores, "multiclass", kind="posterior")
        honest = objective.adds_up_log_odds
        np.testing.assert_allclose(start, truth - truth.mean() if honest else scores, rtol=1e-6)
        gradient, _ = differentiate(objective, target, np.tile(start, (100, 1)))
        assert np.abs(gradient.sum(axis=0)).max() < 1e-6
    start = make_objective(GHMLoss(), MULTICLASS).start(mass)
    np.testing.assert_allclose(start, np.log(mass) - np.log(mass).mean())


def test_a_table_is_made_once_and_finds_probabilities_that_sum_to_one():
    table = softmax_table(FocalLoss(1.5))
    assert table is softmax_table(pickle.loads(pickle.dumps(FocalLoss(1.5))))
    raw, _ = draw(1000, 8, 20.0)
    found = table.solve(log_softmax(raw, axis=1))
    np.testing.assert_allclose(np.exp(found.log_p).sum(axis=1), 1, atol=1e-9)
    assert LogitAdjustedLoss(1.0).traits.symmetric  # and one table serves it, offset or not
