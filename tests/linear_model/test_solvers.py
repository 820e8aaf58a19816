"""The solvers on their own: descent, convergence and honest failure."""

import numpy as np
import pytest
from scipy import linalg, sparse

from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model.solvers import SOLVERS, _lbfgs
from skfocal.losses import CrossEntropyLoss, FocalLoss
from skfocal.tasks import Binary


def rare_events(n=1000, seed=0, collinear=False, separable=False):
    """Return a table with 1 positive in 1000, three of them."""
    rng = np.random.default_rng(seed)
    n *= 3
    X = rng.standard_normal((n, 3))
    y = np.zeros(n, dtype=int)
    y[:3] = 1
    X[:3, 0] += 10.0 if separable else 1.0
    if collinear:
        X = np.column_stack([X, X[:, 0] + X[:, 1], np.ones(n)])
    return X, y


def make(loss, l2=1e-4, **kind):
    X, y = rare_events(**kind)
    return LinearObjective(X, y, None, np.ones(2), loss, task=Binary(), C=1 / (l2 * len(y)))


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
@pytest.mark.parametrize("kind", [{}, {"collinear": True}, {"separable": True}], ids=str)
def test_focal_fit_ends_lower_with_a_small_gradient(solver, gamma, kind):
    objective = make(FocalLoss(gamma=gamma), **kind)
    zero = np.zeros(objective.shape[1])
    plain = SOLVERS["newton"](make(CrossEntropyLoss(), **kind), zero, tol=1e-8, max_iter=200)
    rng = np.random.default_rng(1)
    starts = [zero, plain.coef, *(rng.standard_normal((10, zero.size)))]
    at_plain = objective.evaluate(plain.coef, 0).value
    for start in starts:
        result = solver(objective, start, tol=1e-6, max_iter=500)
        assert result.converged, result.message
        assert np.abs(objective.evaluate(result.coef, 1).gradient).max() <= 1e-6
        # A tolerance of 1e-6 leaves an error of its square over the curvature.
        assert result.value <= at_plain + 1e-9
        assert result.value <= objective.evaluate(start, 0).value


def test_newton_never_rises():
    objective = make(FocalLoss(gamma=5.0))
    limits = [
        SOLVERS["newton"](objective, np.full(4, 3.0), tol=1e-9, max_iter=k) for k in range(12)
    ]
    values = [result.value for result in limits]
    assert np.all(np.diff(values) <= 0)
    assert values[0] > values[-1]


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_iteration_limit_is_reported(solver):
    result = solver(make(FocalLoss(), l2=1e-3), np.full(4, 2.0), tol=1e-9, max_iter=1)
    assert not result.converged
    assert result.n_iter == 1
    assert "limit" in result.message


def test_verbose_prints_one_line_per_iteration(capsys):
    result = SOLVERS["newton"](make(FocalLoss()), np.zeros(4), tol=1e-6, max_iter=50, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == result.n_iter + 1
    assert all(line.startswith("newton: iteration") for line in lines)


def correlated(n=5000, p=60, gamma=2.0, X_type=np.asarray):
    """Return the objective of columns that share three directions, and a rare class."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p)) + 3 * rng.standard_normal((n, 3)) @ rng.standard_normal((3, p))
    y = (X[:, 0] + rng.logistic(size=n) > 8).astype(np.uint8)
    weight = rng.random(n) * (rng.random(n) < 0.9)
    return LinearObjective(
        X_type(X), y, weight, np.array([1.0, 2.0]), FocalLoss(gamma), task=Binary(), C=1.0
    )


@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("X_type", [np.asarray, sparse.csr_array])
def test_the_sketch_is_close_to_the_hessian(gamma, X_type):
    objective = correlated(gamma=gamma, X_type=X_type)
    coef = np.r_[np.full(60, 0.01), -2.0]
    hessian = objective.evaluate(coef, 2).hessian
    sketch = objective.sketch(coef, 20_000, np.random.RandomState(0))
    np.testing.assert_allclose(sketch, sketch.T)
    # Relative to the Hessian itself, every direction is within sampling error.
    ratios = linalg.eigvalsh(sketch, hessian)
    assert 0.8 < ratios.min() < ratios.max() < 1.25


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_correlated_columns_take_few_iterations(gamma, monkeypatch):
    objective, start = correlated(gamma=gamma), np.zeros(61)
    found = SOLVERS["lbfgs"](objective, start, tol=1e-8, max_iter=500)
    exact = SOLVERS["newton"](objective, start, tol=1e-10, max_iter=500)
    np.testing.assert_allclose(found.coef, exact.coef, atol=1e-5)
    monkeypatch.setattr(_lbfgs, "SKETCH_COEFFICIENTS", 0)
    plain = SOLVERS["lbfgs"](objective, start, tol=1e-8, max_iter=500)
    assert found.converged
    assert 2 * found.n_iter < plain.n_iter
