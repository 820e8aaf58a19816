"""The l1 penalty: equality with scikit-learn, stationarity under every loss, what is refused."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from skfocal import FocalLogisticRegression
from skfocal.linear_model._objective import LinearObjective
from skfocal.losses import get_loss, list_losses
from skfocal.tasks import get_task

C, L1_RATIO = 0.05, 0.7
SMOOTH = [
    (name, n_classes)
    for name in list_losses()
    for task, n_classes in (("binary", 2), ("multiclass", 3))
    if (loss := get_loss(name)).traits.smooth and task in loss.tasks and not loss.weighs_batch
]


def table(n_classes=2):
    return make_classification(
        300, 6, n_informative=4, n_classes=n_classes, flip_y=0.2, random_state=0
    )


def fit(X, y, **parameters):
    parameters = {"C": C, "l1_ratio": L1_RATIO, "tol": 1e-9} | parameters
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "FocalLogisticRegression.*no inverse", UserWarning)
        return FocalLogisticRegression(**parameters).fit(X, y)


def same_model(solver, l1_ratio, **parameters):
    """Return LogisticRegression as the installed scikit-learn spells the penalty."""
    if "deprecated" in str(LogisticRegression().penalty):
        return LogisticRegression(solver=solver, l1_ratio=l1_ratio, **parameters)
    return LogisticRegression(solver=solver, penalty="elasticnet", l1_ratio=l1_ratio, **parameters)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_gamma_0_is_logistic_regression(make, l1_ratio, fit_intercept, n_classes):
    X, y = table(n_classes)
    X[np.abs(X) < 0.3] = 0
    options = {"C": C, "fit_intercept": fit_intercept}
    ours = fit(make(X), y, gamma=0, l1_ratio=l1_ratio, **options)
    theirs = same_model("saga", l1_ratio, tol=1e-9, max_iter=20_000, **options).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)


def test_without_l1_it_is_the_ridge_solver():
    X, y = table()
    weak = fit(X, y, l1_ratio=1e-9)
    np.testing.assert_allclose(weak.coef_, fit(X, y, l1_ratio=0.0).coef_, rtol=1e-6)


@pytest.mark.parametrize(("name", "n_classes"), SMOOTH)
def test_subgradient_contains_zero(name, n_classes):
    X, y = table(n_classes)
    loss = get_loss(name)
    model = fit(X, y, loss=loss)
    # The smooth part of the objective, without any penalty.
    task = get_task("binary" if n_classes == 2 else "multiclass")
    objective = LinearObjective(X, y, None, np.ones(n_classes), model.loss_, task=task, C=np.inf)
    at = objective.evaluate(np.column_stack([model.coef_, model.intercept_]).ravel(), 1)
    gradient = at.gradient.reshape(objective.shape)
    scale = C * len(y)
    l1, l2 = L1_RATIO / scale, (1 - L1_RATIO) / scale
    slope = gradient[:, :-1] + l2 * model.coef_
    zero = model.coef_ == 0
    assert zero.any()
    bound = 1e-7 * at.slope_size.min()
    assert np.all(np.abs(slope[zero]) <= l1 + bound)
    np.testing.assert_allclose(slope[~zero], -l1 * np.sign(model.coef_[~zero]), atol=bound)
    assert np.all(np.abs(gradient[:, -1]) <= bound)


def test_a_strong_penalty_leaves_the_intercept():
    X, y = table()
    model = fit(X, y, gamma=0, C=1e-4, l1_ratio=1.0)
    assert not model.coef_.any()
    assert model.intercept_[0] == pytest.approx(np.log(y.mean() / (1 - y.mean())), abs=1e-8)


def test_a_weak_lasso_of_classes_has_zeros_too():
    # Of the coefficients of a column, adding one number to all changes the penalty alone.
    X, y = table(3)
    model = fit(X, y, gamma=0, C=100.0, l1_ratio=1.0, tol=1e-6)
    assert model.n_iter_ < 20
    assert np.all((model.coef_ == 0).any(axis=0))
    assert np.all(np.median(model.coef_, axis=0) == 0)


def test_a_class_without_weight_stays_at_zero():
    X, y = table(3)
    model = fit(X, y, class_weight={0: 0.0}, gamma=0, l1_ratio=1.0)
    # The lasso of two softmax scores is that of their difference.
    without = fit(X[y > 0], y[y > 0], gamma=0, l1_ratio=1.0)
    assert not model.coef_[0].any()
    np.testing.assert_allclose(model.predict_proba(X)[:, 1:], without.predict_proba(X), atol=1e-7)


def test_equal_columns_share_what_one_would_have():
    X, y = table()
    alone = fit(X, y, l1_ratio=1.0)
    twice = fit(np.hstack([X, X]), y, l1_ratio=1.0)
    np.testing.assert_allclose(twice.coef_[:, :6] + twice.coef_[:, 6:], alone.coef_, atol=1e-6)


def test_another_solver_is_refused():
    with pytest.raises(ValueError, match="needs solver='auto' or 'newton', got 'lbfgs'"):
        fit(*table(), solver="lbfgs")


def test_too_many_columns_are_refused():
    X = sparse.random_array((4, 5000), density=0.01, format="csr", rng=0)
    with pytest.raises(ValueError, match=r"fewer than 4,096 columns, got 5,000"):
        fit(X, [0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"fewer than 1,365 columns for each of 3 classes"):
        fit(X, [0, 1, 2, 1])
