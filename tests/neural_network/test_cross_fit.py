"""Out-of-fold scores from one fit: what they have seen, and what is made of them."""

import pickle

import numpy as np
import pytest
import torch
from scipy.special import expit, logit
from sklearn.metrics import average_precision_score, f1_score, log_loss

from skfocal.neural_network._base import NeuralClassifier
from skfocal.neural_network._cross_fitting import leave_out, member_weights, unseen_scores
from skfocal.neural_network._settings import Rows
from skfocal.neural_network.training._batches import RowBatches
from skfocal.nn import TabularMLP, forward_with_memory, set_gradients
from tests.neural_network.networks import (
    EXACT,
    MLP,
    MULTILABEL,
    both,
    classes_table,
    crossed,
    labels_table,
    small,
    table,
)


def mean_of_unseen(model, X, left_out):
    """Log-odds of the members that leave a row out, by torch and the mean of probabilities."""
    rows = torch.tensor((X - model.mean_) / model.scale_, dtype=torch.float32)
    with torch.no_grad():
        scores = model.to_torch()(rows).double().numpy()[..., 0]
    return logit(np.mean([expit(scores[left_out[c], np.arange(len(X))]) for c in range(2)], axis=0))


@pytest.fixture
def fixed_folds(monkeypatch):
    """Folds that do not depend on the labels, of which a flipped one would change all."""

    def cut(self, codes, n_folds, seed, groups):
        fold = (np.arange(len(codes)) // (1 + seed % 3)) % n_folds
        return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)]

    for cls in (MLP, MULTILABEL):
        monkeypatch.setattr(cls, "_cut_folds", cut)


# --- no score has seen its label ------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n_members": 8, "gamma": 2.0},
        {"n_members": 5, "activation": "tanh", "hidden_layer_sizes": (8, 4)},
        {"batch_norm": True},
        {"numeric_embedding": None},
        {"initial_bias": "best", "warm_up": 1},
        {"loss": "cross_entropy", "optimizer": "sgd"},
    ],
    ids=str,
)
@pytest.mark.parametrize("target", ["two classes", "three classes", "labels"])
def test_a_score_does_not_depend_on_the_label_of_its_row(fixed_folds, settings, target):
    cls = MULTILABEL if target == "labels" else MLP
    X, y = labels_table() if target == "labels" else classes_table(3 if "three" in target else 2)
    model = crossed(cls, calibrate_intercept=False, **settings)
    before = model.fit(X, y).oof_decision_function_
    row = 17
    y[row] = 1 - y[row] if target != "three classes" else (y[row] + 1) % 3
    after = model.fit(X, y).oof_decision_function_
    np.testing.assert_array_equal(after[row], before[row])
    others = np.delete(np.arange(len(X)), row)
    assert np.mean(after[others] != before[others]) > 0.5


def test_without_cross_fitting_the_score_would_depend_on_it(fixed_folds, monkeypatch):
    # What the test above rests on: waves and biases of each member, and rows without weight.
    X, y = classes_table()
    flipped = y.copy()
    flipped[17] = 1 - y[17]

    def changes():
        model = crossed(calibrate_intercept=False)
        scores = [model.fit(X, labels).oof_decision_function_[17] for labels in (y, flipped)]
        return scores[0] != scores[1]

    assert not changes()
    with monkeypatch.context() as patch:
        settings = NeuralClassifier._network_settings
        patch.setattr(
            NeuralClassifier, "_network_settings", lambda self, n, own: settings(self, n, False)
        )
        assert changes()
    with monkeypatch.context() as patch:
        patch.setattr(
            "skfocal.neural_network.training._fit.member_weights",
            lambda left_out, weight, n_members: np.ones((n_members, left_out.shape[1])),
        )
        assert changes()


def test_the_score_is_the_mean_probability_of_the_members_that_leave_a_row_out():
    X, y = classes_table()
    model = crossed(n_members=8, gamma=0.0, calibrate_intercept=False).fit(X, y)
    seed = model._draw_seed()
    rows = model._leave_out(Rows(X, y, None), None, seed)
    expected = mean_of_unseen(model, X, rows.left_out)
    np.testing.assert_allclose(model.oof_decision_function_, expected, rtol=1e-4, atol=1e-4)
    assert np.all(model.oof_decision_function_ != model.decision_function(X))


def test_overfitting_shows_in_these_scores_alone():
    X, _ = classes_table()
    y = np.random.default_rng(0).integers(2, size=len(X))  # nothing to learn
    model = crossed(n_members=8, hidden_layer_sizes=(64,), max_epochs=60).fit(X, y)
    seen = average_precision_score(y, model.predict_proba(X)[:, 1])
    unseen = average_precision_score(y, model.oof_decision_function_)
    assert seen > 0.75
    assert unseen == pytest.approx(y.mean(), abs=0.1)


# --- folds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_members", "sizes"), [(2, [2]), (5, [5]), (8, [4, 4]), (9, [5, 4])])
def test_each_row_is_left_out_once_in_each_cut(n_members, sizes):
    X, y = classes_table(rare=0.1)
    model = crossed(n_members=n_members)
    left_out = model._leave_out(Rows(X, y, None), None, 0).left_out
    assert left_out.shape == (len(sizes), len(y))
    first = 0
    for cut, size in zip(left_out, sizes, strict=True):
        assert set(cut) == set(range(first, first + size))
        positives = np.bincount(cut[y == 1] - first, minlength=size)
        assert np.ptp(positives) <= 1
        assert np.ptp(np.bincount(cut - first)) <= 2
        first += size
    if len(sizes) > 1:
        assert np.any((left_out[0] == 0) != (left_out[1] == sizes[0]))


def test_labels_are_stratified():
    X, Y = labels_table()
    left_out = crossed(MULTILABEL, n_members=4)._leave_out(Rows(X, Y, None), None, 0).left_out[0]
    for label in Y.T:
        assert np.ptp(np.bincount(left_out[label == 1], minlength=4)) <= 3


@both
def test_groups_stay_together_and_reach_the_fit(cls, monkeypatch):
    X, y = table(cls)
    groups = np.arange(len(X)) % 40
    seen = []
    fit = NeuralClassifier._fit_rows

    def record(self, rows, *args):
        seen.append(rows)
        return fit(self, rows, *args)

    monkeypatch.setattr(NeuralClassifier, "_fit_rows", record)
    weight = np.ones(len(X))
    weight[:3] = 0
    model = crossed(cls, n_members=8).fit(X, y, sample_weight=weight, groups=groups.astype(str))
    assert len(model.oof_decision_function_) == len(X)
    assert seen[0].left_out.shape == (2, len(X) - 3)
    for group in range(40):
        assert np.all(np.ptp(seen[0].left_out[:, groups[3:] == group], axis=1) == 0)
    crossed(cls, n_members=8).fit(X, y)
    assert any(
        np.any(np.ptp(seen[1].left_out[:, groups == group], axis=1) > 0) for group in range(40)
    )


@both
def test_the_same_seed_gives_the_same_folds_and_another_one_others(cls):
    X, y = table(cls)
    scores = [crossed(cls, random_state=s).fit(X, y).oof_decision_function_ for s in (0, 0, 1)]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert np.all(scores[0] != scores[2])


def test_leave_out_and_weights_by_hand():
    def cut(codes, n_folds, seed, groups):
        assert (len(codes), n_folds, seed, groups) == (4, 2, 3, None)
        return [(np.array([0, 3]), np.array([1, 2])), (np.array([1, 2]), np.array([0, 3]))]

    left_out = leave_out(np.array([0, 0, 1, 1]), 2, cut, 3)
    np.testing.assert_array_equal(left_out, [[1, 0, 0, 1]])
    np.testing.assert_array_equal(
        member_weights(left_out, np.array([1.0, 1.0, 1.0, 3.0]), 2), [[1, 0, 0, 3], [0, 2, 2, 0]]
    )
    scores = np.arange(8.0).reshape(2, 4, 1)
    np.testing.assert_array_equal(unseen_scores(scores, left_out)[..., 0], [[4, 1, 2, 7]])
    # The first member would see one class only.
    assert leave_out(np.array([0, 1, 1, 0]), 2, cut, 3) is None
    assert leave_out(np.array([0, 0, 1]), 4, cut, 0) is None


# --- weights --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["classes", "labels", "vector"])
def test_rows_without_weight_are_as_absent_and_have_the_score_of_all_members(form):
    cls = MLP if form == "classes" else MULTILABEL
    X, y = table(cls)
    y = y[:, 0] if form == "vector" else y
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X))
    weight[::7] = 0
    kept = weight > 0
    model = crossed(cls).fit(X, y, sample_weight=weight)
    without = crossed(cls).fit(X[kept], y[kept], sample_weight=weight[kept])
    assert model.oof_decision_function_.shape == model.decision_function(X).shape
    np.testing.assert_array_equal(
        model.oof_decision_function_[kept], without.oof_decision_function_
    )
    np.testing.assert_array_equal(
        model.oof_decision_function_[~kept], model.decision_function(X)[~kept]
    )


def test_weights_are_repetitions(monkeypatch):
    X, y = classes_table(n=60)
    count = np.random.default_rng(0).integers(1, 4, len(X))
    row = np.repeat(np.arange(len(X)), count)

    def cut(self, codes, n_folds, seed, groups):
        fold = (row if len(codes) > 60 else np.arange(60)) % n_folds
        return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)]

    monkeypatch.setattr(MLP, "_cut_folds", cut)
    settings = EXACT | {"max_epochs": 20}
    weighted = crossed(**settings).fit(X, y, sample_weight=count)
    repeated = crossed(**settings).fit(X[row], y[row])
    first = np.unique(row, return_index=True)[1]
    np.testing.assert_allclose(
        weighted.oof_decision_function_, repeated.oof_decision_function_[first], atol=1e-4
    )


# --- what is made of them -------------------------------------------------------------------------


@both
@pytest.mark.parametrize("scoring", ["average_precision", "neg_log_loss"])
def test_early_stopping_watches_them_and_all_rows_train(cls, scoring, passes, monkeypatch):
    sizes = []
    make = RowBatches.__init__

    def record(self, X, *args, **kwargs):
        sizes.append(len(X))
        make(self, X, *args, **kwargs)

    monkeypatch.setattr(RowBatches, "__init__", record)
    X, y = table(cls)
    model = crossed(
        cls, early_stopping=True, scoring=scoring, max_epochs=8, calibrate_intercept=False
    ).fit(X, y)
    assert sizes == [len(X)]
    assert {len(p.X) for p in passes if not p.training} == {len(X)}
    scores = model.oof_decision_function_
    if scoring == "average_precision":
        expected = average_precision_score(y, scores)
    else:
        pairs = zip(np.reshape(y, (len(y), -1)).T, np.reshape(scores, (len(y), -1)).T, strict=True)
        expected = -np.mean([log_loss(label, expit(column)) for label, column in pairs])
    assert max(model.validation_scores_) == pytest.approx(expected, abs=1e-5)
    assert model.validation_scores_[model.best_epoch_ - 1] == max(model.validation_scores_)


def test_rows_of_the_users_are_watched_instead(passes):
    X, y = classes_table()
    model = crossed(early_stopping=True).fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    assert {len(p.X) for p in passes if not p.training} == {50}
    assert len(model.oof_decision_function_) == 150


def test_the_constant_makes_their_mean_risk_the_rate():
    X, y = classes_table(rare=0.2)
    weight = np.random.default_rng(0).uniform(0.2, 3, len(X))
    model = crossed(n_members=8, max_epochs=10).fit(X, y, sample_weight=weight)
    risk = np.average(expit(model.oof_decision_function_), weights=weight)
    assert risk == pytest.approx(np.average(y, weights=weight), rel=1e-6)
    X, Y = labels_table()
    model = crossed(MULTILABEL, gamma=[0.0, 2.0, 5.0]).fit(X, Y)
    risk = expit(model.oof_decision_function_).mean(axis=0)
    np.testing.assert_allclose(risk, Y.mean(axis=0), rtol=1e-6)
    X, y = classes_table(3)
    model = crossed().fit(X, y)
    risk = np.exp(model.oof_decision_function_)
    np.testing.assert_allclose(risk.sum(axis=1), 1)
    np.testing.assert_allclose(risk.mean(axis=0), np.bincount(y) / len(y), rtol=1e-6)


def test_a_sample_of_many_rows_gives_the_constant(monkeypatch):
    import skfocal.posterior._calibrating as calibrating

    X, y = classes_table(n=2000, rare=0.2)
    exact = crossed().fit(X, y).intercept_
    monkeypatch.setattr(calibrating, "_MOST_ROWS", 1000)
    assert crossed().fit(X, y).intercept_ == pytest.approx(exact, abs=0.1)


@pytest.mark.parametrize("form", ["labels", "vector"])
def test_thresholds_come_from_the_same_fit(form, monkeypatch):
    X, Y = labels_table()
    y = Y[:, 0] if form == "vector" else Y
    n_trained = []
    train = NeuralClassifier._train

    def record(self, *args, **kwargs):
        n_trained.append(1)
        train(self, *args, **kwargs)

    monkeypatch.setattr(NeuralClassifier, "_train", record)
    model = crossed(MULTILABEL, thresholds="f1", max_epochs=10).fit(X, y)
    assert len(n_trained) == 1
    scores = model.oof_decision_function_.reshape(len(X), -1)
    for label, column, cut in zip(
        np.reshape(y, (len(X), -1)).T, scores.T, logit(model.thresholds_), strict=True
    ):
        best = max(f1_score(label, column >= z) for z in column)
        assert f1_score(label, column > cut + 1e-12) == pytest.approx(best)


# --- prediction, state ----------------------------------------------------------------------------


@both
def test_pickles_and_numpy_predict_as_torch_does(cls):
    X, y = table(cls)
    model = crossed(cls, n_members=3, gamma=0.0, probabilities="raw").fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(again.oof_decision_function_, model.oof_decision_function_)
    rows = torch.tensor((X - model.mean_) / model.scale_, dtype=torch.float32)
    with torch.no_grad():
        risk = model.to_torch()(rows).sigmoid().mean(dim=0).numpy()
    expected = risk if cls is MULTILABEL else np.hstack([1 - risk, risk])
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-5)
    net = model.net_.predict_proba(X.astype(np.float32))
    np.testing.assert_allclose(net, expected, atol=1e-5)


def test_a_fit_without_it_forgets_the_scores_and_can_go_on():
    X, y = classes_table()
    model = crossed().fit(X, y)
    before = model.decision_function(X)
    model.set_params(cross_fit=False, warm_start=True, learning_rate_init=1e-9).fit(X, y)
    assert not hasattr(model, "oof_decision_function_")
    np.testing.assert_allclose(model.decision_function(X), before, atol=0.5)
    model.partial_fit(X, y)
    assert not hasattr(small().fit(X, y), "oof_decision_function_")


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_written_gradient_of_own_waves_is_that_of_autograd(activation):
    torch.manual_seed(0)
    network = TabularMLP(
        5, 2, n_members=3, own_waves=True, hidden_layer_sizes=(7,), activation=activation, dropout=0
    ).double()
    assert network.frequencies.shape == (3, 1, 5, 4)
    X, factor = torch.randn(11, 5).double(), torch.randn(3, 11, 2).double()
    (network(X) * factor).sum().backward()
    expected = {name: value.grad.clone() for name, value in network.named_parameters()}
    with torch.no_grad():
        scores, memory = forward_with_memory(network, X)
        set_gradients(network, memory, factor)
    torch.testing.assert_close(scores, network(X))
    for name, value in network.named_parameters():
        assert value.grad.stride() == value.stride()
        torch.testing.assert_close(value.grad, expected[name])
