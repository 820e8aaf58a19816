"""Decisions as curves: against scikit-learn's metrics at each threshold, and the Brier score."""

import matplotlib
import numpy as np
import pytest
from scipy.integrate import trapezoid
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, precision_score, recall_score

from skfocal.decision import expected_cost_score
from skfocal.inspection import CostCurveDisplay, DecisionDisplay

matplotlib.use("Agg")
from matplotlib import pyplot

COSTS = {"fn": 50, "fp": 2, "tp": -1}
DISPLAYS = [CostCurveDisplay, DecisionDisplay]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    risk = np.round(rng.beta(1, 6, size=300), 2)
    return (rng.random(300) < risk).astype(int), risk


def test_each_threshold_brings_what_the_metrics_say(rows):
    y, risk = rows
    display = DecisionDisplay.from_predictions(y, risk, costs=COSTS)
    for i in range(0, len(display.threshold), 5):
        decision = (risk >= display.threshold[i]).astype(int)
        assert display.recall[i] == pytest.approx(recall_score(y, decision))
        assert display.precision[i] == pytest.approx(precision_score(y, decision))
        assert display.alerts[i] == pytest.approx(1000 * decision.mean())
        expected = 1000 * expected_cost_score(y, decision, costs=COSTS, labels=[0, 1])
        assert display.cost[i] == pytest.approx(expected)
    np.testing.assert_array_equal(display.lines_["recall"].get_ydata(), display.recall)
    assert display.right_ax_.get_ylabel() == "alerts, cost of 1,000 rows"


def test_cost_at_a_threshold_and_at_the_best_one(rows):
    y, risk = rows
    display = CostCurveDisplay.from_predictions(y, risk)
    for i in (5, 60, 80, 100, 195):
        c = display.cost_share[i]
        costs = {"fp": 2 * c, "fn": 2 * (1 - c)}
        at, *every = [
            expected_cost_score(y, (risk > t).astype(int), costs=costs, labels=[0, 1])
            for t in (c, -1.0, *np.unique(risk))
        ]
        assert display.cost[i] == pytest.approx(at)
        assert display.best[i] == pytest.approx(min(every))


def test_the_area_is_the_brier_score(rows):
    y, risk = rows
    display = CostCurveDisplay.from_predictions(y, risk, n_points=100_001)
    area = trapezoid(display.cost, display.cost_share)
    assert display.brier_score == pytest.approx(brier_score_loss(y, risk))
    assert area == pytest.approx(display.brier_score, rel=0.01)


def test_honest_probabilities_lose_little_to_the_best_threshold():
    rng = np.random.default_rng(0)
    risk = rng.beta(1, 6, size=50_000)
    y = (rng.random(len(risk)) < risk).astype(int)
    honest = CostCurveDisplay.from_predictions(y, risk)
    ax = honest.ax_
    inflated = CostCurveDisplay.from_predictions(y, np.sqrt(risk), name="inflated", ax=ax)
    assert np.max(honest.cost - honest.best) < 0.002
    assert np.max(inflated.cost - inflated.best) > 0.1
    assert inflated.lines_[0].get_label().startswith("inflated, Brier score")
    assert len(ax.lines) == 4


@pytest.mark.parametrize("display", DISPLAYS)
def test_an_estimator_has_the_same_curves(display, rows):
    y, risk = rows
    words = np.where(y == 1, "A", "B")  # the positive one is classes_[1]
    model = LogisticRegression().fit(risk[:, None], words)
    found = display.from_estimator(model, risk[:, None], words)
    probability = model.predict_proba(risk[:, None])[:, 1]
    expected = display.from_predictions(words == "B", probability)
    np.testing.assert_array_equal(found.cost, expected.cost)
    assert found.ax_ is not expected.ax_


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([0, 0], [0.1, 0.2], "two classes, got one"),
        ([0, 1, 2], [0.1, 0.2, 0.3], "two labels"),
        ([0, 1], [0.1, 1.2], r"in \[0, 1\]"),
        ([0, 1], [0.1, np.nan], r"in \[0, 1\]"),
        ([0, 1], [0.1], "inconsistent"),
    ],
)
def test_rows_without_a_curve_are_refused(display, y, p, message):
    with pytest.raises(ValueError, match=message):
        display.from_predictions(y, p)


@pytest.mark.parametrize("display", DISPLAYS)
def test_three_classes_are_refused(display):
    model = LogisticRegression().fit(np.eye(3), [0, 1, 2])
    with pytest.raises(ValueError, match="two classes, got 3"):
        display.from_estimator(model, np.eye(3), [0, 1, 2])
