"""The sampled solver: its sample, its table of slopes, and the way back when a sample misleads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse

from skfocal import FocalLogisticRegression
from skfocal.linear_model import _objective
from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model._sample import draw_rows
from skfocal.linear_model._slope_table import LIMIT, SlopeTable
from skfocal.linear_model.solvers import SOLVERS, _sampled, choose_solver, newton, sampled
from skfocal.losses import FocalLoss, get_loss, list_losses
from skfocal.tasks import get_task

BINARY = get_task("binary")


def make(n=20_000, rate=0.05, gamma=2.0, n_classes=2, one_hot=False, weighted=False, X_type=None):
    """Return the objective of a table that is large enough for a sample."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 5))
    if one_hot:  # columns with a hundred rows of their own
        X = np.column_stack([X, rng.random((n, 4)) < 100 / n])
    target = (X[:, 0] + rng.logistic(size=n) > np.log(1 / rate)).astype(np.uint8)
    if n_classes > 2:
        target += (rng.random(n) < 0.3).astype(np.uint8)
    return LinearObjective(
        X if X_type is None else X_type(X),
        target,
        rng.random(n) * (rng.random(n) < 0.9) if weighted else None,
        np.linspace(1.0, 3.0, n_classes),
        FocalLoss(gamma),
        task=get_task("binary" if n_classes == 2 else "multiclass"),
        C=1.0,
    )


@pytest.fixture
def passes(monkeypatch):
    """Count what the solver asks of objectives with all rows."""
    asked = []
    for name in ("slopes", "evaluate"):
        method = getattr(LinearObjective, name)

        def counted(self, *arguments, _name=name, _method=method):
            if self.n_rows >= 20_000:
                asked.append(_name)
            return _method(self, *arguments)

        monkeypatch.setattr(LinearObjective, name, counted)
    return asked


@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize(
    "kind",
    [{}, {"weighted": True}, {"n_classes": 3}, {"rate": 0.002}, {"X_type": sparse.csr_array}],
    ids=str,
)
def test_the_minimum_is_that_of_newton(gamma, kind):
    objective = make(gamma=gamma, **kind)
    start = np.zeros(objective.n_coefficients)
    found = sampled(objective, start, tol=1e-9, max_iter=100)
    exact = newton(objective, start, tol=1e-9, max_iter=100)
    assert found.converged
    assert found.gradient_norm <= 1e-9
    assert objective.evaluate(found.coef, 1).gradient_norm <= 1e-8
    np.testing.assert_allclose(found.coef, exact.coef, atol=1e-6)


def test_few_passes_over_all_rows_suffice(monkeypatch, passes):
    monkeypatch.setattr(_objective, "TABULATED_ROWS", 0)
    objective = make(n=100_000)
    found = sampled(objective, np.zeros(6), tol=1e-6, max_iter=100)
    assert found.converged
    assert len(passes) <= 7
    assert set(passes) == {"slopes"}


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_a_sample_that_misleads_is_given_up(gamma, monkeypatch):
    objective = make(gamma=gamma)
    misleading = make(gamma=gamma).take(np.arange(200))
    misleading.X.X[:] = misleading.X.X[:, ::-1] * 5 + 3
    draws = iter([misleading, None])
    monkeypatch.setattr(_sampled, "draw_sample", lambda *_: next(draws))
    found = sampled(objective, np.zeros(6), tol=1e-8, max_iter=100)
    exact = newton(objective, np.zeros(6), tol=1e-8, max_iter=100)
    assert found.converged
    np.testing.assert_allclose(found.coef, exact.coef, atol=1e-6)


@pytest.mark.parametrize("n_columns, way_back", [(5, "newton"), (150, "lbfgs")])
def test_the_way_back_depends_on_the_number_of_coefficients(n_columns, way_back, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20_000, n_columns)), np.arange(20_000) % 2
    monkeypatch.setattr(_sampled, "CONTRACTION", 0.0)
    called = []
    for name in ("newton", "lbfgs"):
        solver = SOLVERS[name]

        def noted(objective, *arguments, _name=name, _solver=solver, **settings):
            called.append((_name, objective.n_rows))
            return _solver(objective, *arguments, **settings)

        monkeypatch.setattr(_sampled, name, noted)
    model = FocalLogisticRegression(solver="sampled", tol=1e-8).fit(X, y)
    assert called[-1] == (way_back, 20_000)
    exact = FocalLogisticRegression(solver="lbfgs", tol=1e-8).fit(X, y)
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=1e-6)


@pytest.mark.parametrize(
    "n_rows, n_columns, n_classes, name",
    [
        (2000, 20, 2, "newton"),
        (2000, 200, 2, "lbfgs"),
        (10_000, 30, 2, "sampled"),
        (10_000, 80, 2, "newton"),
        (10_000, 200, 2, "lbfgs"),
        (100_000, 30, 7, "sampled"),
        (100_000, 30, 25, "lbfgs"),
    ],
)
def test_the_policy(n_rows, n_columns, n_classes, name):
    X = np.broadcast_to(np.zeros(1), (n_rows, n_columns))
    target = (np.arange(n_rows) % n_classes).astype(np.uint8)
    task = get_task("binary" if n_classes == 2 else "multiclass")
    objective = LinearObjective(X, target, None, np.ones(n_classes), FocalLoss(), task=task, C=1.0)
    assert choose_solver(objective) == name


def test_any_number_of_threads_gives_the_same_bits(monkeypatch):
    monkeypatch.setattr(_objective, "TABULATED_ROWS", 0)
    objective, coef = make(n=60_000), np.linspace(-1.0, 1.0, 6)
    serial = objective.slopes(coef)
    for n_threads in (2, 5):
        with ThreadPoolExecutor(n_threads) as pool:
            threaded = objective.slopes(coef, pool.map)
        np.testing.assert_array_equal(threaded.gradient, serial.gradient)


def test_rare_columns_need_newton_in_the_end():
    objective = make(n=40_000, one_hot=True)
    found = sampled(objective, np.zeros(10), tol=1e-9, max_iter=100)
    assert found.converged
    np.testing.assert_allclose(
        found.coef, newton(objective, np.zeros(10), tol=1e-9, max_iter=100).coef, atol=1e-6
    )


def test_the_iteration_limit_holds_for_both_parts():
    for max_iter in (1, 2):
        found = sampled(make(), np.full(6, 2.0), tol=1e-14, max_iter=max_iter)
        assert not found.converged
        assert found.n_iter <= max_iter


def test_a_class_without_rows_in_the_sample_is_fitted_on_all_rows(passes):
    objective = make()
    objective.target[:] = 0
    objective.target[:5] = 1
    found = sampled(objective, np.zeros(6), tol=1e-6, max_iter=100)
    assert found.converged
    assert set(passes) == {"evaluate"}


@pytest.mark.parametrize("counts", [[900, 100], [990, 10], [500, 480, 20], [340, 330, 330]])
def test_the_sample_takes_rare_classes_whole_and_stands_for_all(counts):
    target = np.repeat(np.arange(len(counts)), counts).astype(np.uint8)
    random = np.random.RandomState(0)
    weight = np.random.default_rng(0).random(1000)
    weight[::7] = 0.0
    rows = draw_rows(target, len(counts), weight, 300, random)
    assert np.all(np.diff(rows) >= 0)
    assert np.all(weight[rows] > 0)
    assert 0.6 * 300 < len(rows) <= 1.3 * 300
    for k, count in enumerate(counts):
        if count <= 300 // (len(counts) + 1):
            whole = np.flatnonzero((target == k) & (weight > 0))
            np.testing.assert_array_equal(rows[target[rows] == k], whole)
    X = np.random.default_rng(1).standard_normal((1000, 2))
    class_weight = np.arange(1.0, len(counts) + 1)
    task = get_task("binary" if len(counts) == 2 else "multiclass")
    objective = LinearObjective(X, target, weight, class_weight, FocalLoss(), task=task, C=1.0)
    sample = objective.take(rows)
    np.testing.assert_allclose(sample._sum_weights(), objective.class_totals)
    assert sample.total_weight == objective.total_weight
    np.testing.assert_array_equal(objective.class_weight, class_weight)


TABULATED = [FocalLoss(gamma) for gamma in (0.0, 0.5, 1.0, 2.0, 5.0)] + [
    get_loss(name).bind(np.array([90.0, 10.0])) for name in list_losses()
]


@pytest.mark.parametrize("loss", TABULATED, ids=repr)
def test_the_table_gives_the_slopes_to_eight_digits(loss):
    table = SlopeTable.of(loss, BINARY, np.array([1.0, 7.0]))
    if table is None:
        assert not loss.traits.smooth or loss.name == "asymmetric"  # it clips
        return
    rng = np.random.default_rng(0)
    edge = np.nextafter(LIMIT - 1, 0)
    scores = np.r_[rng.uniform(-edge, edge, 2000), -edge, edge, 0.0, 1 / 64]
    target = rng.integers(0, 2, len(scores)).astype(np.uint8)
    exact = BINARY.derivatives(loss, scores, target, 1).gradient * np.where(target, 7.0, 1.0)
    np.testing.assert_allclose(table.slopes(scores, target), exact, rtol=2e-8, atol=1e-200)


@pytest.mark.parametrize("score", [LIMIT - 1, 1 - LIMIT, 1e300, np.inf, np.nan])
def test_scores_outside_of_the_table_are_computed(score):
    table = SlopeTable.of(FocalLoss(), BINARY, np.ones(2))
    assert table.slopes(np.array([0.0, score]), np.array([0, 1])) is None


def test_there_is_no_table_where_a_cubic_does_not_follow():
    assert SlopeTable.of(FocalLoss(50.0), BINARY, np.ones(2)) is None
    assert SlopeTable.of(FocalLoss(), get_task("multiclass"), np.ones(3)) is None


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_slopes_are_the_gradient(monkeypatch, dtype, large, weighted):
    monkeypatch.setattr(_objective, "TABULATED_ROWS", 0)
    objective = make(weighted=weighted, X_type=lambda X: X.astype(dtype))
    coef = np.linspace(-1.0, 1.0, 6) * (40 if large else 1)  # large: beyond the table
    assert objective._table is not None
    lean, full = objective.slopes(coef), objective.evaluate(coef, 1)
    tolerance = 1e-8 if dtype is np.float64 else 1e-5
    size = full.slope_size.max()
    np.testing.assert_allclose(lean.gradient, full.gradient, atol=tolerance * size)
    np.testing.assert_allclose(lean.slope_size, full.slope_size, rtol=tolerance)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize(
    "change",
    [
        lambda X, rng: X * 10.0 ** np.arange(-2, 3) + 1e3,
        lambda X, rng: np.column_stack([X, 1.6e9 + 1e7 * rng.random(len(X))]),
        lambda X, rng: np.column_stack([X, np.where(rng.random(len(X)) < 1e-3, 1e4, 0.0)]),
        lambda X, rng: np.column_stack([X, X[:, 0] + X[:, 1], np.ones(len(X))]),
    ],
    ids=["units", "timestamps", "outliers", "collinear"],
)
def test_columns_as_people_have_them(change, gamma):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 5))
    y = X[:, 0] + rng.logistic(size=len(X)) > 3
    X = change(X, rng)
    fitted = FocalLogisticRegression(gamma=gamma).fit(X, y)
    exact = FocalLogisticRegression(gamma=gamma, solver="newton").fit(X, y)
    np.testing.assert_allclose(fitted.predict_proba(X), exact.predict_proba(X), atol=1e-5)
