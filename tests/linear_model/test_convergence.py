"""Convergence is relative: the same accuracy at any rate, exponent, solver and precision."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit

from skfocal import FocalLogisticRegression
from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model.solvers import SOLVERS
from skfocal.losses import FocalLoss
from skfocal.tasks import Binary, Multiclass

RATES = [1e-1, 1e-3, 1e-6, 1e-8]


def weighted_table(rate, n_classes=2, n=400, n_rare=40):
    """Return rows whose last class has this share of the weight, and the weights."""
    rng = np.random.default_rng(0)
    y = np.r_[np.arange(n) % (n_classes - 1), np.full(n_rare, n_classes - 1)]
    X = rng.standard_normal((len(y), 3)) + 0.5 * (y == n_classes - 1)[:, None]
    weight = np.where(y == n_classes - 1, 1.0, (n_rare / rate - n_rare) / n)
    return X, y, weight


def risk(model, X, weight):
    """Return the weighted mean of the risk of the last class."""
    return np.average(model.predict_proba(X)[:, -1].astype(float), weights=weight)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("gamma", [0.0, 1.0, 10.0, 50.0])
def test_mean_risk_is_the_rate_without_features(rate, gamma, n_classes, solver):
    # Without features the minimum is the rate itself, at every exponent.
    X, y, weight = weighted_table(rate, n_classes)
    X = 0 * X
    model = FocalLogisticRegression(gamma=gamma, solver=solver).fit(X, y, weight)
    assert risk(model, X, weight) == pytest.approx(rate, rel=1e-4)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("gamma", [0.0, 2.0, 30.0])
def test_the_default_tolerance_reaches_the_minimum(rate, gamma, n_classes, dtype, solver):
    X, y, weight = weighted_table(rate, n_classes)
    model = FocalLogisticRegression(gamma=gamma, solver=solver, max_iter=1000)
    model.fit(X.astype(dtype), y, weight)
    exact = FocalLogisticRegression(gamma=gamma, solver="newton", tol=1e-11).fit(X, y, weight)
    assert risk(model, X, weight) == pytest.approx(risk(exact, X, weight), rel=1e-3)
    if gamma == 0:
        assert risk(exact, X, weight) == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize("kind", ["alpha", "class_weight", "huge weights", "tiny weights"])
@pytest.mark.parametrize("gamma", [0.0, 2.0, 50.0])
def test_where_the_weights_come_from_does_not_matter(kind, gamma):
    X, y, weight = weighted_table(1e-7)
    per_class = {0: weight[0], 1: 1.0}
    expected = FocalLogisticRegression(gamma=gamma).fit(X, y, weight)
    settings, sample_weight = {
        "alpha": ({"alpha": per_class, "C": weight.mean()}, None),
        "class_weight": ({"class_weight": per_class}, None),
        "huge weights": ({"C": 1e-12}, 1e12 * weight),
        "tiny weights": ({"C": 1e12}, 1e-12 * weight),
    }[kind]
    model = FocalLogisticRegression(gamma=gamma, **settings).fit(X, y, sample_weight)
    assert risk(model, X, weight) == pytest.approx(risk(expected, X, weight), rel=1e-4)


@pytest.mark.parametrize("rate", [1e-2, 1e-8])
def test_gradient_norm_is_relative_to_the_slopes(rate):
    X, y, weight = weighted_table(rate)
    objective = LinearObjective(X, y, weight, np.ones(2), FocalLoss(0.0), task=Binary(), C=np.inf)
    coef = np.array([0.3, -0.2, 0.1, np.log(rate)])
    slopes = weight * (expit(X @ coef[:3] + coef[3]) - y)
    by_hand = np.abs(slopes @ np.column_stack([X, np.ones(len(X))])).max() / np.abs(slopes).sum()
    assert objective.evaluate(coef, 1).gradient_norm == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize("X_type", [np.asarray, sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_diagonal_is_that_of_the_hessian(n_classes, X_type):
    X, y, weight = weighted_table(1e-2, n_classes)
    task = Binary() if n_classes == 2 else Multiclass()
    objective = LinearObjective(
        X_type(X), y, weight, np.ones(n_classes), FocalLoss(), task=task, C=0.1
    )
    coef = np.random.default_rng(1).standard_normal(objective.n_coefficients)
    own = np.diag(objective.evaluate(coef, 2).hessian).reshape(objective.shape)
    difference = own - objective.diagonal(coef).reshape(objective.shape)
    # The null space of softmax scores, filled on purpose, adds the same to every class.
    np.testing.assert_allclose(
        difference, difference[:1].repeat(len(difference), axis=0), atol=1e-15
    )
    assert (difference == pytest.approx(0.0, abs=1e-15)) == (n_classes == 2)
