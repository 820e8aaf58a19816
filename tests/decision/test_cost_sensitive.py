"""The cheapest decision: against the rule written out, and as scikit-learn wants a classifier."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from skfocal import FocalLogisticRegression
from skfocal.decision import CostSensitiveClassifier, expected_cost_score
from skfocal.posterior import HonestClassifier, adjust_prevalence

X, Y = make_classification(400, 6, n_informative=4, weights=[0.85], random_state=0)
X3, Y3 = make_classification(300, 6, n_informative=4, n_classes=3, random_state=0)
COSTS = {"fn": 20, "fp": 2}
BALANCED = LogisticRegression(class_weight="balanced")
TABLE = np.array([[0.0, 3, 1], [5, -1, 2], [9, 4, 0.5]])


@parametrize_with_checks([CostSensitiveClassifier(FocalLogisticRegression())])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("labels", [[0, 1], ["ok", "sick"], [False, True]])
def test_two_classes_have_the_threshold_of_their_costs(labels):
    y = np.array(labels)[Y]
    model = CostSensitiveClassifier(LogisticRegression(), COSTS).fit(X, y)
    risk = LogisticRegression().fit(X, y).predict_proba(X)[:, 1]
    expected = model.classes_[(risk > 2 / 22).astype(int)]
    np.testing.assert_array_equal(model.predict(X), expected)
    assert 0.2 < np.mean(model.predict(X) == model.classes_[1]) < 0.9


def test_several_classes_by_the_rule_written_out():
    model = CostSensitiveClassifier(LogisticRegression(), TABLE).fit(X3, Y3)
    for row, decision in zip(model.predict_proba(X3), model.predict(X3), strict=True):
        prices = [sum(row[k] * TABLE[k, j] for k in range(3)) for j in range(3)]
        assert prices[decision] == min(prices)


def test_honest_probabilities_make_it_cheaper_than_any_threshold():
    class Honest(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict_proba(self, X):
            return np.column_stack([1 - X[:, 0], X[:, 0]])

    rng = np.random.default_rng(0)
    risk = rng.beta(1, 6, size=20_000)
    y = (rng.random(len(risk)) < risk).astype(int)
    model = CostSensitiveClassifier(Honest(), COSTS).fit(risk[:, None], y)
    cost = expected_cost_score(y, model.predict(risk[:, None]), costs=COSTS)
    others = [
        expected_cost_score(y, (risk > threshold).astype(int), costs=COSTS)
        for threshold in np.linspace(0, 1, 41)
    ]
    assert cost <= min(others) * 1.01
    assert np.mean(model.expected_cost(risk[:, None]).min(axis=1)) == pytest.approx(cost, rel=0.05)


def test_amounts_and_tables_of_rows_say_the_same():
    model = CostSensitiveClassifier(LogisticRegression(), COSTS).fit(X, Y)
    amounts = np.random.default_rng(0).exponential(size=len(X))
    tables = np.array([[[0, 2.0], [20 * amount, 0]] for amount in amounts])
    np.testing.assert_allclose(model.expected_cost(X, amounts), model.expected_cost(X, tables))
    np.testing.assert_array_equal(model.predict(X, costs=amounts), model.predict(X, costs=tables))
    np.testing.assert_array_equal(model.predict(X, costs=np.ones(len(X))), model.predict(X))
    assert np.any(model.predict(X, costs=amounts) != model.predict(X))


def test_the_prevalence_moves_the_probabilities():
    weight = np.where(Y == 1, 2.0, 1.0)
    model = CostSensitiveClassifier(LogisticRegression(), COSTS, prevalence=0.01)
    model.fit(X, Y, sample_weight=weight)
    plain = LogisticRegression().fit(X, Y, sample_weight=weight).predict_proba(X)
    old = weight[Y == 1].sum() / weight.sum()
    expected = adjust_prevalence(plain[:, 1], old, 0.01)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], expected, rtol=1e-12)


@pytest.mark.parametrize("label", [None, -1])
def test_a_decision_that_costs_too_much_is_not_taken(label):
    model = CostSensitiveClassifier(
        LogisticRegression(), COSTS, reject_cost=1.0, reject_label=label
    ).fit(X, Y)
    decision = model.predict(X)
    dear = model.expected_cost(X).min(axis=1) > 1.0
    assert 0 < dear.sum() < len(X)
    np.testing.assert_array_equal(decision == label, dear)


def test_it_is_cross_validated_like_any_classifier():
    model = CostSensitiveClassifier(LogisticRegression(), COSTS)
    assert set(cross_val_predict(model, X, Y, cv=3)) == {0, 1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"costs": {"fn": 1}}, "both 'fn' and 'fp'"),
        ({"costs": {"fn": np.inf, "fp": 1}}, "finite"),
        ({"costs": {"missed": 1}}, "has the key 'missed'"),
        ({"costs": {(0, 1): 1}}, r"\(1, 0\) is not"),
        ({"costs": {(0, 2): 1}}, "keys are"),
        ({"costs": np.ones((3, 3))}, "2 x 2"),
        ({"prevalence": 1.5}, "prevalence"),
        ({"prevalence": [0.5, 0.2]}, "sum to 1"),
        ({"prevalence": [0.2, 0.2, 0.6]}, "each of 2 classes"),
    ],
)
def test_bad_settings_are_told(settings, message):
    with pytest.raises(ValueError, match=message):
        CostSensitiveClassifier(LogisticRegression(), **settings).fit(X, Y)


def test_costs_of_errors_of_two_classes_do_not_fit_three():
    with pytest.raises(ValueError, match="for two classes, got 3"):
        CostSensitiveClassifier(LogisticRegression(), COSTS).fit(X3, Y3)


@pytest.mark.parametrize("costs", [np.ones(3), np.ones((400, 2)), np.full(400, np.nan)])
def test_bad_costs_of_rows_are_told(costs):
    model = CostSensitiveClassifier(LogisticRegression(), COSTS).fit(X, Y)
    with pytest.raises(ValueError, match="costs of rows must be"):
        model.predict(X, costs=costs)


@pytest.mark.parametrize(
    ("X", "y", "model", "words"),
    [
        (
            X,
            Y,
            LogisticRegression(class_weight="balanced"),
            r"class 1 a mean .* \(calibration slope",
        ),
        (X, Y, FocalLogisticRegression(2.0, probabilities="raw"), "class 1 a mean probability"),
        (X, Y, FocalLogisticRegression(alpha="balanced"), "HonestClassifier"),
        (X3, np.maximum(Y3 - 1, 0) + Y3, LogisticRegression(class_weight={0: 9}), "class 0 a mean"),
    ],
)
def test_probabilities_that_are_not_honest_are_told(X, y, model, words):
    with pytest.warns(UserWarning, match=words):
        CostSensitiveClassifier(model).fit(X, y)


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        FocalLogisticRegression(2.0, alpha="balanced", probabilities="posterior"),
        DecisionTreeClassifier(max_depth=3),
        DummyClassifier(),
        HonestClassifier(
            LogisticRegression(class_weight="balanced"), trained_class_weight="balanced"
        ),
    ],
)
def test_honest_models_are_not_warned_of(model):
    CostSensitiveClassifier(model).fit(X, Y)
    CostSensitiveClassifier(model).fit(X3, Y3)


def test_an_estimator_without_probabilities_is_refused():
    with pytest.raises(ValueError, match="estimator"):
        CostSensitiveClassifier(BaseEstimator(), COSTS).fit(X, Y)
