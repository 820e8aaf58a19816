"""MultiLabelFocalClassifier: labels, shapes, weights for each label, and its split."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.utils import get_tags

from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier

SMALL = {"hidden_layer_sizes": (8,), "n_members": 2, "max_epochs": 3, "random_state": 0}
EXACT = {"dropout": 0.0, "batch_size": 10_000, "learning_rate": "constant"}
LINEAR = EXACT | {
    "hidden_layer_sizes": (),
    "n_members": 1,
    "numeric_embedding": None,
    "weight_decay": 0.0,
    "learning_rate_init": 0.2,
    "learning_rate": "cosine",
    "max_epochs": 250,
    "random_state": 0,
}
REASON = "mini-batches, dropout and float32 cannot meet 1e-7; see test_weights_are_repetitions"


def table(n_labels=3, n=200):
    return make_multilabel_classification(
        n_samples=n, n_features=6, n_classes=n_labels, random_state=0
    )


def small(**parameters):
    return MultiLabelFocalClassifier(**(SMALL | parameters))


class TestShapes:
    def test_multilabel_outputs_have_one_column_a_label(self):
        X, Y = table()
        model = small().fit(X, Y)
        probability, decision, labels = (
            model.predict_proba(X),
            model.decision_function(X),
            model.predict(X),
        )
        assert probability.shape == decision.shape == labels.shape == (200, 3)
        assert model.classes_.tolist() == [0, 1, 2]
        np.testing.assert_allclose(probability, expit(decision), rtol=1e-12)
        np.testing.assert_array_equal(labels, (probability > 0.5).astype(int))
        np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), probability, rtol=1e-12)
        assert 0 <= model.score(X, Y) <= 1

    @pytest.mark.parametrize(
        "convert",
        [
            sparse.csr_array,
            sparse.csr_matrix,
            lambda Y: Y.astype(bool),
            lambda Y: Y.astype(float),
            lambda Y: Y.astype(np.uint8),
            lambda Y: Y.tolist(),
            pd.DataFrame,
        ],
    )
    def test_forms_of_the_indicator(self, convert):
        X, Y = table()
        np.testing.assert_array_equal(
            small().fit(X, convert(Y)).predict_proba(X), small().fit(X, Y).predict_proba(X)
        )

    @pytest.mark.parametrize("labels", [["no", "yes"], [5, 6], [False, True]], ids=str)
    def test_a_vector_or_column_of_two_classes(self, labels):
        X, Y = table(1)
        labels = np.array(labels)
        vector = small().fit(X, labels[Y[:, 0]])
        column = small().fit(X, labels[Y])
        plain = small().fit(X, Y)
        assert vector.predict_proba(X).shape == (200, 2)
        assert column.predict_proba(X).shape == (200, 1)
        np.testing.assert_array_equal(column.predict_proba(X), plain.predict_proba(X))
        np.testing.assert_allclose(
            vector.predict_proba(X)[:, 1:], plain.predict_proba(X), rtol=1e-12
        )
        np.testing.assert_array_equal(vector.predict(X), labels[plain.predict(X)[:, 0]])
        assert vector.classes_.tolist() == labels.tolist()

    def test_a_vector_is_what_the_single_label_estimator_fits(self):
        X, Y = table(1)
        np.testing.assert_allclose(
            small(alpha=0.8).fit(X, Y[:, 0]).predict_proba(X),
            FocalMLPClassifier(alpha=0.8, **SMALL).fit(X, Y[:, 0]).predict_proba(X),
            atol=1e-6,
        )

    def test_constant_labels(self):
        X, Y = table()
        Y[:, 0], Y[:, 1] = 0, 1
        for parameters in ({}, {"alpha": "balanced"}, {"class_weight": "balanced"}):
            for kind in ("weighted", "posterior"):
                model = small(max_epochs=30, probabilities=kind, **parameters).fit(X, Y)
                probability = model.predict_proba(X)
                assert np.all(np.isfinite(probability))
                assert np.all(probability[:, 0] < 0.5)
                assert np.all(probability[:, 1] > 0.5)


class TestObjective:
    def test_linear_network_is_one_regression_a_label(self):
        X, Y = table(n=300)
        model = MultiLabelFocalClassifier(0.0, **LINEAR).fit(X, Y)
        for k in range(3):
            expected = LogisticRegression(C=np.inf, tol=1e-8, max_iter=2000).fit(X, Y[:, k])
            np.testing.assert_allclose(
                model.predict_proba(X)[:, k], expected.predict_proba(X)[:, 1], atol=5e-3
            )

    def test_gamma_and_alpha_for_each_label(self):
        X, Y = table()
        model = small(gamma=[0.0, 2.0, 4.0], alpha=[0.5, 0.9, 0.5], **EXACT).fit(X, Y)
        weight = model.class_weight_
        np.testing.assert_allclose(weight[:, [0, 2]], 1)
        assert weight[1, 1] == pytest.approx(9 * weight[0, 1])
        share = Y.mean(axis=0)
        np.testing.assert_allclose((1 - share) * weight[0] + share * weight[1], 1)
        # Without hidden layers labels share nothing: each is fitted as if it were alone.
        together = MultiLabelFocalClassifier([0.0, 2.0, 4.0], [0.5, 0.9, 0.5], **LINEAR).fit(X, Y)
        alone = MultiLabelFocalClassifier(2.0, 0.9, **LINEAR).fit(X, Y[:, 1])
        np.testing.assert_allclose(
            together.predict_proba(X)[:, 1], alone.predict_proba(X)[:, 1], atol=5e-3
        )
        for wrong in ({"gamma": [1.0, 2.0]}, {"alpha": [0.5, 0.5]}, {"alpha": [0.5, 1.5, 0.5]}):
            with pytest.raises(ValueError, match=r"gamma|alpha"):
                small(**wrong).fit(X, Y)

    @pytest.mark.parametrize("loss", ["asymmetric", "cross_entropy"])
    @pytest.mark.filterwarnings("ignore:.*has no inverse")
    def test_other_losses(self, loss):
        X, Y = table()
        model = small(loss=loss, max_epochs=40, learning_rate_init=0.02).fit(X, Y)
        assert average_precision_score(Y, model.predict_proba(X), average="macro") > 0.75

    def test_weights_are_repetitions(self):
        X, Y = table()
        weight = np.random.default_rng(0).integers(0, 4, len(Y))
        for alpha in (None, "balanced"):
            model = small(alpha=alpha, **EXACT)
            weighted = clone(model).fit(X, Y, sample_weight=weight)
            repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(Y, weight, axis=0))
            np.testing.assert_allclose(
                weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5
            )


class TestEarlyStopping:
    def test_best_weights_are_restored(self):
        X, Y = table(n=300)
        model = small(
            early_stopping=True, max_epochs=40, n_iter_no_change=3, learning_rate_init=0.05
        )
        model.fit(X[:200], Y[:200], X_val=X[200:], y_val=sparse.csr_array(Y[200:]))
        score = average_precision_score(Y[200:], model.predict_proba(X[200:]), average="macro")
        assert score == pytest.approx(max(model.validation_scores_), abs=1e-6)
        assert model.best_epoch_ == 1 + np.argmax(model.validation_scores_)
        inside = small(early_stopping=True).fit(X, Y)
        assert len(inside.validation_scores_) == inside.n_epochs_ == 3
        with pytest.raises(ValueError, match="shape"):
            model.fit(X[:200], Y[:200], X_val=X[200:], y_val=Y[200:, :2])


def test_warm_start():
    X, Y = table()
    whole = small(**EXACT, max_epochs=6).fit(X, Y)
    halves = small(**EXACT, max_epochs=3, warm_start=True)
    halves.fit(X, Y).fit(X, Y)
    np.testing.assert_allclose(halves.predict_proba(X), whole.predict_proba(X), atol=1e-5)
    with pytest.raises(ValueError, match="continues with the labels"):
        halves.fit(X, Y[:, :2])


def test_the_same_seed_gives_the_same_fit():
    X, Y = table()
    first, second = (small(early_stopping=True).fit(X, Y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(small(random_state=1).fit(X, Y).predict_proba(X) - first).max() > 1e-3


def test_tags_tell_the_truth():
    tags = get_tags(MultiLabelFocalClassifier())
    assert tags.classifier_tags.multi_label
    assert not tags.classifier_tags.multi_class
    assert tags.input_tags.sparse
    names = set(MultiLabelFocalClassifier().get_params())
    assert set(MultiLabelFocalClassifier._parameter_constraints) == names
