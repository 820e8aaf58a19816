"""Thresholds of the labels: what is tuned, on which rows, and what predict makes of it."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score

from skfocal.neural_network import MultiLabelFocalClassifier
from skfocal.neural_network._settings import Rows
from skfocal.neural_network._thresholds import tune_f1

SMALL = {"hidden_layer_sizes": (8,), "n_members": 1, "max_epochs": 20, "random_state": 0}


def rare_labels(n=400):
    X, Y = make_multilabel_classification(n, 8, n_classes=4, n_labels=1, random_state=0)
    return X, Y


class TestTuneF1:
    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(5))
    def test_no_threshold_is_better(self, seed):
        rng = np.random.default_rng(seed)
        z = rng.normal(-1, 1, (60, 3)).round(1)  # with ties
        Y = (z + rng.logistic(size=z.shape) > 1).astype(int)
        weight = rng.integers(1, 4, 60).astype(float)
        cuts = tune_f1(Y, z, weight)
        for label in range(3):
            grid = np.concatenate([[0.0], z[:, label] - 0.01, z[:, label] + 0.01])
            scores = [
                f1_score(Y[:, label], z[:, label] > cut, sample_weight=weight, zero_division=0)
                for cut in grid
            ]
            mine = f1_score(Y[:, label], z[:, label] > cuts[label], sample_weight=weight)
            assert mine == pytest.approx(max(scores))

    def test_by_hand(self):
        z = np.array([[3.0], [1.0], [-1.0], [-2.0]])
        assert tune_f1(np.array([[1], [1], [1], [0]]), z, None) == [-1.5]
        assert tune_f1(np.array([[1], [0], [0], [0]]), z, None) == [2.0]
        # All rows: below the last.
        cut = tune_f1(np.array([[0], [1], [0], [1]]), z, None)[0]
        assert -2.1 < cut < -2.0
        # Nothing is better than 0.5.
        assert tune_f1(np.array([[1], [1], [0], [0]]), z, None) == [0.0]

    def test_one_outcome_only(self):
        z = np.array([[3.0, 3.0], [1.0, 1.0]])
        np.testing.assert_array_equal(tune_f1(np.array([[0, 1], [0, 1]]), z, None), [0.0, 0.0])


def test_scores_are_of_rows_left_out(monkeypatch):
    X, Y = rare_labels(200)
    X[:, 0] = np.arange(200)  # row ids
    log = []
    fit, score = MultiLabelFocalClassifier._fit_rows, MultiLabelFocalClassifier._log_odds
    settings = SMALL | {"max_epochs": 2, "calibrate_intercept": False}
    model = MultiLabelFocalClassifier(**settings).fit(X, Y)

    def recording_fit(self, rows, *args):
        self.seen_ = set(rows.X[:, 0])
        return fit(self, rows, *args)

    def recording_score(self, X):
        log.append((self.seen_, set(X[:, 0])))
        return score(self, X)

    monkeypatch.setattr(MultiLabelFocalClassifier, "_fit_rows", recording_fit)
    monkeypatch.setattr(MultiLabelFocalClassifier, "_log_odds", recording_score)
    model._cross_fit(Rows(X, Y, None), None, seed=0)
    assert len(log) == 5
    assert all(not seen & scored for seen, scored in log)
    assert sorted(row for _, scored in log for row in scored) == list(range(200))


@pytest.mark.slow
@pytest.mark.parametrize("names", [np.array([0, 1]), np.array(["no", "yes"])])
@pytest.mark.parametrize("form", ["vector", "column"])
def test_a_class_that_a_fold_lacks(names, form):
    X, _ = rare_labels(100)
    y = names[(np.arange(100) == 3).astype(int)]
    y = y if form == "vector" else y[:, None]
    model = MultiLabelFocalClassifier(
        thresholds="f1", class_weight=dict(zip(names.tolist(), [1, 3], strict=True)), **SMALL
    ).fit(X, y)
    assert model.thresholds_.shape == (1,)


@pytest.mark.slow
def test_tuned_is_never_worse_than_half():
    X, Y = rare_labels()
    model = MultiLabelFocalClassifier(thresholds="f1", **SMALL).fit(X, Y)
    decision = model._cross_fit(Rows(X, Y, None), None, seed=model._draw_seed())
    cuts = np.log(model.thresholds_) - np.log1p(-model.thresholds_)
    for j in range(Y.shape[1]):
        tuned = f1_score(Y[:, j], decision[:, j] > cuts[j] + 1e-12, zero_division=0)
        assert tuned >= f1_score(Y[:, j], decision[:, j] > 0, zero_division=0)
    assert np.any(model.thresholds_ != 0.5)
    # It is the final model that predicts, fitted on all rows.
    plain = MultiLabelFocalClassifier(**SMALL).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), plain.predict_proba(X) > model.thresholds_)
    macro = {
        name: f1_score(Y, m.predict(X), average="macro", zero_division=0)
        for name, m in {"tuned": model, "half": plain}.items()
    }
    assert macro["tuned"] > macro["half"]


def test_a_constant_label_keeps_half_and_warns():
    X, Y = rare_labels(150)
    Y = np.column_stack([Y, np.zeros(150, dtype=int), np.ones(150, dtype=int)])
    with pytest.warns(UserWarning, match=r"labels \[4, 5\] have one outcome only") as caught:
        model = MultiLabelFocalClassifier(thresholds="f1", **SMALL).fit(X, Y)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(model.thresholds_[4:], 0.5)
    assert np.all(model.predict(X)[:, 4:] == [0, 1])


def test_given_thresholds_and_none():
    X, Y = rare_labels()
    none = MultiLabelFocalClassifier(**SMALL).fit(X, Y)
    np.testing.assert_array_equal(none.thresholds_, 0.5)
    given = MultiLabelFocalClassifier(thresholds=[0.1, 0.2, 0.3, 0.999], **SMALL).fit(X, Y)
    np.testing.assert_allclose(given.thresholds_, [0.1, 0.2, 0.3, 0.999])
    np.testing.assert_array_equal(given.predict(X), none.predict_proba(X) > [0.1, 0.2, 0.3, 0.999])


@pytest.mark.slow
def test_one_column_and_a_vector_of_names():
    X, Y = rare_labels()
    names = np.where(Y[:, 0] == 1, "yes", "no")
    vector = MultiLabelFocalClassifier(thresholds=[0.2], **SMALL).fit(X, names)
    expected = np.where(vector.predict_proba(X)[:, 1] > 0.2, "yes", "no")
    np.testing.assert_array_equal(vector.predict(X), expected)
    tuned = MultiLabelFocalClassifier(thresholds="f1", **SMALL).fit(X, names)
    column = MultiLabelFocalClassifier(thresholds="f1", **SMALL).fit(X, Y[:, :1])
    np.testing.assert_array_equal(tuned.thresholds_, column.thresholds_)
    assert tuned.thresholds_.shape == (1,)


def test_weights_validation_rows_and_sparse_targets_reach_the_folds():
    from scipy import sparse

    X, Y = rare_labels(200)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X))
    settings = SMALL | {"early_stopping": True, "thresholds": "f1", "max_epochs": 5}
    dense = MultiLabelFocalClassifier(**settings).fit(
        X, Y, sample_weight=weight, X_val=X[:50], y_val=Y[:50]
    )
    csr = MultiLabelFocalClassifier(**settings).fit(
        sparse.csr_array(X), sparse.csr_array(Y), sample_weight=weight, X_val=X[:50], y_val=Y[:50]
    )
    np.testing.assert_allclose(csr.thresholds_, dense.thresholds_, atol=1e-4)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "accuracy"])
def test_other_metrics_are_refused(metric):
    X, Y = rare_labels()
    with pytest.raises(ValueError, match=f"'f1' or 4 values.*{metric}.*does not depend"):
        MultiLabelFocalClassifier(thresholds=metric, **SMALL).fit(X, Y)


@pytest.mark.parametrize("bad", [[0.5], [0.5, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 0.5], [[0.5] * 4]])
def test_bad_thresholds(bad):
    X, Y = rare_labels()
    with pytest.raises(ValueError, match="'f1' or 4 values in"):
        MultiLabelFocalClassifier(thresholds=bad, **SMALL).fit(X, Y)


def test_an_interrupt_leaves_half(monkeypatch):
    X, Y = rare_labels()
    epochs = []

    def interrupt(self, *args, **kwargs):
        epochs.append(1)
        if len(epochs) > 25:  # in the first fold
            raise KeyboardInterrupt
        return evaluate(self, *args, **kwargs)

    from skfocal.losses import FocalLoss

    evaluate = FocalLoss.evaluate
    monkeypatch.setattr(FocalLoss, "evaluate", interrupt)
    settings = SMALL | {"batch_size": 1000}
    with pytest.warns(UserWarning, match="thresholds are not tuned and stay 0.5") as caught:
        model = MultiLabelFocalClassifier(thresholds="f1", **settings).fit(X, Y)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(model.thresholds_, 0.5)
    np.testing.assert_array_equal(model._cuts, 0)
    assert len(model.loss_curve_) == 20


class TestPartialFit:
    def test_ten_calls_are_ten_epochs(self):
        X, Y = rare_labels()
        settings = SMALL | {
            "dropout": 0.0,
            "batch_size": 1000,
            "learning_rate": "constant",
            "calibrate_intercept": False,
        }
        whole = MultiLabelFocalClassifier(**(settings | {"max_epochs": 10})).fit(X, Y)
        parts = MultiLabelFocalClassifier(**settings)
        for _ in range(10):
            parts.partial_fit(X, Y)
        np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=1e-5)
        assert parts.n_epochs_ == 10

    def test_a_label_may_come_later(self):
        X, Y = rare_labels()
        early = Y.copy()
        early[:, 2] = 0
        model = MultiLabelFocalClassifier(**SMALL).partial_fit(X, early)
        before = model.predict_proba(X)[:, 2].mean()
        for _ in range(15):
            model.partial_fit(X, Y)
        assert 0 < before < model.predict_proba(X)[:, 2].mean()

    def test_the_first_call_freezes_scaling_and_bias(self):
        X, Y = rare_labels()
        model = MultiLabelFocalClassifier(**SMALL).partial_fit(X, Y)
        mean = model.mean_.copy()
        model.partial_fit(X + 100, Y)
        np.testing.assert_array_equal(model.mean_, mean)

    def test_a_vector_of_names(self):
        X, Y = rare_labels()
        names = np.where(Y[:, 0] == 1, "yes", "no")
        model = MultiLabelFocalClassifier(**SMALL)
        for _ in range(20):
            model.partial_fit(X, names, classes=["yes", "no"])
        assert set(model.predict(X)) == {"yes", "no"}
        assert np.mean(model.predict(X) == names) > 0.6
        with pytest.raises(ValueError, match="maybe"):
            model.partial_fit(X, np.where(Y[:, 0] == 1, "maybe", "no"))

    def test_thresholds_that_are_given_hold(self):
        X, Y = rare_labels()
        model = MultiLabelFocalClassifier(thresholds=[0.3] * 4, **SMALL).partial_fit(X, Y)
        np.testing.assert_allclose(model.thresholds_, 0.3)

    @pytest.mark.parametrize(
        "parameters", [{"alpha": "balanced"}, {"class_weight": "balanced"}, {"thresholds": "f1"}]
    )
    def test_needs_no_whole_set(self, parameters):
        model = MultiLabelFocalClassifier(**parameters)
        assert not hasattr(model, "partial_fit")
        with pytest.raises(AttributeError) as caught:
            model.partial_fit(*rare_labels())
        (name,) = parameters
        assert f"{name}='{parameters[name]}' needs the whole" in str(caught.value.__cause__)

    @pytest.mark.parametrize(
        "parameters, arguments, message",
        [
            ({}, {"classes": [0, 1]}, r"4 labels has the classes \[0, 1, 2, 3\]"),
            ({}, {"y": "vector"}, "needs classes=, its two classes, got None"),
            ({}, {"y": "vector", "classes": [0, 1, 2]}, "two classes, got"),
        ],
    )
    def test_refused(self, parameters, arguments, message):
        X, Y = rare_labels()
        y = Y[:, 0] if "y" in arguments else Y
        model = MultiLabelFocalClassifier(**(SMALL | parameters))
        with pytest.raises(ValueError, match=message):
            model.partial_fit(X, y, classes=arguments.get("classes"))

    def test_other_labels_in_a_later_call(self):
        X, Y = rare_labels()
        model = MultiLabelFocalClassifier(**SMALL).partial_fit(X, Y)
        with pytest.raises(ValueError, match=r"shape \(n_samples, 4\)"):
            model.partial_fit(X, Y[:, :3])
        with pytest.raises(ValueError, match="indicator"):
            model.partial_fit(X, 2 * Y)


def test_thresholds_are_probabilities():
    X, Y = rare_labels()
    model = MultiLabelFocalClassifier(thresholds="f1", **SMALL).fit(X, Y)
    np.testing.assert_array_equal(model.thresholds_, expit(model._cuts))
