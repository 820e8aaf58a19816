"""Scores to honest probabilities and back, at the numbers that were worked out by hand."""

import numpy as np
import pytest
from scipy.special import expit, log_softmax, logit, softmax

from skfocal.losses import (
    CrossEntropyLoss,
    FocalLoss,
    GeneralizedCrossEntropyLoss,
    MarginLoss,
    PolyLoss,
    Traits,
)
from skfocal.losses._math import logistic_terms
from skfocal.margins import binary_gradient, multiclass_gradient, multiclass_margin
from skfocal.posterior import (
    best_constant_score,
    log_odds,
    probabilities_from_log_odds,
    scores_from_probabilities,
)
from tests import oracles

TASKS = ["binary", "multilabel", "multiclass"]


class ShiftedLoss(CrossEntropyLoss):
    """Cross-entropy of ``2 z + offset``, as losses with a memory of the class counts have it."""

    score_scale = 2.0

    def __init__(self, offset=(-0.1, -2.0)):
        self.offset = offset
        self.class_offset = np.asarray(offset)


class BrierLoss(MarginLoss):
    """``(1 - p)^2`` of the true class: proper for two classes, and for no more."""

    traits = Traits(convex=False, proper=True, invertible=True)

    def evaluate(self, margin, order=2, target=None):
        p, q, _, _ = logistic_terms(margin)
        return (q * q, -2 * p * q * q, 2 * p * q * q * (2 * p - q))[: order + 1]

    def log_relative_slope(self, margin, target=None):
        terms = logistic_terms(margin)
        return np.log(2) + terms.log_p + terms.log_q


class FlatLoss(MarginLoss):
    """Cross-entropy that claims to be beyond inversion."""

    @property
    def traits(self):
        return Traits(convex=True, proper=False, invertible=False)

    def evaluate(self, margin, order=2, target=None):
        terms = logistic_terms(margin)
        return (-terms.log_p, -terms.q, terms.p * terms.q)[: order + 1]


def binary_probability(loss, raw, **settings):
    scores = np.atleast_1d(logit(raw))
    return probabilities_from_log_odds(log_odds(loss, scores, "binary", **settings), "binary")[0, 1]


# --- binary ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gamma", "raw", "true"),
    [
        (2.0, 0.072746473, 0.001),
        (2.0, 0.15362437, 0.01),
        (2.0, 0.30578719, 0.1),
        (2.0, 0.42152001, 0.3),
        (1.0, 0.073036478, 0.01),
        (5.0, 0.30465166, 0.01),
    ],
)
def test_raw_focal_scores_are_not_probabilities(gamma, raw, true):
    loss = FocalLoss(gamma)
    for kind in ("weighted", "posterior"):
        assert binary_probability(loss, raw, kind=kind) == pytest.approx(true, rel=1e-6)
    assert binary_probability(loss, raw, kind="raw") == pytest.approx(raw, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_it_inverts_the_minimiser_of_the_expected_loss(gamma):
    eta = np.concatenate([np.logspace(-8, -0.4, 25), 1 - np.logspace(-4, -0.31, 25)])
    scores = np.array([oracles.binary_minimiser("focal", e, gamma=gamma) for e in eta])
    got = probabilities_from_log_odds(log_odds(FocalLoss(gamma), scores, "binary"), "binary")
    np.testing.assert_allclose(got[:, 1], eta, rtol=1e-8)
    np.testing.assert_allclose(got[:, 0], 1 - eta, rtol=1e-8)
    back = scores_from_probabilities(FocalLoss(gamma), eta, "binary")
    np.testing.assert_allclose(back, scores, rtol=1e-8)


def test_class_weights_are_costs_or_undone():
    focal, alpha = FocalLoss(2.0), [0.75, 0.25]
    posterior = binary_probability(focal, 0.10837982, kind="posterior", class_weight=alpha)
    assert posterior == pytest.approx(0.01, abs=1e-6)
    weighted = binary_probability(focal, 0.10837982, kind="weighted", class_weight=alpha)
    assert weighted == pytest.approx(0.0033557, abs=1e-6)
    plain, weight = CrossEntropyLoss(), [1, 9]
    assert binary_probability(plain, 0.5, kind="weighted", class_weight=weight) == 0.5
    posterior = binary_probability(plain, 0.5, kind="posterior", class_weight=weight)
    assert posterior == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize("kind", ["raw", "weighted", "posterior"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_is_left_alone_bit_for_bit(kind, dtype):
    scores = np.concatenate([[-1e4, 1e4], np.linspace(-40, 40, 401)]).astype(dtype)
    for task in ("binary", "multilabel"):
        got = log_odds(CrossEntropyLoss(), scores, task, kind=kind)
        np.testing.assert_array_equal(got, scores)
        assert got.dtype == dtype
    rows = scores[:402].reshape(134, 3)
    got = log_odds(CrossEntropyLoss(), rows, "multiclass", kind=kind)
    np.testing.assert_allclose(got, log_softmax(rows, axis=1), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.0, 2.0, 10.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_scores(gamma, dtype):
    scores = np.array([-1e4, -1e3, 1e3, 1e4], dtype=dtype)
    got = log_odds(FocalLoss(gamma), scores, "binary")
    assert got.dtype == dtype
    assert np.all(np.isfinite(got))
    np.testing.assert_array_equal(np.sign(got), np.sign(scores))
    p = probabilities_from_log_odds(got, "binary")
    np.testing.assert_array_equal(p, [[1, 0], [1, 0], [0, 1], [0, 1]])
    rows = np.array([[1e4, 0, -1e4], [-1e3, 0, 0], [0, 1e3, 0]], dtype=dtype)
    got = log_odds(FocalLoss(gamma), rows, "multiclass")
    assert np.all(np.isfinite(got))
    p = probabilities_from_log_odds(got, "multiclass")
    np.testing.assert_allclose(p, [[1, 0, 0], [0, 0.5, 0.5], [0, 1, 0]], atol=1e-6)


def test_small_probabilities_keep_their_digits_on_both_sides():
    p = probabilities_from_log_odds(np.array([-50.0, 50.0]), "binary")
    np.testing.assert_allclose(p[0, 1], np.exp(-50.0), rtol=1e-12)
    np.testing.assert_allclose(p[1, 0], np.exp(-50.0), rtol=1e-12)


# --- several labels, several classes --------------------------------------------------------------


def test_multilabel_is_binary_per_label():
    scores = np.random.default_rng(0).normal(size=(7, 3))
    gammas, weight = (0.0, 1.0, 3.0), np.array([[0.5, 1, 2], [1, 4, 1.0]])
    together = log_odds(
        FocalLoss(gammas), scores, "multilabel", kind="posterior", class_weight=weight
    )
    p = probabilities_from_log_odds(together, "multilabel")
    assert p.shape == (7, 3)
    for label, gamma in enumerate(gammas):
        alone = log_odds(
            FocalLoss(gamma),
            scores[:, label],
            "binary",
            kind="posterior",
            class_weight=weight[:, label],
        )
        np.testing.assert_allclose(together[:, label], alone, rtol=1e-13)
        alone = probabilities_from_log_odds(alone, "binary")
        np.testing.assert_allclose(p[:, label], alone[:, 1], rtol=1e-13)


def test_three_classes_with_weights():
    raw, weight = np.array([0.54295665, 0.25366568, 0.20337768]), [0.2, 0.5, 1.5]
    got = log_odds(FocalLoss(2.0), np.log(raw), "multiclass", kind="posterior", class_weight=weight)
    np.testing.assert_allclose(np.exp(got), [0.9, 0.08, 0.02], atol=1e-6)
    wrong = oracles.wrong_posterior_class_by_class(raw, 2.0, weight)
    assert abs(wrong.sum() - 1) > 1e-3
    assert np.abs(wrong / wrong.sum() - [0.9, 0.08, 0.02]).max() > 0.01


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_rows_sum_to_one_and_keep_their_argmax(gamma, n_classes):
    scores = np.random.default_rng(0).normal(scale=3, size=(10_000, n_classes))
    got = log_odds(FocalLoss(gamma), scores, "multiclass")
    p = probabilities_from_log_odds(got, "multiclass")
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.exp(got).sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(got.argmax(axis=1), scores.argmax(axis=1))


def test_two_classes_are_the_binary_posterior():
    x = np.linspace(-30, 30, 61)
    weight = [0.5, 3.0]
    for kind in ("raw", "weighted", "posterior"):
        settings = {"kind": kind, "class_weight": weight}
        binary = log_odds(FocalLoss(2.0), x, "binary", **settings)
        pair = np.stack([np.zeros_like(x), x], axis=1)
        multi = log_odds(FocalLoss(2.0), pair, "multiclass", **settings)
        np.testing.assert_allclose(multi[:, 1] - multi[:, 0], binary, rtol=1e-10, atol=1e-10)


# --- scale and offset of the loss -----------------------------------------------------------------


def test_an_offset_is_a_cost_unless_the_posterior_is_asked_for():
    loss, score = ShiftedLoss(), np.array([0.4])
    assert log_odds(loss, score, "binary", kind="raw") == pytest.approx(0.8)
    assert log_odds(loss, score, "binary", kind="weighted") == pytest.approx(0.8)
    assert log_odds(loss, score, "binary", kind="posterior") == pytest.approx(0.8 - 1.9)
    row = np.array([[0.0, 0.4]])
    for kind, shift in (("raw", 0.0), ("weighted", 0.0), ("posterior", -1.9)):
        got = log_odds(loss, row, "multiclass", kind=kind)
        assert got[0, 1] - got[0, 0] == pytest.approx(0.8 + shift)


@pytest.mark.parametrize("task", TASKS)
def test_scores_from_probabilities_undo_scale_and_offset(task):
    eta = {"binary": [0.1, 0.6], "multilabel": [[0.1, 0.6]], "multiclass": [[0.1, 0.9]]}[task]
    loss = ShiftedLoss(((-0.1, 0.0), (-2.0, 1.0))) if task == "multilabel" else ShiftedLoss()
    got = log_odds(loss, scores_from_probabilities(loss, eta, task), task, kind="posterior")
    p = probabilities_from_log_odds(got, task)
    np.testing.assert_allclose(p[:, 1] if task == "binary" else p, eta, rtol=1e-12)


# --- the inverse ----------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [0.0, 0.1, 0.5, 2.0, 10.0])
def test_scores_from_probabilities_are_stationary_for_many_classes(gamma):
    eta = np.array([[0.2, 0.3, 0.5], [1e-9, 1e-3, 1], [1e-3, 1e-6, 1e-2], [1, 1, 1]])
    eta = eta / eta.sum(axis=1, keepdims=True)
    scores = scores_from_probabilities(FocalLoss(gamma), eta, "multiclass")
    np.testing.assert_allclose(softmax(scores, axis=1), np.exp(scores), rtol=1e-12)
    total = np.zeros_like(eta)
    for k in range(3):
        margin = multiclass_margin(scores, np.full(len(eta), k))
        slope = eta[:, k] * FocalLoss(gamma).derivative(margin.margin)
        total += multiclass_gradient(slope, margin)
    np.testing.assert_allclose(total, 0, atol=1e-14)
    back = log_odds(FocalLoss(gamma), scores, "multiclass")
    np.testing.assert_allclose(np.exp(back), eta, rtol=1e-9)
    single = scores_from_probabilities(FocalLoss(gamma), eta[0], "multiclass")
    np.testing.assert_allclose(single, scores[0], rtol=1e-12)


def test_probabilities_near_the_ends_have_scores():
    eta = np.array([1e-300, 1e-30, 1 - 1e-12])
    for gamma in (0.0, 0.5, 10.0):
        scores = scores_from_probabilities(FocalLoss(gamma), eta, "binary")
        got = log_odds(FocalLoss(gamma), scores, "binary")
        np.testing.assert_allclose(got, logit(eta), rtol=1e-9)


def test_a_loss_that_is_proper_for_two_classes_alone():
    scores = scores_from_probabilities(BrierLoss(), [0.2], "binary")
    np.testing.assert_allclose(scores, logit([0.2]), rtol=1e-14)
    eta = np.array([0.4, 0.35, 0.25])
    scores = scores_from_probabilities(BrierLoss(), eta, "multiclass")
    assert np.abs(softmax(scores) - eta).max() > 0.01
    back = log_odds(BrierLoss(), scores, "multiclass")
    np.testing.assert_allclose(np.exp(back), eta, rtol=1e-12)
    # Here the least expected loss lies where the third score is minus infinity.
    with pytest.raises(ValueError, match=r"BrierLoss\(\): no finite scores were found"):
        scores_from_probabilities(BrierLoss(), [0.7, 0.2, 0.1], "multiclass")


@pytest.mark.parametrize("eta", [[0.0], [1.0], [-0.1], [np.nan], [1.5]])
@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_probabilities_must_be_inside_the_open_unit_interval(task, eta):
    with pytest.raises(ValueError, match=r"probabilities must be inside \(0, 1\), got"):
        scores_from_probabilities(FocalLoss(), eta, task)


@pytest.mark.parametrize(
    ("gamma", "alpha", "p"),
    [
        (0.5, None, 0.0359304),
        (1.0, None, 0.0730365),
        (2.0, None, 0.1536244),
        (5.0, None, 0.3046517),
        (2.0, 0.25, 0.1083798),
        (2.0, 0.75, 0.2138457),
    ],
)
def test_the_best_constant_is_not_the_prior(gamma, alpha, p):
    loss, n = FocalLoss(gamma), 100_000
    weight = None if alpha is None else np.array([1 - alpha, alpha])
    score = best_constant_score(loss, [0.99, 0.01], weight)
    assert np.shape(score) == ()
    assert expit(score) == pytest.approx(p, abs=1e-6)
    counts = best_constant_score(loss, [0.99 * n, 0.01 * n], weight)
    assert counts == pytest.approx(float(score), rel=1e-12)
    w0, w1 = (1, 1) if weight is None else weight
    positive = binary_gradient(loss.derivative(score), np.array(1))
    negative = binary_gradient(loss.derivative(-score), np.array(0))
    assert abs(n * (0.01 * w1 * positive + 0.99 * w0 * negative)) < 1e-9 * n


def test_scores_from_probabilities_with_one_gamma_per_label():
    gammas, eta = [0.0, 1.0, 3.0], np.array([[0.1, 0.2, 0.3], [0.01, 0.5, 0.9]])
    together = scores_from_probabilities(FocalLoss(gammas), eta, "multilabel")
    for label, gamma in enumerate(gammas):
        alone = scores_from_probabilities(FocalLoss(gamma), eta[:, label], "binary")
        np.testing.assert_allclose(together[:, label], alone, rtol=1e-12, atol=1e-15)
    constant = best_constant_score(FocalLoss(gammas), 1 - eta, task="multilabel")
    assert constant.shape == (3,)


@pytest.mark.parametrize(
    "loss", [FocalLoss(50.0), GeneralizedCrossEntropyLoss(0.999), PolyLoss(-0.99)]
)
def test_scores_from_very_unequal_probabilities(loss):
    eta = np.array([[1 - 2e-12, 1e-12, 1e-12], [1e-200, 1e-100, 1 - 1e-16]])
    scores = scores_from_probabilities(loss, eta, "multiclass")
    back = log_odds(loss, scores, "multiclass")
    np.testing.assert_allclose(back, np.log(eta), rtol=1e-9, atol=1e-15)


def test_best_constant_per_label_and_per_class():
    loss = FocalLoss(2.0)
    labels = best_constant_score(loss, [[99, 50], [1, 50]], [[1, 1], [1, 3]], task="multilabel")
    expected = [best_constant_score(loss, [99, 1]), best_constant_score(loss, [1, 3])]
    np.testing.assert_allclose(labels, expected, rtol=1e-12)
    classes = best_constant_score(loss, [90, 8, 2], [0.2, 0.5, 1.5], task="multiclass")
    np.testing.assert_allclose(softmax(classes), [0.54295665, 0.25366568, 0.20337768], atol=1e-8)
    assert classes.mean() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("frequencies", [[1, 0], [1, -1], [1, np.nan], [1, np.inf]])
def test_best_constant_needs_positive_frequencies(frequencies):
    with pytest.raises(ValueError, match="Every class needs a positive"):
        best_constant_score(FocalLoss(), frequencies)


# --- refusals -------------------------------------------------------------------------------------


def test_unknown_kind_and_task():
    with pytest.raises(ValueError, match=r"kind must be one of \['raw', 'weighted', 'posterior'\]"):
        log_odds(FocalLoss(), [0.0], "binary", kind="honest")
    for function in (
        lambda: log_odds(FocalLoss(), [0.0], "softmax"),
        lambda: log_odds(FocalLoss(), [0.0], "softmax", kind="raw"),
        lambda: probabilities_from_log_odds(np.zeros(1), "softmax"),
        lambda: scores_from_probabilities(FocalLoss(), [0.5], "softmax"),
        lambda: best_constant_score(FocalLoss(), [1, 1], task="softmax"),
    ):
        with pytest.raises(ValueError, match=r"task must be one of .*got 'softmax'"):
            function()


def test_a_loss_that_cannot_be_inverted():
    assert log_odds(FlatLoss(), [0.7], "binary", kind="raw") == pytest.approx(0.7)
    for kind in ("weighted", "posterior"):
        with pytest.raises(ValueError, match=r"FlatLoss\(\) cannot be inverted"):
            log_odds(FlatLoss(), [0.7], "binary", kind=kind)
    with pytest.raises(ValueError, match=r"FlatLoss\(\) cannot be inverted"):
        scores_from_probabilities(FlatLoss(), [0.5], "binary")


def test_weights_of_zero_cannot_be_undone():
    with pytest.raises(ValueError, match="Class weights of 0 cannot be undone"):
        log_odds(FocalLoss(), [0.0], "binary", kind="posterior", class_weight=[0, 1])
    log_odds(FocalLoss(), [0.0], "binary", kind="weighted", class_weight=[0, 1])
