"""Networks whose risks are right on average: calibrate_intercept."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification

from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier

SMALL = {"hidden_layer_sizes": (8,), "n_members": 2, "max_epochs": 2, "random_state": 0}


def table(n_classes=2, n=400):
    X, y = make_classification(
        n_samples=n,
        n_features=6,
        n_informative=4,
        n_classes=n_classes,
        weights=[0.8] if n_classes == 2 else [0.6, 0.3],
        random_state=0,
    )
    return X, y, np.random.default_rng(0).uniform(0.2, 3, n)


def labels(n=400):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 6))
    Y = (X[:, :3] + rng.normal(size=(n, 3)) > [0.5, 1.0, 2.0]).astype(int)
    return X, Y, rng.uniform(0.2, 3, n)


def small(**parameters):
    return FocalMLPClassifier(**(SMALL | parameters))


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_mean_risk_of_the_rows_is_their_weighted_rate(n_classes, gamma):
    X, y, weight = table(n_classes)
    model = small(gamma=gamma).fit(X, y, weight)
    mean = np.average(model.predict_proba(X), axis=0, weights=weight)
    np.testing.assert_allclose(mean, np.bincount(y, weight) / weight.sum(), rtol=1e-5)
    plain = small(gamma=gamma, calibrate_intercept=False).fit(X, y, weight)
    assert not np.allclose(plain.predict_proba(X), model.predict_proba(X), rtol=1e-4)
    assert not np.any(plain.intercept_)
    decision = plain.decision_function(X) + model.intercept_
    if n_classes > 2:
        decision -= np.log(np.exp(decision).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(model.decision_function(X), decision, atol=1e-10)


def test_mean_risk_of_each_label_is_its_rate():
    X, Y, weight = labels()
    model = MultiLabelFocalClassifier(**SMALL, gamma=[0.0, 2.0, 5.0]).fit(X, Y, weight)
    mean = np.average(model.predict_proba(X), axis=0, weights=weight)
    np.testing.assert_allclose(mean, np.average(Y, axis=0, weights=weight), rtol=1e-5)
    assert model.intercept_.shape == (3,)
    vector = MultiLabelFocalClassifier(**SMALL).fit(X, Y[:, 0], weight)
    assert np.average(vector.predict_proba(X)[:, 1], weights=weight) == pytest.approx(
        np.average(Y[:, 0], weights=weight), rel=1e-5
    )


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("probabilities", ["weighted", "posterior"])
@pytest.mark.parametrize("settings", [{"class_weight": "balanced"}, {"loss": "logit_adjusted"}])
def test_class_weights_are_costs_or_removed(settings, probabilities, n_classes):
    X, y, _ = table(n_classes)
    model = small(probabilities=probabilities, **settings).fit(X, y)
    # Both settings weigh a class by its inverse frequency.
    row = (1 / np.bincount(y))[y] if probabilities == "weighted" else np.ones(len(y))
    mean = np.average(model.predict_proba(X), axis=0, weights=row)
    np.testing.assert_allclose(mean, np.bincount(y, row) / row.sum(), rtol=1e-5)


def test_class_weights_of_labels_are_costs():
    X, Y, _ = labels()
    model = MultiLabelFocalClassifier(**SMALL, alpha=[0.5, 0.7, 0.9]).fit(X, Y)
    for j, alpha in enumerate([0.5, 0.7, 0.9]):
        row = np.where(Y[:, j] == 1, alpha, 1 - alpha)
        mean = np.average(model.predict_proba(X)[:, j], weights=row)
        assert mean == pytest.approx(np.average(Y[:, j], weights=row), rel=1e-5)


@pytest.mark.filterwarnings("ignore:.*has no inverse")
@pytest.mark.parametrize("settings", [{"probabilities": "raw"}, {"loss": "asymmetric"}])
def test_raw_probabilities_are_left_alone(settings):
    X, y, _ = table()
    model = small(**settings).fit(X, y)
    assert model.intercept_ == 0
    plain = small(calibrate_intercept=False, **settings).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))


def test_rows_held_out_for_early_stopping_count_too_but_not_those_given():
    X, y, _ = table()
    model = small(early_stopping=True).fit(X, y)
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), rel=1e-5)
    model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert model.predict_proba(X[:300])[:, 1].mean() == pytest.approx(y[:300].mean(), rel=1e-5)


def test_a_continued_fit_finds_it_again_and_partial_fit_leaves_it():
    X, y, _ = table()
    model = small(warm_start=True).fit(X, y)
    model.fit(X[:200], y[:200])
    assert model.predict_proba(X[:200])[:, 1].mean() == pytest.approx(y[:200].mean(), rel=1e-5)
    before = model.intercept_
    assert model.partial_fit(X, y).intercept_ == before != 0
    assert small().partial_fit(X, y, classes=[0, 1]).intercept_ == 0


def test_a_network_of_ones_own_and_the_skorch_net_have_it():
    X, y, _ = table()
    model = small(module=torch.nn.Linear).fit(X, y)
    probability = model.predict_proba(X)
    assert probability[:, 1].mean() == pytest.approx(y.mean(), rel=1e-5)
    np.testing.assert_allclose(
        model.net_.predict_proba(X.astype(np.float32)), probability, atol=1e-6
    )


def test_absent_outcomes_and_classes_without_weight_do_no_harm():
    X, Y, _ = labels()
    Y[:, 1] = 0
    model = MultiLabelFocalClassifier(**SMALL).fit(X, Y)
    assert model.intercept_[1] == 0
    assert np.all(np.isfinite(model.predict_proba(X)))
    _, y, _ = table(3)
    model = small(class_weight={0: 1, 1: 0, 2: 1}).fit(X, y)
    assert model.intercept_[1] == 0
    assert np.all(np.isfinite(model.predict_proba(X)))


def test_a_large_table_uses_a_part_of_its_rows(monkeypatch):
    monkeypatch.setattr("skfocal.posterior._calibrating._MOST_ROWS", 2000)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20_000, 3))
    y = (X[:, 0] + rng.normal(size=20_000) > 2.5).astype(int)
    model = small().fit(X, y)
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), rel=0.1)
    assert model.predict_proba(X)[:, 1].mean() != pytest.approx(y.mean(), rel=1e-5)


@pytest.mark.slow
def test_fresh_rows_have_the_rate_where_events_are_rare():
    def draw(rng):
        X = np.r_[rng.normal(size=(20_000, 4)), rng.normal(size=(40, 4)) + 1]
        return X, np.r_[np.zeros(20_000, int), np.ones(40, int)]

    ratios = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        model = FocalMLPClassifier(2.0, n_members=2, random_state=seed).fit(*draw(rng))
        X, y = draw(rng)
        ratios.append(model.predict_proba(X)[:, 1].mean() / y.mean())
    assert np.mean(ratios) == pytest.approx(1, abs=0.06)
