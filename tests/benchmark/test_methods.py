"""The arms: the registry, and that every pipeline resamples and encodes as it says."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from threadpoolctl import threadpool_limits

from skfocal.benchmark import list_methods
from skfocal.benchmark._numeric import make_numeric
from skfocal.benchmark.arms import NAMED, FoldInfo, StepCache
from skfocal.benchmark.methods import DEFAULT_METHODS, get_method
from skfocal.benchmark.scoring import SCORINGS
from tests.benchmark.arms import QUICK, build, make_info, resample
from tests.benchmark.toys import make_toy

KINDS = {
    "dummy": "control",
    "logistic": "baseline",
    "logistic_balanced": "baseline",
    "logistic_threshold": "baseline",
    "logistic_ros": "resampling",
    "logistic_smote": "resampling",
    "logistic_adasyn": "resampling",
    "logistic_borderline": "resampling",
    "logistic_smoteenn": "resampling",
    "logistic_rus": "resampling",
    "focal_zero": "focal",
    "focal": "focal",
    "focal_balanced": "focal",
    "focal_effective": "focal",
    "balanced_forest": "ensemble",
    "easy_ensemble": "ensemble",
    "hist_gradient_boosting": "control",
    "mlp": "baseline",
    "mlp_ros": "resampling",
    "mlp_smote": "resampling",
    "mlp_adasyn": "resampling",
    "mlp_borderline": "resampling",
    "mlp_smoteenn": "resampling",
    "mlp_rus": "resampling",
    "lightgbm": "control",
    "lightgbm_balanced": "control",
    "lightgbm_smote": "resampling",
    "focal_mlp": "focal",
    "focal_mlp_zero": "focal",
    "focal_mlp_balanced": "focal",
    "asymmetric_mlp": "focal",
    "focal_boosting_zero": "focal",
    "focal_boosting": "focal",
    "focal_boosting_balanced": "focal",
    "focal_boosting_effective": "focal",
}
SAMPLERS = [name for name, kind in KINDS.items() if kind == "resampling"]
BINARY = [name for name, method in NAMED.items() if "binary" in method.tasks]
UNTOUCHED_FIRST = ("focal_boosting", "lightgbm")  # the defaults, then single settings altered
LINEAR_AND_TREES = [n for n in DEFAULT_METHODS["binary"] if not n.startswith(UNTOUCHED_FIRST)]


def test_registry_names_kinds_and_labels():
    assert list(NAMED) == list_methods()[: len(KINDS)] == list(KINDS)
    assert {name: get_method(name).kind for name in KINDS} == KINDS
    assert len({get_method(name).label for name in KINDS}) == len(KINDS)


@pytest.mark.parametrize("name", list(KINDS))
def test_every_arm_lists_as_many_configurations_as_the_others(name):
    configurations = get_method(name).configurations
    assert len(configurations) == (1 if name == "dummy" else 8)
    assert len({tuple(c.items()) for c in configurations}) == len(configurations)


@pytest.mark.parametrize("name", LINEAR_AND_TREES)
def test_linear_arms_and_trees_search_a_grid(name):
    assert len({frozenset(c) for c in get_method(name).configurations}) == 1


def test_default_methods_are_known_and_for_their_task():
    assert list(DEFAULT_METHODS) == list(SCORINGS)
    for task, names in DEFAULT_METHODS.items():
        assert set(names) <= set(list_methods(task))
        assert len(names) == len(set(names))
    # What a run on two classes takes has not grown with the arms that are slow.
    trees = ["lightgbm", "lightgbm_balanced", "lightgbm_smote", "focal_boosting_zero"]
    assert list(DEFAULT_METHODS["binary"]) == [*list(KINDS)[:17], *trees, "focal_boosting"]


def test_methods_of_a_task():
    assert set(KINDS) - set(list_methods("binary")) == {"asymmetric_mlp"}
    assert set(list_methods("binary")) < set(list_methods())
    assert {"dummy", "logistic", "mlp", "focal_mlp", "asymmetric_mlp"} < set(
        list_methods("multilabel")
    )
    with pytest.raises(ValueError, match="Unknown task 'ranking'"):
        list_methods("ranking")


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="Unknown method 'smoot'; the methods are"):
        get_method("smoot")


def test_arms_travel_to_other_processes():
    for name in KINDS:
        copy = pickle.loads(pickle.dumps(get_method(name)))
        assert copy.configurations == get_method(name).configurations


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["numeric", "mixed", "categorical"])
@pytest.mark.parametrize("name", BINARY)
def test_every_arm_learns_from_every_kind_of_table(name, columns):
    dataset = make_toy(categorical=columns != "numeric", missing=True)
    if columns == "categorical":
        dataset = replace(dataset, X=dataset.X[["colour", "shape"]])
    table = make_numeric(dataset)
    train, test = np.arange(80), np.arange(80, 120)
    if columns != "numeric":
        table.X[test[0], -1] = 7  # a category without training rows
    fold = FoldInfo(table.X.shape[1], table.categorical, (64, 16), 0)
    method = get_method(name)
    with config_context(assume_finite=True), threadpool_limits(1):
        probabilities = [
            method.build(fold, **method.configurations[0] | QUICK.get(name, {}))
            .fit(table.X[train], table.y[train])
            .predict_proba(table.X[test])
            for _ in range(2)
        ]
    assert_array_equal(*probabilities)
    assert_allclose(probabilities[0].sum(axis=1), 1)
    positive = probabilities[0][:, 1]
    if name != "dummy":
        assert positive[table.y[test] == 1].mean() > positive[table.y[test] == 0].mean()


@pytest.mark.parametrize(("position", "ratio"), [(0, 1.0), (2, 0.5)])
@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_reach_the_ratio_they_are_given(name, position, ratio):
    table = make_numeric(make_toy(n=200, n_positive=20))
    assert get_method(name).configurations[position]["ratio"] == ratio
    _, y = resample(build(name, table, position), table.X, table.y)
    n_negative, n_positive = np.bincount(y)
    if name.endswith("smoteenn"):  # cleaning removes rows near the border, of either class
        assert n_positive > 0.5 * ratio * 180
        assert n_negative < 180
    else:
        assert_allclose(n_positive / n_negative, ratio, rtol=0.1)
    assert n_positive == 20 if name.endswith("rus") else n_positive > 20


def test_sampling_happens_in_fit_only():
    table = make_numeric(make_toy())
    pipeline = build("logistic_smote", table).fit(table.X, table.y)
    assert len(pipeline.predict_proba(table.X)) == len(table.X)


@pytest.mark.parametrize("name", ["logistic_smote", "logistic_smoteenn", "logistic_ros"])
def test_synthetic_rows_hold_whole_categories(name):
    table = make_numeric(make_toy(categorical=True))
    scale, sampler = (step for _, step in build(name, table).steps[:2])
    X, _ = sampler.fit_resample(scale.fit_transform(table.X), table.y)
    assert len(X) > len(table.X)
    assert set(np.unique(X[:, 2])) == {0, 1, 2}
    assert set(np.unique(X[:, 3])) == {-1, 0, 1}  # -1 stands for missing


@pytest.mark.parametrize("name", ["logistic", "logistic_smote"])
def test_numbers_are_scaled_before_neighbours_are_sought(name):
    table = make_numeric(make_toy())
    X, _ = resample(build(name, table), table.X, table.y)
    assert_allclose(X[: len(table.X)].std(axis=0), 1)


@pytest.mark.parametrize("name", ["logistic_smote", "logistic_adasyn", "logistic_borderline"])
def test_a_class_of_two_rows_suffices_for_neighbours(name):
    dataset = make_toy(n=60, n_positive=2)
    dataset.X["signal"] = np.random.default_rng(0).normal(size=60)
    table = make_numeric(dataset)
    pipeline = build(name, table).fit(table.X, table.y)
    assert np.isfinite(pipeline.predict_proba(table.X)).all()


def test_neighbours_are_limited_by_the_smaller_class():
    assert [FoldInfo(1, (), (50, n), 0).neighbours() for n in (2, 4, 30)] == [1, 3, 5]
    with pytest.raises(ValueError, match="1 row"):
        FoldInfo(1, (), (50, 1), 0).neighbours()


@pytest.mark.parametrize(
    ("counts", "ratio", "over", "under"),
    [
        ((90, 10), 1.0, {1: 90}, {0: 10}),
        ((90, 10), 0.5, {1: 45}, {0: 20}),
        ((10, 90), 0.5, {0: 45}, {1: 20}),
        # Never the wrong way: the classes are nearer than the ratio already.
        ((90, 60), 0.5, {1: 60}, {0: 90}),
        ((50, 50), 1.0, {0: 50}, {1: 50}),
    ],
)
def test_target_counts(counts, ratio, over, under):
    fold = FoldInfo(1, (), counts, 0)
    assert fold.oversampled(ratio) == over
    assert fold.undersampled(ratio) == under


def test_target_counts_of_several_classes():
    fold = FoldInfo(1, (), (10, 80, 0, 50, 7), 0)
    assert fold.oversampled(1.0) == {0: 80, 3: 80, 4: 80}
    assert fold.oversampled(0.5) == {0: 40, 3: 50, 4: 40}
    assert fold.neighbours() == 5
    assert FoldInfo(1, (), (10, 80, 0, 3), 0).neighbours() == 2


def test_focal_zero_is_logistic_regression():
    table = make_numeric(make_toy(categorical=True))
    for position in range(4):
        ours, theirs = (
            build(name, table, position).fit(table.X, table.y).predict_proba(table.X)
            for name in ("focal_zero", "logistic")
        )
        assert_allclose(ours, theirs, atol=2e-3)


def test_focal_arms_take_gamma_and_alpha():
    table = make_numeric(make_toy())
    models = [build(f"focal{suffix}", table)[-1] for suffix in ("", "_balanced", "_effective")]
    assert [model.alpha for model in models] == [None, "balanced", "effective"]
    assert [model.probabilities for model in models] == ["weighted", "posterior", "posterior"]
    gammas = {c["gamma"] for c in get_method("focal").configurations}
    assert 0 not in gammas  # the arm focal_zero has it


def test_the_moved_threshold_changes_decisions_only():
    table = make_numeric(make_toy())
    plain = build("logistic_threshold", table)
    moved = get_method("logistic_threshold").finish(plain, {"balanced_accuracy": 0.15})
    moved.fit(table.X, table.y)
    probability = plain.fit(table.X, table.y).predict_proba(table.X)
    assert_array_equal(moved.predict_proba(table.X), probability)
    assert_array_equal(moved.predict(table.X), (probability[:, 1] >= 0.15).astype(int))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["logistic", "logistic_smote", "logistic_smoteenn", "focal"])
def test_shared_steps_change_nothing_and_are_fitted_once(name):
    table = make_numeric(make_toy(categorical=True, missing=True))
    method, memory = get_method(name), StepCache()
    for parameters in method.configurations:
        plain, shared = (
            method.build(replace(make_info(table), memory=m), **parameters).fit(table.X, table.y)
            for m in (None, memory)
        )
        assert_array_equal(plain.predict_proba(table.X), shared.predict_proba(table.X))
    first = method.build(replace(make_info(table), memory=memory), **method.configurations[0])
    again = method.build(replace(make_info(table), memory=memory), **method.configurations[1])
    first.fit(table.X, table.y)
    again.fit(table.X, table.y)
    shared = [a is b for (_, a), (_, b) in zip(first.steps, again.steps, strict=True)]
    assert shared == [True] * (len(shared) - 1) + [False]


def test_shared_steps_know_other_rows():
    table, memory = make_numeric(make_toy()), StepCache()
    method, fold = get_method("logistic"), replace(make_info(table), memory=memory)
    half = method.build(fold, C=1.0).fit(table.X[:60], table.y[:60])
    whole = method.build(fold, C=1.0).fit(table.X, table.y)
    assert (half[1].mean_ != whole[1].mean_).all()
