"""Derivatives of the losses in what trees add up, against formulas in fifty digits."""

import itertools
import pickle
import tracemalloc
from functools import cache

import mpmath
import numpy as np
import pytest
from scipy.special import expit

from skfocal.ensemble._objective import BLOCK, LogOddsObjective, ScoreObjective, make_objective
from skfocal.ensemble._table import LARGEST, LogOddsTable, log_odds_table
from skfocal.losses import (
    AsymmetricLoss,
    CrossEntropyLoss,
    FocalLoss,
    GHMLoss,
    HardTruncatedLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    PolyLoss,
    list_losses,
)
from skfocal.losses._registry import get_loss_class
from skfocal.posterior import Posterior, log_odds
from skfocal.tasks import get_task
from tests import oracles

BINARY = get_task("binary")
COUNTS = np.array(oracles.CLASS_COUNTS[:2])

CASES = [
    pytest.param(name, loss, id=f"{name}-{','.join(map(str, loss.get_params().values()))}")
    for name in list_losses()
    for loss in get_loss_class(name).corner_cases()
    if "binary" in loss.tasks
]
INVERTIBLE = [case for case in CASES if case.values[1].traits.invertible]
REST = [case for case in CASES if not case.values[1].traits.invertible]


def differentiate(objective, target, raw, weight=None, dtype=np.float64):
    gradient, curvature = np.empty(raw.shape, dtype), np.empty(raw.shape, dtype)
    objective.differentiate(target, raw, weight, gradient, curvature)
    return gradient, curvature


def log_odds_of(objective, raw, kind, class_weight=None):
    return objective.log_odds(raw, Posterior(objective.loss, "binary", kind, class_weight))


@cache
def exact(name, score, params):
    """Return s, and the slopes of both labels in s, at a score, all in fifty digits."""
    params = dict(params)

    def loss(label):
        return lambda z: oracles.softmax_loss(name, (0, z), label, **params)

    with mpmath.workdps(3 * oracles.DIGITS + int(abs(score))):
        first = [mpmath.diff(loss(k), score, 1) for k in (0, 1)]
        second = [mpmath.diff(loss(k), score, 2) for k in (0, 1)]
        # s = log(l_0' / -l_1'), whose slope turns derivatives in z into those in s.
        stretch = second[0] / first[0] - second[1] / first[1]
        return mpmath.log(first[0] / -first[1]), [f / stretch for f in first]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "loss"), INVERTIBLE)
def test_derivatives_in_log_odds_against_fifty_digits(name, loss):
    objective = make_objective(loss.bind(COUNTS), BINARY)
    params = tuple(loss.get_params().items())
    # W is 1 at s = 0: the sum of both pulls there.
    _, at_zero = exact(name, oracles.binary_minimiser(name, 0.5, **loss.get_params()), params)
    unit = float(at_zero[0] - at_zero[1])
    scale = loss.score_scale
    for score in (-7.3 / scale, -1.1 / scale, 0.4 / scale, 5.9 / scale):
        s, slopes = exact(name, score, params)
        if abs(s) > LARGEST:
            continue
        raw = np.full(2, float(s))
        gradient, curvature = differentiate(objective, np.array([0, 1]), raw)
        wanted = np.array([float(slope) for slope in slopes]) / unit
        np.testing.assert_allclose(gradient, wanted, rtol=1e-9)
        expected = (wanted[0] - wanted[1]) * expit(raw) * expit(-raw)
        np.testing.assert_allclose(curvature, np.maximum(expected, 1e-16), rtol=1e-9)


@pytest.mark.parametrize("loss", [FocalLoss(0.5), FocalLoss(5.0), AsymmetricLoss(0, 4, shift=0)])
@pytest.mark.parametrize("log_odds", [-300.0, -49.9, -30.0, 30.0, 49.9, 80.0, 300.0])
def test_the_weight_far_out_and_in_the_tails(loss, log_odds):
    name, params = loss.name, tuple(loss.get_params().items())
    score = float(log_odds_table(loss).score(np.array([log_odds]))[0])
    s, slopes = exact(name, score, params)
    _, at_zero = exact(name, oracles.binary_minimiser(name, 0.5, **loss.get_params()), params)
    unit = at_zero[0] - at_zero[1]
    assert float(s) == pytest.approx(log_odds, rel=1e-12)
    wanted = float((slopes[0] - slopes[1]) / unit)
    assert log_odds_table(loss).weight(np.array([float(s)]))[0] == pytest.approx(wanted, rel=1e-9)


def test_the_weight_of_focal_loss_keeps_its_published_bounds():
    s = np.linspace(-40, 40, 8001)
    for gamma, largest in ((0, 1), (0.5, 1.02), (1, 1.17), (2, 1.81), (3, 3.0), (5, 9.2)):
        weight = log_odds_table(FocalLoss(float(gamma))).weight(s)
        assert weight.max() == pytest.approx(largest, rel=0.01)
        assert weight.min() > 0.949
        assert weight[4000] == pytest.approx(1, abs=1e-10)


def test_cross_entropy_is_log_loss_and_tiny_gamma_is_close():
    raw = np.linspace(-20, 20, 401)
    for target in (0.0, 1.0):
        labels = np.full(401, target)
        exact_gradient, p = expit(raw) - target, expit(raw)
        gradient, curvature = differentiate(make_objective(FocalLoss(0.0), BINARY), labels, raw)
        np.testing.assert_allclose(gradient, exact_gradient, atol=1e-15)
        np.testing.assert_allclose(curvature, np.maximum(p * (1 - p), 1e-16), rtol=1e-7)
        gradient, curvature = differentiate(make_objective(FocalLoss(1e-6), BINARY), labels, raw)
        np.testing.assert_allclose(gradient, exact_gradient, atol=1e-4)
        np.testing.assert_allclose(curvature, p * (1 - p), atol=1e-4)


@pytest.mark.parametrize(("name", "loss"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_derivatives_are_finite_and_the_curvature_positive(name, loss, dtype):
    raw = np.array([-1000, -100, -18, -1, 0, 1, 18, 100, 1000], dtype=dtype)
    objective = make_objective(loss.bind(COUNTS), BINARY)
    for label in (0.0, 1.0):
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            gradient, curvature = differentiate(objective, np.full(9, label), raw, dtype=dtype)
        assert np.all(np.isfinite(gradient))
        assert np.all(np.isfinite(curvature) & (curvature > 0))
        # The sign is that of what is wrong; nothing pulls a row the wrong way.
        assert np.all(gradient <= 0 if label else gradient >= 0)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_float32_margins_keep_their_gradient(gamma):
    raw = np.array([-100, -18, -1, 0, 1, 18, 100], dtype=np.float32)
    objective = make_objective(FocalLoss(gamma), BINARY)
    for label in (0.0, 1.0):
        single, _ = differentiate(objective, np.full(7, label), raw, dtype=np.float32)
        double, _ = differentiate(objective, np.full(7, label), raw.astype(np.float64))
        np.testing.assert_allclose(single, double, rtol=1e-6, atol=1e-37)


@pytest.mark.parametrize(("name", "loss"), REST)
def test_losses_without_inverse_follow_their_gradient_in_the_score(name, loss):
    raw = np.linspace(-4, 4, 50) + 0.0137
    target = np.arange(50) % 2
    bound = loss.bind(COUNTS)
    objective = make_objective(bound, BINARY)
    assert isinstance(objective, ScoreObjective)
    weight = bound.batch_weight(np.where(target, raw, -raw))
    step = 1e-5
    slope = (objective.value(target, raw + step) - objective.value(target, raw - step)) / (2 * step)
    gradient, _ = differentiate(objective, target, raw)
    np.testing.assert_allclose(
        gradient, slope if weight is None else weight * slope, rtol=1e-6, atol=1e-9
    )
    np.testing.assert_array_equal(log_odds_of(objective, raw, "raw"), raw)


def test_gradient_harmonising_looks_at_all_rows_at_once():
    # More rows than a block, sorted: histograms of blocks would see another density.
    raw = np.sort(np.random.default_rng(0).normal(size=2 * BLOCK + 7))
    target = (np.arange(len(raw)) % 10 == 0).astype(float)
    weight = 1.0 + np.arange(len(raw)) % 3
    loss = GHMLoss(bins=10)
    margin = np.where(target > 0, raw, -raw)
    counted = loss.batch_weight(margin, weight) * weight
    gradient, _ = differentiate(make_objective(loss, BINARY), target, raw, weight)
    np.testing.assert_allclose(gradient, counted * (expit(raw) - target), rtol=1e-9)


def test_weights_scale_gradient_and_curvature_once():
    rng = np.random.default_rng(0)
    raw, target = rng.normal(size=BLOCK + 5), rng.integers(0, 2, BLOCK + 5)
    weight = rng.integers(0, 4, BLOCK + 5).astype(float)
    for loss in (FocalLoss(2.0), HardTruncatedLoss(0.6)):
        objective = make_objective(loss, BINARY)
        for plain, weighted in zip(
            differentiate(objective, target, raw),
            differentiate(objective, target, raw, weight),
            strict=True,
        ):
            np.testing.assert_allclose(weighted, weight * plain, rtol=1e-12)
            assert not weighted[weight == 0].any()


@pytest.mark.parametrize(
    ("gamma", "alpha", "probability"),
    [
        (0.5, 0.5, 0.0359304),
        (1, 0.5, 0.0730365),
        (2, 0.5, 0.1536244),
        (5, 0.5, 0.3046517),
        (2, 0.25, 0.1083798),
        (2, 0.75, 0.2138457),
    ],
)
def test_the_start_is_the_best_constant(gamma, alpha, probability):
    loss = FocalLoss(float(gamma))
    mass = np.array([99 * (1 - alpha), alpha])
    objective = make_objective(loss, BINARY)
    start = objective.start(mass)
    # In log-odds it is that of the weighted frequency, in the score of the loss the known constant.
    assert start == pytest.approx(np.log(mass[1] / mass[0]))
    raw_score = log_odds_of(objective, np.atleast_1d(start), "raw")
    np.testing.assert_allclose(expit(raw_score), probability, atol=1e-7)
    target = np.arange(100) == 0
    gradient, _ = differentiate(
        objective, target, np.full(100, start), np.where(target, alpha, 1 - alpha)
    )
    assert abs(gradient.sum()) < 1e-9 * 100


def test_the_start_of_losses_without_inverse_is_the_log_odds():
    start = make_objective(HardTruncatedLoss(), BINARY).start(np.array([90.0, 9.0]))
    assert start == pytest.approx(np.log(0.1))


@pytest.mark.parametrize(
    "loss",
    [FocalLoss(2.0), LDAMLoss(0.3, scale=2.0), LogitAdjustedLoss(1.0), PolyLoss(1.0, gamma=2.0)],
)
@pytest.mark.parametrize("kind", ["raw", "weighted", "posterior"])
def test_kinds_of_probability_are_those_of_the_posterior(loss, kind):
    """Score to log-odds by the posterior, and on to each kind by the objective."""
    loss = loss.bind(COUNTS)
    scores = np.linspace(-6, 6, 25)
    class_weight = np.array([0.5, 5.0])
    truth = log_odds(loss, scores, "binary", kind="posterior")
    wanted = log_odds(loss, scores, "binary", kind=kind, class_weight=class_weight)
    got = log_odds_of(make_objective(loss, BINARY), truth, kind, class_weight)
    np.testing.assert_allclose(got, wanted, atol=1e-9)


def test_values_are_those_of_the_loss_at_its_own_score():
    scores = np.linspace(-6, 6, 25)
    for loss, label in itertools.product((FocalLoss(2.0), LDAMLoss().bind(COUNTS)), (0, 1)):
        raw = log_odds(loss, scores, "binary", kind="posterior")
        value = make_objective(loss, BINARY).value(np.full(25, label), raw)
        wanted = loss.value(scores if label else -scores, label)
        np.testing.assert_allclose(value, wanted, rtol=1e-10)
        assert np.all(value >= 0)


@pytest.mark.parametrize("loss", [FocalLoss(2.0), CrossEntropyLoss(), HardTruncatedLoss()])
def test_memory_stays_within_a_few_blocks(loss):
    n_rows = 40 * BLOCK
    rng = np.random.default_rng(0)
    raw, target = rng.normal(size=n_rows), rng.integers(0, 2, n_rows).astype(float)
    gradient, curvature = np.empty(n_rows, np.float32), np.empty(n_rows, np.float32)
    objective = make_objective(loss, BINARY)
    tracemalloc.start()
    objective.differentiate(target, raw, None, gradient, curvature)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 8 * BLOCK


def test_a_table_is_made_once_and_survives_pickle():
    assert log_odds_table(FocalLoss(1.5)) is log_odds_table(FocalLoss(1.5))
    objective = pickle.loads(pickle.dumps(make_objective(FocalLoss(1.5), BINARY)))
    assert isinstance(objective, LogOddsObjective)
    s = np.linspace(-3, 3, 7)
    np.testing.assert_array_equal(
        log_odds_of(objective, s, "raw"), LogOddsTable(FocalLoss(1.5)).score(s)
    )
