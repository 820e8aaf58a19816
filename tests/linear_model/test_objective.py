"""The linear objective: its value and derivatives against plain formulas and differences."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import log_softmax

from skfocal.linear_model import _objective, _rows
from skfocal.linear_model._objective import LinearObjective
from skfocal.losses import CrossEntropyLoss, FocalLoss
from skfocal.tasks import get_task
from skfocal.utils._threads import block_threads

LOSSES = [CrossEntropyLoss(), FocalLoss(gamma=2.0)]


@pytest.fixture(autouse=True, params=["compact", "blocks"])
def form(request, monkeypatch):
    """Have small dense tables of one score in one piece, or in blocks as all others."""
    if request.param == "blocks":
        monkeypatch.setattr(_objective, "COMPACT_SIZE", 0)
    return request.param


def make(n_classes=2, loss=LOSSES[0], X_type=np.asarray, l2=0.1, intercept=True, n=60, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 4)) * (rng.random((n, 4)) < 0.7)
    target = rng.integers(0, n_classes, n)
    objective = LinearObjective(
        X_type(X),
        target,
        rng.random(n) + 0.5,
        np.linspace(1.0, 2.0, n_classes),
        loss,
        task=get_task("binary" if n_classes == 2 else "multiclass"),
        C=1 / (l2 * n) if l2 else np.inf,
        fit_intercept=intercept,
    )
    objective.C_for_test = 1 / (l2 * n) if l2 else np.inf
    return objective, rng.standard_normal(objective.shape[0] * objective.shape[1])


def plain_value(objective, coef):
    """Return the objective as its docstring prints it, row by row."""
    table = coef.reshape(objective.shape)
    X = objective.X.X
    X = X.toarray() if sparse.issparse(X) else X
    weights = table[:, : X.shape[1]]
    scores = X @ weights.T + (table[:, -1] if objective.fit_intercept else 0.0)
    if objective.n_scores == 1:
        scores = np.column_stack([np.zeros(len(X)), scores[:, 0]])
    log_p = log_softmax(scores, axis=1)[np.arange(len(X)), objective.target]
    gamma = getattr(objective.loss, "gamma", 0.0)
    losses = (1 - np.exp(log_p)) ** gamma * -log_p
    weight = objective.sample_weight * objective.class_weight[objective.target]
    total = (weight * losses).sum() / weight.sum()
    l2 = 1 / (objective.C_for_test * weight.sum())
    return total + 0.5 * l2 * (weights**2).sum()


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("X_type", [np.asarray, sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("intercept", [True, False])
def test_value_and_gradient(loss, n_classes, X_type, intercept):
    objective, coef = make(n_classes, loss, X_type, intercept=intercept)
    at = objective.evaluate(coef, 2)
    assert at.value == pytest.approx(plain_value(objective, coef), rel=1e-12)
    step = 1e-6 * np.eye(coef.size)
    slopes = [
        (plain_value(objective, coef + e) - plain_value(objective, coef - e)) / 2e-6 for e in step
    ]
    np.testing.assert_allclose(at.gradient, slopes, atol=1e-8)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("X_type", [np.asarray, sparse.csr_array])
def test_hessian_of_a_convex_loss(n_classes, X_type):
    objective, coef = make(n_classes, X_type=X_type)
    hessian = objective.evaluate(coef, 2).hessian
    step = 1e-5 * np.eye(coef.size)
    differences = [
        (objective.evaluate(coef + e, 1).gradient - objective.evaluate(coef - e, 1).gradient) / 2e-5
        for e in step
    ]
    shape = objective.shape
    # The null space of softmax scores is filled on purpose: compare on coefficients that sum to
    # 0 over the classes.
    centre = np.eye(shape[0]) - (1 / shape[0] if shape[0] > 1 else 0)
    project = np.kron(centre, np.eye(shape[1]))
    np.testing.assert_allclose(
        project @ hessian @ project, project @ np.array(differences) @ project, atol=1e-7
    )
    assert np.linalg.eigvalsh(hessian).min() > 0


@pytest.mark.parametrize("n_classes", [2, 3])
def test_hessian_of_a_focal_loss_is_positive(n_classes):
    objective, coef = make(n_classes, FocalLoss(gamma=5.0), l2=0.0)
    # Scores so wrong that the true curvature of most rows is negative.
    hessian = objective.evaluate(10 * coef, 2).hessian
    assert np.linalg.eigvalsh(hessian).min() > 0


def test_score_scale_and_offset_reach_gradient_and_curvature():
    class Shifted(CrossEntropyLoss):
        score_scale = 3.0
        class_offset = np.array([0.3, -0.4, 1.0])

    objective, coef = make(3, Shifted(), l2=0.0)
    at = objective.evaluate(coef, 2)
    step = 1e-6 * np.eye(coef.size)
    slopes = [
        (objective.evaluate(coef + e, 0).value - objective.evaluate(coef - e, 0).value) / 2e-6
        for e in step
    ]
    np.testing.assert_allclose(at.gradient, slopes, atol=1e-8)
    plain, _ = make(3, CrossEntropyLoss(), l2=0.0)
    assert at.value != pytest.approx(plain.evaluate(coef, 0).value, rel=1e-3)


@pytest.mark.parametrize("X_type", [np.asarray, sparse.csr_array])
def test_blocks_and_threads_change_nothing(monkeypatch, X_type):
    objective, coef = make(3, FocalLoss(), X_type, n=20_000)
    whole = objective.evaluate(coef, 2)
    monkeypatch.setattr(_rows, "BLOCK_ROWS", 300)
    monkeypatch.setattr(_rows, "SPARSE_ROWS", 300)
    serial = objective.evaluate(coef, 2)
    with block_threads() as block_map:
        threaded = objective.evaluate(coef, 2, block_map)
    assert serial.value == pytest.approx(whole.value, rel=1e-13)
    np.testing.assert_allclose(serial.hessian, whole.hessian, rtol=1e-10)
    # Bit for bit: the cut does not depend on the number of threads.
    assert threaded.value == serial.value
    np.testing.assert_array_equal(threaded.gradient, serial.gradient)


def test_float32_blocks_are_summed_in_float64():
    objective, coef = make(2, n=3000)
    single, _ = make(2, X_type=lambda X: X.astype(np.float32), n=3000)
    at, at_single = objective.evaluate(coef, 2), single.evaluate(coef, 2)
    assert at_single.gradient.dtype == at_single.hessian.dtype == np.float64
    np.testing.assert_allclose(at_single.gradient, at.gradient, atol=single.rounding_level(coef))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_one_piece_says_what_blocks_say(loss, dtype, intercept, form, monkeypatch):
    if form == "blocks":
        pytest.skip("compares both")

    def as_type(X):
        return X.astype(dtype)

    compact, coef = make(loss=loss, X_type=as_type, intercept=intercept)
    assert compact._compact is not None
    monkeypatch.setattr(_objective, "COMPACT_SIZE", 0)
    blocks, _ = make(loss=loss, X_type=as_type, intercept=intercept)
    assert blocks._compact is None
    for order in (0, 1, 2):
        one, other = compact.evaluate(coef, order), blocks.evaluate(coef, order)
        for name in ("value", "gradient", "slope_size", "hessian"):
            values = getattr(one, name), getattr(other, name)
            if values[1] is None:
                assert values[0] is None
            else:
                tolerance = 1e-5 if dtype == np.float32 else 1e-12
                np.testing.assert_allclose(*values, rtol=tolerance, atol=1e-2 * tolerance)
