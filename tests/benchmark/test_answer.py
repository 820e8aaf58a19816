"""The sentences of the answer, from results of known figures."""

import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark._decisions import Decisions
from skfocal.benchmark.methods import describe_arms, get_method
from skfocal.benchmark.report import known_arms
from skfocal.benchmark.report._answer import write_answer

ARMS = ["dummy", "logistic", "logistic_smote", "focal_zero", "focal"]


def make_results(gains, **columns):
    """Five folds of each method; `gains` is what it has above 0.5 in average precision."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.002, 5)
    rows = [
        {
            "dataset": "t",
            "family": "t",
            "ranked": True,
            "method": method,
            "repeat": 0,
            "fold": fold,
            "status": "ok",
            "n_train": 80,
            "n_test": 20,
            "n_positive_test": 60,
            "average_precision": 0.5 + gain + noise[fold] + rng.normal(0, 0.002),
            "log_loss": 0.4 - gain / 2 + rng.normal(0, 0.002),
            "search_seconds": 0.1 * (1 + ARMS.index(method)),
            "fit_seconds": 0.0,
        }
        for method, gain in gains.items()
        for fold in range(5)
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(**{name: frame["method"].map(values) for name, values in columns.items()})


def answer(results, decisions=None):
    methods = [get_method(name) for name in results["method"].unique()]
    with known_arms(describe_arms(methods)):
        found = write_answer(results, decisions or Decisions(), {})
    return found, dict(found.parts)


def test_a_clear_winner_is_shipped():
    found, parts = answer(make_results({"dummy": -0.3, "logistic": 0.0, "logistic_smote": 0.1}))
    assert found.winner == "logistic_smote"
    assert parts["What to ship"].startswith("Ship LR + SMOTE: 0.6")
    assert "exceeds the noise" in parts["What to ship"]
    assert "others are within" not in parts["What to ship"]
    assert "of 1 ways" not in parts["Resampling"]
    assert "0.1" in parts["Resampling"] and "better in average precision" in parts["Resampling"]
    assert "Probabilities" not in parts and "Focal loss" not in parts


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        (0.1, "Focal loss helps here, against the same learner without it: Focal LR is 0."),
        (-0.1, "Focal loss does harm here and makes probabilities worse, against the same learner"),
        (0.0, "Focal loss makes no difference here that exceeds the noise, against the same"),
    ],
)
def test_what_focal_loss_does(gain, verdict):
    _, parts = answer(make_results({"logistic": 0.0, "focal_zero": 0.0, "focal": gain}))
    assert parts["Focal loss"].startswith(verdict)


def test_peers_are_named_with_the_quickest_of_them():
    found, parts = answer(make_results({"logistic": 0.0, "focal_zero": -0.0001, "focal": 0.001}))
    if found.winner == "focal":
        assert "within the noise of it: these folds cannot tell them apart." in found.text
        assert "The quickest is Logistic regression (200 ms a fold instead of" in found.text
    assert parts["Time"].startswith("A fold of ")


def test_nothing_is_shipped_where_nothing_was_learnt():
    found, parts = answer(make_results({"dummy": 0.1, "logistic": 0.0}))
    assert parts["What to ship"].startswith("Ship none: no method is better than the class freq")
    failed = make_results({"logistic": 0.0}).assign(status="failed")
    found, parts = answer(failed)
    assert found.winner is None and list(parts) == ["Nothing to ship"]


def test_the_cheaper_of_the_two_thresholds_decides():
    gains, decisions = {"logistic": 0.0, "focal": 0.0}, Decisions({"fn": 4, "fp": 1})
    costs = {
        "expected_cost": {"logistic": 300.0, "focal": 500.0},
        "expected_cost_tuned": {"logistic": 400.0, "focal": 350.0},
    }
    results = make_results(gains, **costs).assign(n_test=100, n_positive_test=10)
    found, parts = answer(results, decisions)
    assert (found.winner, found.metric) == ("logistic", "expected_cost")
    assert parts["Threshold"] == (
        "It flags rows with a probability of at least 0.2, which follows from the costs. "
        "To flag nobody would cost 400.0 per 1,000 rows; the model saves 25% of that."
    )
    assert "about 10 positives" in parts["Keep in mind"]
    dear = results.assign(expected_cost=1000.0, expected_cost_tuned=1000.0)
    assert answer(dear, decisions)[1]["What to ship"].startswith("Ship none: with these costs")


def test_a_method_that_misses_the_constraint_is_not_shipped():
    columns = {
        "precision_at_recall": {"logistic": 0.5, "focal": 0.7},
        "kept_recall": {"logistic": 0.91, "focal": 0.6},
        "alerts": {"logistic": 200.0, "focal": 100.0},
    }
    results = make_results({"logistic": 0.0, "focal": 0.0}, **columns)
    found, parts = answer(results, Decisions(at_least={"recall": 0.9}))
    assert found.winner == "logistic"
    assert "0.500 in precision at a recall of 0.9, the only one of 2" in parts["What to ship"]
    assert (
        "reaches 0.910 on test rows, 0.910 in the worst fold, and flags 200" in parts["Threshold"]
    )
    _, parts = answer(results, Decisions(at_least={"recall": 1.0}))
    assert "No method keeps the recall that was asked for." in parts["Threshold"]
