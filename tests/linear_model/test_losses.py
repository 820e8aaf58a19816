"""Every registered loss in FocalLogisticRegression: descent, posterior, refusal."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from skfocal import FocalLogisticRegression
from skfocal.linear_model._objective import LinearObjective
from skfocal.losses import get_loss, list_losses
from skfocal.losses._registry import get_loss_class
from skfocal.tasks import get_task

TASKS = {2: "binary", 3: "multiclass"}
CASES = [case for name in list_losses() for case in get_loss_class(name).corner_cases()]
CASES = [case for case in CASES if np.ndim(getattr(case, "gamma", 0.0)) == 0]


def fits(loss, n_classes):
    return TASKS[n_classes] in loss.tasks and not loss.weighs_batch


def table(n_classes):
    X, y = make_classification(
        n_samples=600,
        n_features=6,
        n_informative=4,
        n_classes=n_classes,
        flip_y=0.2,
        random_state=0,
    )
    return X[y > -1], y


def fit(X, y, **parameters):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "FocalLogisticRegression.*no inverse", UserWarning)
        return FocalLogisticRegression(**parameters).fit(X, y)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("loss", CASES, ids=repr)
def test_minimum(loss, n_classes):
    if not fits(loss, n_classes):
        with pytest.raises(ValueError, match=r"FocalLogisticRegression: .*(defined for|batch)"):
            fit(*table(n_classes), loss=loss)
        return
    X, y = table(n_classes)
    counts = np.bincount(y).astype(float)
    objective = LinearObjective(
        X,
        y,
        None,
        np.ones(n_classes),
        loss.bind(counts),
        task=get_task("binary" if n_classes == 2 else "multiclass"),
        C=1.0,
    )
    model = fit(X, y, loss=loss, max_iter=1000)
    solution = np.column_stack([model.coef_, model.intercept_]).ravel()
    at = objective.evaluate(solution, 1)
    if loss.traits.smooth:
        assert at.gradient_norm <= 1e-6
    # No point nearby is lower, and the start is not.
    rng = np.random.default_rng(0)
    for size in (1e-3, 1e-1):
        for _ in range(10):
            nearby = solution + size * rng.standard_normal(solution.size)
            assert objective.evaluate(nearby, 0).value >= at.value - 1e-9
    assert at.value <= objective.evaluate(0 * solution, 0).value + 1e-9


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("loss", CASES, ids=repr)
def test_posterior_recovers_frequencies(loss, n_classes):
    if not fits(loss, n_classes):
        pytest.skip("refused: see test_minimum")
    # One dummy per cell: the model can be the table of frequencies itself.
    rng = np.random.default_rng(0)
    cell = rng.integers(0, 3, 1500)
    chances = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.25, 0.7, 0.05]])[:, :n_classes]
    chances = chances / chances.sum(axis=1, keepdims=True)
    y = (
        (rng.random(1500)[:, None] > chances.cumsum(axis=1)[cell])
        .sum(axis=1)
        .clip(0, n_classes - 1)
    )
    settings = {
        "loss": loss,
        "alpha": [1.0, 2.0, 3.0][:n_classes],
        "C": np.inf,
        "tol": 1e-11,  # the posterior of a flat loss magnifies what is left of the gradient
        "max_iter": 2000,
        "fit_intercept": False,
        "probabilities": "posterior",
    }
    if not loss.traits.invertible:
        with pytest.raises(ValueError, match="no inverse"):
            fit(np.eye(3)[cell], y, **settings)
        return
    model = fit(np.eye(3)[cell], y, **settings)
    frequencies = np.array([np.bincount(y[cell == c], minlength=n_classes) for c in range(3)])
    frequencies = frequencies / frequencies.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(np.eye(3)), frequencies, atol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_shift_of_logit_adjustment_is_put_back_once(n_classes):
    X, y = table(n_classes)
    y = np.where(np.random.default_rng(0).random(len(y)) < 0.5, 0, y)
    cell = np.eye(4)[(X[:, 0] > 0) * 2 + (X[:, 1] > 0)]
    settings = {"C": 1e9, "fit_intercept": False, "probabilities": "posterior"}
    adjusted = fit(cell, y, loss=get_loss("logit_adjusted", tau=1.0), **settings)
    plain = fit(cell, y, loss=get_loss("logit_adjusted", tau=0.0), **settings)
    np.testing.assert_allclose(adjusted.predict_proba(cell), plain.predict_proba(cell), atol=1e-4)
    # Weighted keeps the shift as a cost of 1 / prior.
    weighted = fit(
        cell, y, loss=get_loss("logit_adjusted"), **{**settings, "probabilities": "weighted"}
    )
    expected = plain.predict_proba(cell) / (np.bincount(y) / len(y))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(weighted.predict_proba(cell), expected, atol=1e-4)


def test_a_search_over_losses_runs_through():
    X, y = table(2)
    losses = [name for name in list_losses() if fits(get_loss(name), 2)]
    search = GridSearchCV(FocalLogisticRegression(max_iter=1000), {"loss": losses}, cv=2)
    with pytest.warns(UserWarning, match="no inverse") as caught:
        search.fit(X, y)
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))
    blind = [name for name in losses if not get_loss(name).traits.invertible]
    # Once a fit: two folds each, and the refit if the best loss is one of them.
    refit = int(search.best_params_["loss"] in blind)
    assert len([w for w in caught if "no inverse" in str(w.message)]) == 2 * len(blind) + refit


@pytest.mark.parametrize("name", list_losses())
def test_search_space_is_valid(name):
    for parameter, values in get_loss_class(name).search_space().items():
        for value in values:
            assert getattr(get_loss(name, **{parameter: value}), parameter) == value
