"""A class that a fold or bootstrap sample lacks: every estimator fits it as LogisticRegression."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.utils.class_weight import compute_class_weight

from skfocal import (
    FocalBoostingClassifier,
    FocalLogisticRegression,
    FocalMLPClassifier,
    MultiLabelFocalClassifier,
)
from skfocal.losses import get_loss, list_losses
from skfocal.weights import class_weights

ENGINES = ("hist", "lightgbm", "xgboost")
NETWORK = {"n_members": 1, "max_epochs": 2, "random_state": 0}
ESTIMATORS = [
    FocalLogisticRegression(),
    FocalLogisticRegression(solver="lbfgs"),
    FocalMLPClassifier(**NETWORK),
    *(FocalBoostingClassifier(engine=engine, n_estimators=5, random_state=0) for engine in ENGINES),
]
SETTINGS = [
    {},
    {"probabilities": "posterior"},
    {"class_weight": "balanced", "probabilities": "posterior"},
    {"alpha": "balanced"},
    {"alpha": "effective", "probabilities": "posterior"},
]
LOSSES = [loss for loss in map(get_loss, list_losses()) if not loss.weighs_batch]


def rows(n=200, seed=0):
    return np.random.default_rng(seed).standard_normal((n, 3))


def names(estimators):
    engines = [getattr(estimator, "engine", "") for estimator in estimators]
    return [f"{type(e).__name__}{engine}" for e, engine in zip(estimators, engines, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=names(ESTIMATORS))
@pytest.mark.parametrize("n_positive", [1, 2, 5])
def test_a_bag_without_the_rare_class(n_positive, estimator):
    X, y = rows(), (np.arange(200) < n_positive).astype(int)
    bag = BaggingClassifier(estimator, 5, random_state=0).fit(X, y)
    assert all(model.classes_.tolist() == [0, 1] for model in bag.estimators_)
    assert np.all(np.isfinite(bag.predict_proba(X)))


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=names(ESTIMATORS))
@pytest.mark.parametrize("parameter", ["class_weight", "alpha"])
def test_a_fold_without_a_class_that_the_dict_names(parameter, estimator):
    X, y = rows(100), np.r_[np.zeros(70, int), np.ones(29, int), [2]]
    model = clone(estimator).set_params(**{parameter: {0: 1, 1: 2, 2: 5}})
    scores = cross_val_score(model, X, y, cv=KFold(3, shuffle=True, random_state=0))
    assert np.all(np.isfinite(scores))


@pytest.mark.parametrize("n_classes, absent", [(2, [1]), (2, [0]), (3, [2]), (3, [0]), (4, [1, 2])])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("gamma", [0.0, 2.0, 50.0])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_class_of_weight_zero_reads_about_zero(settings, gamma, solver, dtype, n_classes, absent):
    X, y = rows().astype(dtype), np.arange(200) % n_classes
    weight = np.where(np.isin(y, absent), 0.0, 1.0)
    model = FocalLogisticRegression(gamma=gamma, solver=solver, C=1e5, **settings)
    model.fit(X, y, weight)
    probability, decision = model.predict_proba(X), model.decision_function(X)
    assert model.classes_.tolist() == list(range(n_classes))
    assert np.all(np.isfinite(decision))
    assert probability[:, absent].max() < 1e-6
    if gamma == 0 and not settings:
        peer = LogisticRegression(C=1e5).fit(X, y, weight)
        assert peer.classes_.tolist() == model.classes_.tolist()
        np.testing.assert_allclose(probability, peer.predict_proba(X), atol=2e-2)
    if len(absent) < n_classes - 1:  # the others are fitted as if it were not there
        kept = weight > 0
        alone = clone(model).fit(X[kept], y[kept])
        present = np.setdiff1d(np.arange(n_classes), absent)
        np.testing.assert_allclose(probability[:, present], alone.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.filterwarnings("ignore:.*no inverse.*:UserWarning")
def test_every_loss_stands_an_absent_class(loss, n_classes):
    if {2: "binary", 3: "multiclass"}[n_classes] not in loss.tasks:
        pytest.skip("not defined for this task")
    X, y = rows(), np.arange(200) % n_classes
    model = FocalLogisticRegression(loss=loss).fit(X, y, np.where(y == n_classes - 1, 0.0, 1.0))
    assert np.all(np.isfinite(model.decision_function(X)))
    assert model.predict_proba(X)[:, -1].max() < 1e-6


def test_without_an_intercept_an_absent_class_has_coefficients():
    X, y = rows(), np.arange(200) % 3
    weight = np.where(y == 2, 0.0, 1.0)
    settings = {"fit_intercept": False, "C": 0.1}
    model = FocalLogisticRegression(gamma=0, tol=1e-9, **settings).fit(X + 1, y, weight)
    peer = LogisticRegression(solver="newton-cholesky", tol=1e-9, **settings)
    peer.fit(X + 1, y, weight)
    np.testing.assert_allclose(model.coef_, peer.coef_ - peer.coef_.mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=names(ESTIMATORS))
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_all_estimators_know_a_class_of_weight_zero(settings, estimator):
    X, y = rows(100), np.arange(100) % 3
    model = clone(estimator).set_params(**settings)
    model.fit(X, y, sample_weight=np.where(y == 2, 0.0, 1.0))
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict_proba(X)[:, 2].max() < 0.1
    assert not np.any(model.predict(X) == 2)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_warm_start_takes_a_class_back(n_classes):
    X, y = rows(), np.arange(200) % n_classes
    model = FocalLogisticRegression(warm_start=True).fit(X, y)
    first = model.predict_proba(X)
    model.fit(X, y, np.where(y == 1, 0.0, 1.0))
    assert model.predict_proba(X)[:, 1].max() < 1e-6
    np.testing.assert_allclose(model.fit(X, y).predict_proba(X), first, atol=1e-6)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=names(ESTIMATORS))
def test_one_class_in_all_of_y_is_refused(estimator):
    with pytest.raises(ValueError, match="at least 2 classes, got one class: 1"):
        clone(estimator).fit(rows(20), np.ones(20, int))


def test_a_label_that_is_constant_in_the_rows_with_weight():
    X, y = rows(60), np.arange(60) % 2
    model = MultiLabelFocalClassifier(class_weight="balanced", probabilities="posterior", **NETWORK)
    model.fit(X, y, sample_weight=1.0 - y)
    assert model.classes_.tolist() == [0, 1]
    assert np.all(np.isfinite(model.predict_proba(X)))


@pytest.mark.parametrize(
    "weights, labels",
    [
        ({0: 1, 1: 2, 2: 5}, [0, 1]),
        ({0: 1, 1: 2}, [0, 1, 2]),
        ({"a": 1.0, "b": 3.0, "c": 9.0}, ["a", "c"]),
        ({0: 1, 2: 5}, [0, 1]),
        ({"0": 1, "1": 2}, [0, 1]),
    ],
    ids=str,
)
@pytest.mark.parametrize("parameter", ["class_weight", "alpha"])
def test_a_dict_is_refused_where_scikit_learn_refuses_it(parameter, weights, labels):
    classes, counts = np.array(labels), np.ones(len(labels))
    try:
        expected = compute_class_weight(weights, classes=classes, y=classes)
    except ValueError:
        with pytest.raises(ValueError, match=rf"{parameter} has weights for the labels .* none"):
            class_weights(classes, counts, **{parameter: weights})
        return
    found = class_weights(classes, counts, **{parameter: weights})
    np.testing.assert_allclose(found / found[0], expected / expected[0])
