"""Networks and LightGBM as arms, and what arms do with several classes or labels."""

import sys
import warnings

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier

import skfocal
from skfocal.benchmark._numeric import make_numeric
from skfocal.benchmark.arms import NAMED
from skfocal.benchmark.methods import DEFAULT_METHODS, get_method
from skfocal.benchmark.scoring import get_scoring
from tests.benchmark.arms import BOOSTERS, QUICK, build, resample
from tests.benchmark.toys import make_multiclass, make_multilabel, make_toy


@pytest.mark.parametrize(
    "name", [n for n in NAMED if n in BOOSTERS or n not in DEFAULT_METHODS["binary"]]
)
def test_networks_and_boosters_begin_with_the_defaults_of_their_library(name):
    table = make_numeric(make_multilabel() if name == "asymmetric_mlp" else make_toy())
    model = build(name, table)[-1]
    changed = set(clone(model).get_params(deep=False).items() ^ type(model)().get_params().items())
    allowed = {"random_state", "n_jobs", "verbose", "device", "gamma", "alpha", "loss"}
    allowed |= {"probabilities", "class_weight", "categorical_features"}
    assert {parameter for parameter, _ in changed} <= allowed
    assert model.get_params().get("n_jobs", 1) == 1
    assert model.random_state == 0


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["numeric", "mixed"])
@pytest.mark.parametrize(
    ("task", "name"),
    [
        (task, name)
        for task in ("multiclass", "multilabel")
        for name, method in NAMED.items()
        if task in method.tasks
    ],
)
def test_arms_for_several_classes_or_labels(name, columns, task):
    make = make_multiclass if task == "multiclass" else make_multilabel
    table = make_numeric(make(categorical=columns == "mixed"))
    train, test = np.arange(120), np.arange(120, 150)
    model = build(name, table, **QUICK.get(name, {})).fit(table.X[train], table.y[train])
    functions = get_scoring(task)
    probability = functions.predict_probability(model, table.X[test], table)
    target = table.target[test]
    functions.check(target, "The test fold")
    floor = functions.score(target, np.full(probability.shape, 0.5))
    assert probability.shape == (30, 3)
    if task == "multiclass":
        assert_allclose(probability.sum(axis=1), 1)
    if name != "dummy":
        assert functions.score(target, probability) > floor + 0.1


@pytest.mark.parametrize("name", ["logistic_smote", "logistic_ros", "mlp_smote", "lightgbm_smote"])
def test_samplers_raise_each_of_several_classes(name):
    table = make_numeric(make_multiclass())
    _, y = resample(build(name, table), table.X, table.y)
    assert np.bincount(y).tolist() == [100, 100, 100]


def test_a_label_that_is_constant_in_a_fold_stays_constant():
    table = make_numeric(make_multilabel())
    rows = np.flatnonzero(table.y[:, 2] == 0)
    for name in ("dummy", "logistic", "mlp"):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Label not 2 is present", UserWarning)
            model = build(name, table, **QUICK.get(name, {})).fit(table.X[rows], table.y[rows])
        probability = get_scoring("multilabel").predict_probability(model, table.X, table)
        assert_allclose(probability[:, 2], 0, atol=0.02)


def test_no_arm_combines_a_sampler_with_weights():
    table = make_numeric(make_toy())
    for name in (name for name, method in NAMED.items() if "binary" in method.tasks):
        for position in range(len(get_method(name).configurations)):
            pipeline = build(name, table, position)
            if any(hasattr(step, "fit_resample") for _, step in getattr(pipeline, "steps", [])):
                weighting = {"class_weight", "alpha"} & set(pipeline[-1].get_params())
                if isinstance(pipeline[-1], MLPClassifier):
                    weighting.remove("alpha")  # there it is the penalty
                assert all(pipeline[-1].get_params()[key] is None for key in weighting)


def test_a_sampler_before_our_network_samples_in_fit_only():
    table = make_numeric(make_toy(n=200, n_positive=20))
    network = skfocal.FocalMLPClassifier(n_members=1, max_epochs=30, random_state=0)
    seen = []

    class Spy(RandomOverSampler):
        def fit_resample(self, X, y):
            X, y = super().fit_resample(X, y)
            seen.append(np.bincount(y).tolist())
            return X, y

    pipeline = make_pipeline(Spy(random_state=0), network).fit(table.X, table.y)
    assert seen == [[180, 180]]
    probability = pipeline.predict_proba(table.X)
    assert len(probability) == len(pipeline.predict(table.X)) == 200
    assert len(seen) == 1
    plain = clone(network).fit(table.X, table.y).predict_proba(table.X)
    assert plain[:, 1].mean() < 0.2 < probability[:, 1].mean()


def test_lightgbm_is_silent_about_names_and_columns(capfd):
    for name in ("lightgbm", "lightgbm_smote"):  # warnings are errors in the test-suite
        table = make_numeric(make_toy(categorical=True, missing=True))
        build(name, table).fit(table.X, table.y).predict_proba(table.X)
    assert capfd.readouterr() == ("", "")


def test_without_lightgbm_the_arm_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(ImportError, match=r"needs lightgbm: pip install 'skfocal\[benchmark\]'"):
        build("lightgbm", make_numeric(make_toy()))


def test_network_arms_take_gamma_and_alpha():
    table = make_numeric(make_toy())
    models = [build(f"focal_mlp{suffix}", table)[-1] for suffix in ("", "_zero", "_balanced")]
    assert [model.gamma for model in models] == [
        skfocal.FocalMLPClassifier().gamma,
        0.0,
        models[0].gamma,
    ]
    assert [model.alpha for model in models] == [None, None, "balanced"]
    assert models[2].probabilities == "posterior"
    assert {model.device for model in models} == {"cpu"}
    gammas = [c.get("gamma") for c in get_method("focal_mlp").configurations[:4]]
    assert gammas == [None, 2.0, 0.5, 4.0]
