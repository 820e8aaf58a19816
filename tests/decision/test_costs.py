"""Forms of costs, and what decisions cost in the mean."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import zero_one_loss

from skfocal.decision import cost_matrix, expected_cost_score, make_cost_scorer

RNG = np.random.default_rng(0)
TRUE, FOUND = RNG.integers(0, 2, size=(2, 50))
WEIGHT = RNG.random(50)


def test_all_forms_give_one_table():
    table = [[0, 1], [50, 0]]
    forms = [{"fn": 50, "fp": 1}, {(1, 0): 50, (0, 1): 1}, table]
    for form in forms:
        np.testing.assert_array_equal(cost_matrix(form, [0, 1]), table)
    with_gains = cost_matrix({"fn": 50, "fp": 1, "tp": -5, "tn": 2}, [0, 1])
    np.testing.assert_array_equal(with_gains, [[2, 1], [50, -5]])


def test_without_costs_it_is_the_error_rate():
    expected = zero_one_loss(TRUE, FOUND, sample_weight=WEIGHT)
    assert expected_cost_score(TRUE, FOUND, sample_weight=WEIGHT) == pytest.approx(expected)


def test_it_is_the_mean_over_the_rows():
    costs = np.array([[0.0, 3.0], [7.0, -1.0]])
    expected = np.average(costs[TRUE, FOUND], weights=WEIGHT)
    found = expected_cost_score(TRUE, FOUND, costs=costs, sample_weight=WEIGHT)
    assert found == pytest.approx(expected)
    names = np.array(["b", "a"])
    by_pair = {("b", "a"): 3, ("a", "b"): 7, ("a", "a"): -1}
    found = expected_cost_score(names[TRUE], names[FOUND], costs=by_pair, sample_weight=WEIGHT)
    assert found == pytest.approx(expected)


def test_a_fold_without_events_has_a_cost():
    assert expected_cost_score([0, 0], [0, 0], costs={"fn": 9, "fp": 1}) == 0
    assert expected_cost_score([1, 1], [1, 1], costs={"fn": 9, "fp": 1, "tp": 2}) == 2
    assert expected_cost_score([0], [0], costs=np.eye(2), labels=[0, 1]) == 1


def test_the_scorer_is_higher_for_cheaper_decisions():
    X = RNG.normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(int)
    model = LogisticRegression().fit(X, y)
    costs = {"fn": 5, "fp": 1}
    expected = -expected_cost_score(y, model.predict(X), costs=costs)
    assert make_cost_scorer(costs)(model, X, y) == expected
