"""The objectives for users' own LightGBM and XGBoost models."""

import pickle

import numpy as np
import pytest
from joblib import Parallel, delayed
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss

from skfocal.ensemble import lightgbm_objective, xgboost_objective
from skfocal.losses import FocalLoss, LDAMLoss, LogitAdjustedLoss

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")

TREES = {"n_estimators": 30, "learning_rate": 0.1}


@pytest.fixture(scope="module")
def table():
    return make_classification(1500, 6, n_informative=4, weights=[0.95], flip_y=0, random_state=0)


@pytest.fixture(scope="module")
def three_classes():
    return make_classification(
        900, 6, n_informative=4, n_classes=3, weights=[0.7, 0.25], random_state=0
    )


def fit_lightgbm(objective, X, y, weight=None):
    """Raw predictions of an ``LGBMClassifier``, start included."""
    model = lightgbm.LGBMClassifier(objective=objective, verbose=-1, n_jobs=1, **TREES)
    model.fit(X, y, sample_weight=weight, init_score=objective.init_score(y, weight))
    return model.predict(X, raw_score=True) + objective.start(y, weight)


def fit_xgboost(objective, X, y, weight=None):
    model = xgboost.XGBClassifier(
        objective=objective, base_score=objective.base_score(y, weight), n_jobs=1, **TREES
    )
    return model.fit(X, y, sample_weight=weight)


@pytest.mark.parametrize("weighted", [False, True])
def test_gamma_zero_is_the_log_loss_of_both_engines(table, weighted):
    X, y = table
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else None
    peer = lightgbm.LGBMClassifier(verbose=-1, n_jobs=1, **TREES).fit(X, y, sample_weight=weight)
    objective = lightgbm_objective(gamma=0.0)
    got = objective.to_probability(fit_lightgbm(objective, X, y, weight))
    np.testing.assert_allclose(got, peer.predict_proba(X), atol=1e-6)
    prior = float(np.average(y, weights=weight))
    peer = xgboost.XGBClassifier(base_score=prior, n_jobs=1, **TREES).fit(
        X, y, sample_weight=weight
    )
    got = fit_xgboost(xgboost_objective(gamma=0.0), X, y, weight).predict_proba(X)
    np.testing.assert_allclose(got, peer.predict_proba(X), atol=1e-6)


def test_three_classes_land_in_their_columns(three_classes):
    X, y = three_classes
    objective = lightgbm_objective(gamma=1.0)
    p = objective.to_probability(fit_lightgbm(objective, X, y))
    assert (p.argmax(axis=1) == y).mean() > 0.85
    np.testing.assert_allclose(p.mean(axis=0), np.bincount(y) / len(y), atol=0.03)
    objective = xgboost_objective(gamma=1.0)
    model = fit_xgboost(objective, X, y)
    p = objective.to_probability(model.predict(X, output_margin=True))
    assert (p.argmax(axis=1) == y).mean() > 0.85
    np.testing.assert_allclose(p.mean(axis=0), np.bincount(y) / len(y), atol=0.03)


def test_weights_are_repeated_rows():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 15, size=(400, 4)).astype(float)
    y = (X[:, 0] + rng.normal(size=400) > 11).astype(int)
    weight = rng.integers(1, 3, 400)
    objective = xgboost_objective(gamma=2.0)
    weighted = fit_xgboost(objective, X, y, weight).predict_proba(X)
    repeated = fit_xgboost(objective, X.repeat(weight, axis=0), y.repeat(weight))
    np.testing.assert_allclose(weighted, repeated.predict_proba(X), atol=1e-5)
    # Of LightGBM the derivatives: it grows leaves by counts of rows.
    raw = rng.normal(size=400)
    objective = lightgbm_objective(gamma=2.0, alpha="balanced")
    plain = objective(y.repeat(weight), raw.repeat(weight))
    for once, many in zip(objective(y, raw, weight), plain, strict=True):
        np.testing.assert_allclose(once, weight * many[np.cumsum(weight) - 1], rtol=1e-5)
    assert objective.start(y, weight) == pytest.approx(float(objective.start(y.repeat(weight))))


def test_both_ways_of_calling_agree(table):
    X, y = table
    for objective, data in (
        (
            lightgbm_objective(alpha=0.9),
            lightgbm.Dataset(X, y, params={"verbosity": -1}).construct(),
        ),
        (xgboost_objective(alpha=0.9), xgboost.DMatrix(X, y)),
    ):
        raw = np.linspace(-3, 3, len(y))
        for a, b in zip(objective(y, raw), objective(raw, data), strict=True):
            np.testing.assert_array_equal(a, b)
        assert objective.metric(y, raw) == objective.metric(raw, data)


def test_native_training_functions_take_them(table):
    X, y = table
    objective = lightgbm_objective(gamma=2.0)
    data = lightgbm.Dataset(X, y, init_score=objective.init_score(y))
    booster = lightgbm.train({"objective": objective, "verbosity": -1, "num_threads": 1}, data, 30)
    raw = booster.predict(X, raw_score=True) + objective.start(y)
    np.testing.assert_allclose(raw, fit_lightgbm(objective, X, y), atol=1e-9)
    objective = xgboost_objective(gamma=2.0)
    params = {"objective": "binary:logistic", "base_score": objective.base_score(y), "eta": 0.1}
    booster = xgboost.train(params, xgboost.DMatrix(X, y), 30, obj=objective)
    wanted = fit_xgboost(objective, X, y).predict_proba(X)[:, 1]
    np.testing.assert_allclose(booster.predict(xgboost.DMatrix(X)), wanted, atol=1e-6)


def test_the_metric_is_the_log_loss_of_the_posterior_for_any_gamma(table):
    X, y = table
    half = len(y) // 2
    for gamma, alpha in ((0.0, None), (2.0, None), (5.0, 0.9)):
        objective = lightgbm_objective(gamma=gamma, alpha=alpha)
        model = lightgbm.LGBMClassifier(objective=objective, verbose=-1, n_jobs=1, **TREES)
        model.fit(
            X[:half],
            y[:half],
            init_score=objective.init_score(y[:half]),
            eval_X=(X[half:],),
            eval_y=(y[half:],),
            eval_init_score=[np.full(len(y) - half, float(objective.start(y[:half])))],
            eval_metric=objective.metric,
        )
        followed = model.evals_result_["valid_0"]["honest_log_loss"]
        raw = model.predict(X[half:], raw_score=True) + objective.start(y[:half])
        counts = np.bincount(y[half:])
        p = objective.to_probability(raw, probabilities="posterior", class_counts=counts)
        assert followed[-1] == pytest.approx(log_loss(y[half:], p), rel=1e-9)
        # The same scores have the same metric, whatever gamma.
        same = lightgbm_objective(gamma=0.0).metric(y, np.linspace(-3, 3, len(y)))
        if alpha is None:
            assert objective.metric(y, np.linspace(-3, 3, len(y))) == same


def test_probabilities_of_losses_with_counts_ask_for_them():
    raw = np.linspace(-3, 3, 5)
    counts = [900, 100]
    for loss in (LDAMLoss(), LogitAdjustedLoss()):
        objective = lightgbm_objective(loss)
        with pytest.raises(ValueError, match="LightGBMObjective: give class_counts"):
            objective.to_probability(raw)
        p = objective.to_probability(raw, probabilities="posterior", class_counts=counts)
        np.testing.assert_allclose(p[:, 1], expit(raw))
    with pytest.raises(ValueError, match="give class_counts"):
        lightgbm_objective(alpha="balanced").to_probability(raw, probabilities="posterior")
    objective = lightgbm_objective(FocalLoss(2.0), alpha=0.9)
    np.testing.assert_allclose(objective.to_probability(raw)[:, 1], expit(raw))


@pytest.mark.slow
@pytest.mark.parametrize("factory", [lightgbm_objective, xgboost_objective])
def test_they_travel(factory, table):
    _, y = table
    objective = factory(gamma=2.0, alpha="balanced")
    raw = np.linspace(-3, 3, len(y))
    reference = objective(y, raw)
    results = Parallel(n_jobs=2)(delayed(objective)(y, raw) for _ in range(2))
    for other in (
        pickle.loads(pickle.dumps(objective))(y, raw),
        clone(objective)(y, raw),
        *results,
    ):
        for a, b in zip(other, reference, strict=True):
            np.testing.assert_array_equal(a, b)
    kind = lightgbm.LGBMClassifier if factory is lightgbm_objective else xgboost.XGBClassifier
    copy = clone(kind(objective=objective))
    assert copy.objective.gamma == 2.0
