"""Costs and constraints on stored probabilities, and the answer in words that goes by them."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skfocal.benchmark._calibration import find_reliability, recalibrate
from skfocal.benchmark._decisions import Decisions, add_decisions
from skfocal.benchmark.compare import compare
from skfocal.benchmark.store import Store

COSTS = {"fn": 20, "fp": 1}


def make_frame(n=80, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 4 == 0
    frame = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    return frame.assign(a=frame["a"] + 1.5 * y, sick=y.astype(int))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A comparison by cost with two learners, of which one is run with and without focal loss."""
    folder = tmp_path_factory.mktemp("decisions")
    arms = ["logistic", "logistic_smote", "focal_zero", "focal"]
    return folder, compare(
        *(make_frame(), "sick"), methods=arms, preset="fast", costs=COSTS, out=folder
    )


def test_cost_by_hand():
    decisions = Decisions({"fn": 50, "fp": 2, "tp": -10, "tn": 1})
    target, decision = np.array([1, 1, 0, 0, 0]), np.array([True, False, True, False, False])
    assert decisions.price(target, decision) == 1000 * (-10 + 50 + 2 + 1 + 1) / 5
    assert decisions.price_of_all(0.4) == (400 * 50 + 600 * 1, 400 * -10 + 600 * 2)
    # Acting is cheaper where p (fn - tp) >= (1 - p) (fp - tn).
    assert_allclose(decisions.threshold, 1 / (1 + 60))
    assert Decisions({"fn": 3, "fp": 1}).threshold == 0.25


def test_the_tuned_threshold_is_the_cheapest_of_all():
    rng = np.random.default_rng(0)
    for _ in range(20):
        target = (rng.random(40) < 0.3).astype(int)
        probability = rng.integers(0, 8, 40) / 10
        decisions = Decisions({"fn": float(rng.integers(1, 9)), "fp": 1})
        threshold = decisions.tune(target, probability)
        tried = [
            decisions.price(target, probability >= cut)
            for cut in [*np.arange(0, 1, 0.05), math.inf]
        ]
        assert_allclose(decisions.price(target, probability >= threshold), min(tried))


def test_the_kept_threshold_is_the_best_that_keeps_the_bound():
    rng = np.random.default_rng(0)
    for _ in range(20):
        target = (rng.random(60) < 0.3).astype(int)
        probability = np.clip(target * 0.2 + rng.random(60) * 0.7, 0, 1)
        threshold = Decisions(at_least={"recall": 0.8}).keep(target, probability)
        rates = {
            cut: (
                target[probability >= cut].sum() / target.sum(),
                target[probability >= cut].mean(),
            )
            for cut in np.unique(probability)
        }
        best = max(precision for recall, precision in rates.values() if recall >= 0.8)
        flagged = probability >= threshold
        assert target[flagged].sum() / target.sum() >= 0.8
        assert_allclose(target[flagged].mean(), best)
    # A bound that no threshold reaches: the one that comes closest.
    target, probability = np.array([0, 1, 0]), np.array([0.9, 0.5, 0.1])
    assert 0.1 < Decisions(at_least={"precision": 0.9}).keep(target, probability) <= 0.5


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"costs": {"fn": 1}}, "costs must name 'fn' and 'fp'"),
        ({"costs": {"fn": 1, "fp": 1, "x": 1}}, "may name 'tp' and 'tn'"),
        ({"costs": {"fn": math.nan, "fp": 1}}, "costs must be finite numbers"),
        ({"costs": {"fn": 1, "fp": 0}}, "an error must cost more than the right decision"),
        ({"costs": {"fn": 1, "fp": 1, "tp": 2}}, "an error must cost more"),
        ({"costs": 50}, "costs must name"),
        ({"costs": COSTS, "at_least": {"recall": 0.9}}, "Give either costs or at_least"),
        ({"at_least": {"auc": 0.5}}, "at_least must name one of"),
        ({"at_least": {"recall": 0.5, "precision": 0.5}}, "at_least must name one of"),
        ({"at_least": {"recall": 90}}, r"at_least must be in \(0, 1\]"),
    ],
)
def test_what_makes_no_sense_is_refused(fields, sentence):
    with pytest.raises(ValueError, match=sentence):
        Decisions(**fields)


@pytest.mark.slow
def test_the_figures_of_a_cell_are_those_of_its_probabilities(found):
    folder, comparison = found
    rows = comparison.results[comparison.results["method"] == "logistic"]
    for _, row in rows.iterrows():
        frame = Store(folder).predictions("table", "logistic")
        frame = frame[frame["fold"] == row["fold"]]
        flagged = frame["probability"] >= 1 / 21
        missed = ((frame["target"] == 1) & ~flagged).sum()
        alarms = ((frame["target"] == 0) & flagged).sum()
        assert_allclose(row["expected_cost"], 1000 * (20 * missed + alarms) / len(frame))
    # Other costs need no other fit.
    other = add_decisions(
        *(Store(folder), comparison.results[["dataset", "method", "repeat", "fold", "status"]]),
        Decisions(at_least={"recall": 0.9}),
    )
    assert other[["precision_at_recall", "kept_recall", "alerts"]].notna().all(axis=None)


def test_the_answer_leads_with_the_decision(found):
    _, comparison = found
    costs = comparison.results.groupby("method")[["expected_cost", "expected_cost_tuned"]].mean()
    lines = comparison.answer.splitlines()
    assert comparison.winner == costs.min(axis=1).idxmin()
    assert f": {costs.min(axis=None):,.1f} in cost per 1,000 rows" in lines[0]
    assert "To flag everybody would cost 750.0 per 1,000 rows; the model saves" in lines[1]
    text = comparison.answer
    assert "against the same learner without it: Focal LR is" in text
    assert "LR + SMOTE is" in text and "where 25.0% happen" in text
    assert "to search and fit" in text
    assert "is the best of 8 on the same test rows" in lines[-1]
    page = comparison.path.read_text(encoding="utf-8")
    assert "a missed positive 20, a false alarm 1; it is cheaper to act from a probability" in page
    assert "Cost per 1,000 rows" in page and "Are the probabilities honest?" in page
    assert (
        "Cost per 1,000 rows"
        not in compare(make_frame(), "sick", methods=["dummy"], preset="fast").answer
    )


def test_the_saved_model_decides_by_the_costs(found):
    _, comparison = found
    model = comparison.fit_best("logistic")
    threshold = model[-1].threshold
    if "tuned" not in comparison.answer.splitlines()[0]:
        assert_allclose(threshold, 1 / 21)
    frame = make_frame()
    flagged = model.predict_proba(frame)[:, 1] >= threshold
    assert model.predict(frame).tolist() == flagged.astype(int).tolist()


@pytest.mark.slow
def test_a_constraint_leads_and_what_was_reached_is_told(tmp_path):
    kept = compare(
        *(make_frame(), "sick"),
        methods=["logistic", "focal"],
        preset="fast",
        at_least={"recall": 0.8},
        out=tmp_path,
    )
    lines = kept.answer.splitlines()
    best = kept.results.groupby("method")["precision_at_recall"].mean()
    assert f"{best[kept.winner]:.3f} in precision at a recall of 0.8" in lines[0]
    assert "With a threshold for a recall of 0.8 it reaches" in lines[1]
    reached = kept.results.groupby("method")["kept_recall"].mean()
    if (reached >= 0.78).sum() < len(reached):
        assert f"{(reached >= 0.78).sum()} of 2 methods keep" in lines[1] or "the only" in lines[0]
    assert "recall of at least 0.8" in kept.path.read_text(encoding="utf-8")
    target = make_frame()["sick"]
    inner = kept.fit_best().predict(make_frame())
    assert target[inner == 1].sum() / target.sum() > 0.6
    with pytest.raises(ValueError, match="at_least is for one target"):
        compare(make_frame().assign(b=[0, 1] * 40), ["sick", "b"], at_least={"recall": 0.8})


def test_nothing_is_shipped_that_is_dearer_than_to_flag_everybody():
    frame = make_frame().assign(a=np.random.default_rng(5).normal(size=80))
    found = compare(
        frame, "sick", methods=["dummy", "logistic"], preset="fast", costs={"fn": 500, "fp": 1}
    )
    assert found.answer.startswith("Ship none: with these costs it is cheaper to flag everybody")


def test_recalibration_undoes_a_line_in_log_odds():
    rng = np.random.default_rng(0)
    log_odds = rng.normal(-1, 1.5, 20_000)
    target = (rng.random(20_000) < 1 / (1 + np.exp(-log_odds))).astype(int)
    bent = 1 / (1 + np.exp(-(2 * log_odds + 3)))
    honest = 1 / (1 + np.exp(-log_odds))
    assert np.abs(recalibrate(target, bent, bent) - honest).max() < 0.03


def test_resampling_says_more_than_happens_and_can_be_corrected(found):
    folder, comparison = found
    found = find_reliability(Store(folder), comparison.results)
    sampled = found["logistic_smote"]
    assert sampled.observed == 0.25
    assert sampled.said > 0.3
    assert abs(sampled.after.mean() - 0.25) < abs(sampled.before.mean() - 0.25)
