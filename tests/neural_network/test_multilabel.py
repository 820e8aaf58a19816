"""MultiLabelFocalClassifier: labels, shapes, weights for each label, and its split."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict

from tests.neural_network.networks import EXACT, MULTILABEL, labels_table, small

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


class TestShapes:
    def test_multilabel_outputs_have_one_column_a_label(self):
        X, Y = labels_table()
        model = small(MULTILABEL).fit(X, Y)
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
        X, Y = labels_table()
        np.testing.assert_array_equal(
            small(MULTILABEL).fit(X, convert(Y)).predict_proba(X),
            small(MULTILABEL).fit(X, Y).predict_proba(X),
        )

    @pytest.mark.parametrize("labels", [["no", "yes"], [5, 6], [False, True]], ids=str)
    def test_a_vector_or_column_of_two_classes(self, labels):
        X, Y = labels_table(1)
        labels = np.array(labels)
        vector = small(MULTILABEL).fit(X, labels[Y[:, 0]])
        column = small(MULTILABEL).fit(X, labels[Y])
        plain = small(MULTILABEL).fit(X, Y)
        assert vector.predict_proba(X).shape == (200, 2)
        assert column.predict_proba(X).shape == (200, 1)
        np.testing.assert_array_equal(column.predict_proba(X), plain.predict_proba(X))
        np.testing.assert_allclose(
            vector.predict_proba(X)[:, 1:], plain.predict_proba(X), rtol=1e-12
        )
        np.testing.assert_array_equal(vector.predict(X), labels[plain.predict(X)[:, 0]])
        assert vector.classes_.tolist() == labels.tolist()

    @pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
    @pytest.mark.parametrize("n_labels", [1, 3])
    def test_out_of_fold_predictions_have_one_column_a_label(self, method, n_labels):
        X, Y = labels_table(n_labels)
        model = small(MULTILABEL)
        assert cross_val_predict(model, X, Y, cv=2, method=method).shape == (200, n_labels)
        assert model.fit(X, Y).classes_.tolist() == list(range(n_labels))

    def test_a_vector_is_what_the_single_label_estimator_fits(self):
        X, Y = labels_table(1)
        np.testing.assert_allclose(
            small(MULTILABEL, alpha=0.8).fit(X, Y[:, 0]).predict_proba(X),
            small(alpha=0.8).fit(X, Y[:, 0]).predict_proba(X),
            atol=1e-6,
        )

    def test_constant_labels(self):
        X, Y = labels_table()
        Y[:, 0], Y[:, 1] = 0, 1
        for parameters in ({}, {"alpha": "balanced"}, {"class_weight": "balanced"}):
            for kind in ("weighted", "posterior"):
                model = small(MULTILABEL, max_epochs=30, probabilities=kind, **parameters).fit(X, Y)
                probability = model.predict_proba(X)
                assert np.all(np.isfinite(probability))
                assert np.all(probability[:, 0] < 0.5)
                assert np.all(probability[:, 1] > 0.5)


class TestObjective:
    def test_linear_network_is_one_regression_a_label(self):
        X, Y = labels_table(n=300)
        model = MULTILABEL(0.0, **LINEAR).fit(X, Y)
        for k in range(3):
            expected = LogisticRegression(C=np.inf, tol=1e-8, max_iter=2000).fit(X, Y[:, k])
            np.testing.assert_allclose(
                model.predict_proba(X)[:, k], expected.predict_proba(X)[:, 1], atol=5e-3
            )

    def test_gamma_and_alpha_for_each_label(self):
        X, Y = labels_table()
        model = small(MULTILABEL, gamma=[0.0, 2.0, 4.0], alpha=[0.5, 0.9, 0.5], **EXACT).fit(X, Y)
        weight = model.class_weight_
        np.testing.assert_allclose(weight[:, [0, 2]], 1)
        assert weight[1, 1] == pytest.approx(9 * weight[0, 1])
        share = Y.mean(axis=0)
        np.testing.assert_allclose((1 - share) * weight[0] + share * weight[1], 1)
        # Without hidden layers labels share nothing: each is fitted as if it were alone.
        together = MULTILABEL([0.0, 2.0, 4.0], [0.5, 0.9, 0.5], **LINEAR).fit(X, Y)
        alone = MULTILABEL(2.0, 0.9, **LINEAR).fit(X, Y[:, 1])
        np.testing.assert_allclose(
            together.predict_proba(X)[:, 1], alone.predict_proba(X)[:, 1], atol=5e-3
        )
        for wrong in ({"gamma": [1.0, 2.0]}, {"alpha": [0.5, 0.5]}, {"alpha": [0.5, 1.5, 0.5]}):
            with pytest.raises(ValueError, match=r"gamma|alpha"):
                small(MULTILABEL, **wrong).fit(X, Y)

    @pytest.mark.parametrize("loss", ["asymmetric", "cross_entropy"])
    @pytest.mark.filterwarnings("ignore:.*has no inverse")
    def test_other_losses(self, loss):
        X, Y = labels_table()
        model = small(MULTILABEL, loss=loss, max_epochs=40, learning_rate_init=0.02).fit(X, Y)
        assert average_precision_score(Y, model.predict_proba(X), average="macro") > 0.75


class TestEarlyStopping:
    def test_best_weights_are_restored(self):
        X, Y = labels_table(n=300)
        model = small(
            MULTILABEL,
            early_stopping=True,
            max_epochs=40,
            n_iter_no_change=3,
            learning_rate_init=0.05,
        )
        model.fit(X[:200], Y[:200], X_val=X[200:], y_val=sparse.csr_array(Y[200:]))
        score = average_precision_score(Y[200:], model.predict_proba(X[200:]), average="macro")
        assert score == pytest.approx(max(model.validation_scores_), abs=1e-6)
        assert model.best_epoch_ == 1 + np.argmax(model.validation_scores_)
        inside = small(MULTILABEL, early_stopping=True).fit(X, Y)
        assert len(inside.validation_scores_) == inside.n_epochs_ == 3
        with pytest.raises(ValueError, match="shape"):
            model.fit(X[:200], Y[:200], X_val=X[200:], y_val=Y[200:, :2])


def test_warm_start():
    X, Y = labels_table()
    whole = small(MULTILABEL, **EXACT, max_epochs=6).fit(X, Y)
    halves = small(MULTILABEL, **EXACT, max_epochs=3, warm_start=True)
    halves.fit(X, Y).fit(X, Y)
    np.testing.assert_allclose(halves.predict_proba(X), whole.predict_proba(X), atol=1e-5)
    with pytest.raises(ValueError, match="continues with the labels"):
        halves.fit(X, Y[:, :2])
