"""FocalBoostingClassifier on each of its engines: what it fits, and what it returns."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from skfocal import FocalBoostingClassifier
from skfocal.ensemble._objective import make_objective
from skfocal.losses import (
    AsymmetricLoss,
    FocalLoss,
    GHMLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    list_losses,
)
from skfocal.tasks import get_task
from tests.ensemble.trees import PLAIN, QUICK, SMALL, each_engine


def peak_memory(model, X, y):
    """Return the most bytes that a fit holds at once."""
    model.fit(X, y)  # imports
    tracemalloc.start()
    model.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def imbalanced(ratio, n_rows=4000):
    rng = np.random.default_rng(ratio)
    y = (np.arange(n_rows) % (ratio + 1) == 0).astype(int)
    return rng.normal(size=(n_rows, 5)) + 1.2 * y[:, None], y


def native(engine, X, y, weight):
    """Return the probabilities of the engine's own log loss, with the trees of ``PLAIN``."""
    if engine == "hist":
        model = HistGradientBoostingClassifier(
            max_iter=50, max_leaf_nodes=8, l2_regularization=1.0, early_stopping=False
        )
        return model.fit(X, y, sample_weight=weight).predict_proba(X)[:, 1]
    if engine == "lightgbm":
        model = LGBMClassifier(n_estimators=50, num_leaves=8, reg_lambda=1.0, verbose=-1, n_jobs=1)
        return model.fit(X, y, sample_weight=weight).predict_proba(X)[:, 1]
    from xgboost import XGBClassifier

    model = XGBClassifier(
        n_estimators=50,
        learning_rate=0.1,
        max_leaves=8,
        max_depth=0,
        grow_policy="lossguide",
        reg_lambda=1.0,
        min_child_weight=1e-3,
        max_bin=255,
        base_score=np.average(y, weights=weight),
    )
    return model.fit(X, y, sample_weight=weight).predict_proba(X)[:, 1]


# --- the zero point -------------------------------------------------------------------------------


@pytest.mark.slow
@each_engine
@pytest.mark.parametrize("weighted", [False, True])
def test_gamma_zero_is_the_log_loss_of_the_engine(engine, weighted, table):
    X, y = table
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else None
    model = FocalBoostingClassifier(gamma=0.0, engine=engine, **PLAIN)
    got = model.fit(X, y, sample_weight=weight).predict_proba(X)[:, 1]
    np.testing.assert_allclose(got, native(engine, X, y, weight), atol=1e-6)


@pytest.mark.slow
@each_engine
def test_class_weight_is_that_of_the_engine(engine, table):
    X, y = table
    weight = np.where(y == 1, 7.0, 1.0)
    model = FocalBoostingClassifier(gamma=0.0, engine=engine, class_weight={1: 7.0}, **PLAIN)
    got = model.fit(X, y).predict_proba(X)[:, 1]
    np.testing.assert_allclose(got, native(engine, X, y, weight), atol=1e-6)


def test_gamma_zero_of_three_classes_is_the_log_loss_of_scikit_learn(three_classes):
    X, y = three_classes
    model = FocalBoostingClassifier(gamma=0.0, **PLAIN).fit(X, y)
    peer = HistGradientBoostingClassifier(
        max_iter=50, max_leaf_nodes=8, l2_regularization=1.0, early_stopping=False
    ).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), peer.predict_proba(X), atol=1e-6)


# --- training -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [10, 100, 1000])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_the_training_loss_falls_and_trees_keep_growing(gamma, ratio):
    X, y = imbalanced(ratio)
    settings = PLAIN | {"n_estimators": 30}
    model = FocalBoostingClassifier(gamma=gamma, **settings).fit(X, y)
    objective = make_objective(model.loss_, get_task("binary"))
    start = np.full(len(y), np.log(y.mean() / (1 - y.mean())))
    stages = [start, *(s.ravel() for s in model.booster_.staged_decision_function(X))]
    losses = [objective.value(y, s).mean() for s in stages]
    assert np.diff(losses).max() < 1e-9
    assert losses[-1] < 0.9 * losses[0]
    last = model.booster_._predictors[-1][0].nodes
    assert last["is_leaf"].sum() > 1
    # Leaves hold rows, not curvature.
    assert last["count"][last["is_leaf"] == 1].min() >= settings["min_samples_leaf"]


@pytest.mark.parametrize("engine", ["lightgbm", "xgboost"])
@pytest.mark.parametrize("ratio", [10, 100, 1000])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_the_training_loss_falls_in_the_other_engines(engine, ratio, gamma):
    X, y = imbalanced(ratio)
    settings = PLAIN | {"n_estimators": 20}
    model = FocalBoostingClassifier(gamma=gamma, engine=engine, **settings).fit(X, y)
    objective = make_objective(model.loss_, get_task("binary"))
    losses = []
    for rounds in (1, 3, 8, 14, 20):
        if engine == "lightgbm":
            raw = model.booster_.predict(X, raw_score=True, num_iteration=rounds)
        else:
            raw = model.booster_.inplace_predict(
                X, predict_type="margin", iteration_range=(0, rounds)
            )
        losses.append(objective.value(y, raw).mean())
    assert np.all(np.diff(losses) < 0)
    if engine == "lightgbm":
        n_leaves = model.booster_.dump_model()["tree_info"][-1]["num_leaves"]
    else:
        n_leaves = model.booster_.get_dump()[-1].count("leaf=")
    assert n_leaves > 1


def test_focal_trees_rank_a_rare_class_as_those_of_log_loss_do():
    X, y = make_classification(
        20_000, 20, n_informative=8, weights=[0.99], flip_y=0, random_state=0
    )
    half = len(y) // 2

    def precision(gamma):
        model = FocalBoostingClassifier(gamma=gamma, **PLAIN).fit(X[:half], y[:half])
        return average_precision_score(y[half:], model.decision_function(X[half:]))

    assert precision(2.0) >= precision(0.0) - 0.05


@each_engine
def test_all_rows_grow_the_trees_without_early_stopping(engine, table, monkeypatch):
    X, y = table
    seen = []
    objective = type(make_objective(FocalLoss(), get_task("binary")))
    original = objective.differentiate

    def counted(self, target, *rest):
        seen.append(len(target))
        return original(self, target, *rest)

    monkeypatch.setattr(objective, "differentiate", counted)
    settings = {"calibrate_intercept": False, "engine": engine, "n_jobs": 1, "random_state": 0}
    first = FocalBoostingClassifier(n_estimators=5, **settings).fit(X, y)
    assert seen == [len(y)] * 5
    second = FocalBoostingClassifier(n_estimators=5, **settings).fit(X, y)
    np.testing.assert_array_equal(first.decision_function(X), second.decision_function(X))


@each_engine
def test_weights_equal_repeated_rows(engine):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 15, size=(400, 4)).astype(float)
    y = (X[:, 0] + rng.normal(size=400) > 11).astype(int)
    weight = rng.integers(1, 3, 400)
    settings = PLAIN | {"min_samples_leaf": 1, "max_leaf_nodes": 4, "engine": engine}
    if engine == "lightgbm":
        settings["engine_params"] = {"min_data_in_bin": 1}  # it counts rows, without weights
    weighted = FocalBoostingClassifier(gamma=2.0, **settings).fit(X, y, sample_weight=weight)
    repeated = FocalBoostingClassifier(gamma=2.0, **settings).fit(
        X.repeat(weight, axis=0), y.repeat(weight)
    )
    np.testing.assert_allclose(
        weighted.predict_proba(X),
        repeated.predict_proba(X),
        atol=1e-6 if engine != "xgboost" else 1e-5,
    )


@each_engine
def test_a_row_of_weight_zero_is_absent(engine, table):
    X, y = table
    weight = (np.arange(len(y)) % 3 > 0).astype(float)
    kept = weight > 0
    model = FocalBoostingClassifier(engine=engine, **QUICK)
    weighted = clone(model).fit(X, y, sample_weight=weight).predict_proba(X)
    np.testing.assert_array_equal(weighted, clone(model).fit(X[kept], y[kept]).predict_proba(X))


@each_engine
def test_one_stump_and_no_step_is_the_start(engine, table):
    X, y = table
    settings = PLAIN | {"n_estimators": 1, "max_leaf_nodes": 2, "learning_rate": 1e-9}
    model = FocalBoostingClassifier(gamma=2.0, engine=engine, alpha=0.75, **settings).fit(X, y)
    start = np.log(3 * y.sum() / (len(y) - y.sum()))
    np.testing.assert_allclose(model.decision_function(X), start, atol=1e-6)
    model.set_params(probabilities="raw")
    # The best constant of the loss itself, as the start of the classes demands.
    exact = make_objective(FocalLoss(2.0), get_task("binary"))._table.score(np.array([start]))
    np.testing.assert_allclose(model.decision_function(X), exact[0], atol=1e-6)


@pytest.mark.slow
@each_engine
def test_constant_features_leave_the_class_frequencies(engine):
    X, y = np.ones((200, 3)), (np.arange(200) % 10 == 0).astype(int)
    model = FocalBoostingClassifier(engine=engine, **SMALL).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 0.1, rtol=1e-5)


@each_engine
def test_no_engine_copies_the_rows(engine):
    X = np.random.default_rng(0).normal(size=(20_000, 30))
    y = (X[:, 0] > 1).astype(int)
    model = FocalBoostingClassifier(engine=engine, **PLAIN | {"n_estimators": 2})
    plain = peak_memory(model, X, y)
    # The binned table of scikit-learn, an eighth, is the largest.
    assert plain < 0.5 * X.nbytes
    model.set_params(subsample=0.5, calibrate_intercept=True)
    assert peak_memory(model, X, y) < plain + 3 * X[:, 0].nbytes


@pytest.mark.slow
@each_engine
def test_a_column_without_any_value_is_no_news(engine, table):
    X, y = table
    empty = X.copy()
    empty[:, 2] = np.nan
    model = FocalBoostingClassifier(engine=engine, **SMALL).fit(empty, y)
    assert model.feature_importances_[2] == 0
    X_new = empty.copy()
    X_new[:, 2] = 3.0
    np.testing.assert_array_equal(model.predict_proba(X_new), model.predict_proba(empty))


# --- probabilities --------------------------------------------------------------------------------


@pytest.mark.slow
@each_engine
def test_predictions_agree_with_each_other(engine, table, three_classes):
    for X, y in (table, three_classes):
        for settings in ({}, {"probabilities": "raw"}, {"class_weight": "balanced"}):
            model = FocalBoostingClassifier(engine=engine, **QUICK, **settings).fit(X, y)
            p, decision = model.predict_proba(X), model.decision_function(X)
            assert p.shape == (len(y), len(model.classes_))
            assert np.all((p >= 0) & (p <= 1))
            np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-12)
            np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(axis=1)])
            np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), p, atol=1e-12)
            wanted = expit(decision) if decision.ndim == 1 else p
            got = p[:, 1] if decision.ndim == 1 else np.exp(decision)
            np.testing.assert_allclose(got, wanted, atol=1e-12)


@pytest.mark.slow
@each_engine
def test_kinds_of_probability_differ_as_documented(engine, table):
    X, y = table
    fits = {
        kind: FocalBoostingClassifier(
            gamma=2.0, alpha=0.9, engine=engine, probabilities=kind, **PLAIN
        ).fit(X, y)
        for kind in ("raw", "weighted", "posterior")
    }
    weighted, posterior = (fits[k].decision_function(X) for k in ("weighted", "posterior"))
    ratio = np.log(np.divide(*fits["weighted"].class_weight_[::-1]))
    np.testing.assert_allclose(weighted - posterior, ratio, atol=1e-5)
    score = fits["raw"].decision_function(X)
    np.testing.assert_allclose(score + FocalLoss(2.0).log_odds_shift(score), weighted, atol=1e-5)
    # The setting may change after the fit.
    for kind in fits:
        changed = fits["posterior"].set_params(probabilities=kind)
        np.testing.assert_allclose(
            changed.decision_function(X), fits[kind].decision_function(X), atol=1e-5
        )


@pytest.mark.slow
@each_engine
@pytest.mark.parametrize("name", list_losses())
def test_every_loss_can_be_boosted(engine, name, table):
    X, y = table
    probabilities = "raw" if name in ("ghm", "hard_truncated", "asymmetric") else "posterior"
    model = FocalBoostingClassifier(
        loss=name, engine=engine, probabilities=probabilities, **SMALL | {"learning_rate": 0.3}
    ).fit(X, y)
    assert average_precision_score(y, model.decision_function(X)) > 3 * y.mean()
    if probabilities == "posterior":
        assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), rel=0.35)


def test_losses_without_inverse_warn_once_and_start_at_the_log_odds(table):
    X, y = table
    with pytest.warns(UserWarning, match="has no inverse"):
        model = FocalBoostingClassifier(loss=GHMLoss(), n_estimators=1, learning_rate=1e-9)
        model.fit(X, y)
    start = np.log(y.mean() / (1 - y.mean()))
    np.testing.assert_allclose(model.decision_function(X), start, atol=1e-6)


@pytest.mark.slow
def test_losses_with_two_sides_and_with_offsets_are_honest(table):
    X, y = table
    reference = FocalBoostingClassifier(gamma=0.0, **PLAIN).fit(X, y).predict_proba(X)[:, 1]
    for loss in (AsymmetricLoss(0, 2, shift=0), LDAMLoss(), LogitAdjustedLoss(1.0)):
        model = FocalBoostingClassifier(loss=loss, probabilities="posterior", **PLAIN).fit(X, y)
        p = model.predict_proba(X)[:, 1]
        assert p.mean() == pytest.approx(y.mean(), rel=0.15)
        assert log_loss(y, p) == pytest.approx(log_loss(y, reference), rel=0.35)
    # Logit adjustment in honest log-odds is log loss, and its offset a cost.
    np.testing.assert_allclose(p, reference, atol=1e-6)
    weighted = model.set_params(probabilities="weighted").decision_function(X)
    np.testing.assert_allclose(expit(weighted + np.log(y.mean() / (1 - y.mean()))), p, atol=1e-6)


# --- the contract ---------------------------------------------------------------------------------


@pytest.mark.slow
@parametrize_with_checks(
    [
        FocalBoostingClassifier(n_estimators=10, engine=engine, n_jobs=1, **settings)
        for engine in ("lightgbm", "xgboost")
        for settings in ({}, {"subsample": 1.0, "calibrate_intercept": False})
    ],
    # As of scikit-learn's own forests; it is checked on trees that see all rows.
    expected_failed_checks=lambda estimator: (
        {"check_sample_weight_equivalence_on_dense_data": "rows are drawn at random"}
        if estimator.engine == "xgboost" and estimator.subsample < 1
        else {}
    ),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_the_checks_of_scikit_learn_on_other_engines(estimator, check):
    check(estimator)


@each_engine
def test_threads_and_seeds_do_not_change_the_trees(engine, table):
    X, y = table
    before = np.random.mtrand._rand.get_state()[1].copy()
    fits = [
        FocalBoostingClassifier(engine=engine, **QUICK | {"n_jobs": n_jobs}).fit(X, y)
        for n_jobs in (1, 2)
    ]
    reference = fits[0].decision_function(X)
    for model in fits[1:]:
        np.testing.assert_array_equal(model.decision_function(X), reference)
    other = FocalBoostingClassifier(engine=engine, **QUICK | {"random_state": 1}).fit(X, y)
    assert np.abs(other.decision_function(X) - reference).max() > 1e-6
    np.testing.assert_array_equal(np.random.mtrand._rand.get_state()[1], before)


@pytest.mark.slow
@each_engine
def test_pickle_clone_and_search(engine, table):
    X, y = table
    model = FocalBoostingClassifier(engine=engine, **SMALL).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), model.predict_proba(X))
    grid = {"gamma": [0.0, 2.0], "alpha": [None, "balanced"]}
    settings = {"n_estimators": 5, "calibrate_intercept": False, "engine": engine}
    searches = [
        GridSearchCV(
            FocalBoostingClassifier(random_state=0, n_jobs=1, **settings),
            grid,
            scoring="average_precision",
            cv=2,
            n_jobs=n_jobs,
        ).fit(X, y)
        for n_jobs in (1, 2)
    ]
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    np.testing.assert_array_equal(*scores)


@pytest.mark.slow
@each_engine
def test_warm_start_continues(engine, table, three_classes):
    for X, y in (table, three_classes):
        settings = PLAIN | {"engine": engine, "warm_start": True}
        parts = FocalBoostingClassifier(gamma=2.0, alpha=None, **settings | {"n_estimators": 10})
        parts.fit(X, y)
        first = parts.decision_function(X)
        parts.fit(X, y)
        np.testing.assert_allclose(parts.decision_function(X), first, atol=1e-6)
        parts.set_params(n_estimators=20).fit(X, y)
        whole = FocalBoostingClassifier(gamma=2.0, **settings | {"n_estimators": 20}).fit(X, y)
        np.testing.assert_allclose(
            parts.decision_function(X), whole.decision_function(X), atol=1e-5
        )
        with pytest.raises(ValueError, match="less than the 20 there are"):
            parts.set_params(n_estimators=5).fit(X, y)


# --- several labels -------------------------------------------------------------------------------


@pytest.mark.slow
def test_several_labels_are_one_model_each():
    X, Y = make_multilabel_classification(400, 6, n_classes=4, random_state=0)
    Y[:, 2] = 0  # a label that never occurs
    Y[:, 3] = 1  # and one that always does
    model = OneVsRestClassifier(FocalBoostingClassifier(gamma=2.0, **SMALL))
    with pytest.warns(UserWarning, match="is present in all training examples|not present"):
        model.fit(X, Y)
    p = model.predict_proba(X)
    assert p.shape == (400, 4)
    assert np.all(p[:, 2] == 0)
    assert np.all(p[:, 3] == 1)
    alone = FocalBoostingClassifier(gamma=2.0, **SMALL).fit(X, Y[:, 0])
    np.testing.assert_array_equal(p[:, 0], alone.predict_proba(X)[:, 1])
    np.testing.assert_allclose(p[:, :2].mean(axis=0), Y[:, :2].mean(axis=0), atol=0.05)
    np.testing.assert_array_equal(model.predict(X)[:, :2], (p[:, :2] > 0.5).astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = GridSearchCV(model, {"estimator__gamma": [0.0, 2.0]}, cv=2, scoring="f1_macro")
        assert len(search.fit(X, Y).cv_results_["params"]) == 2
