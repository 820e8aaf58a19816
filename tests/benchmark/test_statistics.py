"""Ranks, tests and paired differences against published tables and arithmetic by hand."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from skfocal.benchmark.statistics import (
    critical_difference,
    friedman,
    paired_comparison,
    rank_table,
)


def make_results(scores, family=None, metric="average_precision", n_train=80, n_test=20):
    """Return result rows from {dataset: {method: [value of each fold, None for a failure]}}."""
    rows = [
        {
            "dataset": dataset,
            "family": (family or {}).get(dataset, dataset),
            "ranked": not dataset.startswith("control"),
            "method": method,
            "repeat": 0,
            "fold": fold,
            "status": "failed" if value is None else "ok",
            "n_train": n_train,
            "n_test": n_test,
            metric: np.nan if value is None else value,
        }
        for dataset, methods in scores.items()
        for method, values in methods.items()
        for fold, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def results():
    """Two sets of one family, a set of its own, and a control that must not count."""
    return make_results(
        {
            "yeast1": {"a": [0.8, 0.6], "b": [0.5, 0.5], "c": [0.6, 0.6]},
            "yeast3": {"a": [0.1, 0.1], "b": [0.5, 0.5], "c": [0.2, 0.2]},
            "pc1": {"a": [0.9, 0.9], "b": [0.3, 0.3], "c": [0.6, 0.6]},
            "control": {"a": [0.0, 0.0], "b": [1.0, 1.0], "c": [0.0, 0.0]},
        },
        family={"yeast1": "yeast", "yeast3": "yeast"},
    )


def test_ranks_are_taken_over_families(results):
    table = rank_table(results, "average_precision")
    # yeast: a .4, b .5, c .4; pc1: a .9, b .3, c .6.
    assert_allclose(table.loc[["a", "b", "c"], "mean"], [0.65, 0.4, 0.5])
    assert_allclose(table.loc[["a", "b", "c"], "mean_rank"], [(2.5 + 1) / 2, 2, (2.5 + 2) / 2])
    assert list(table.index) == ["a", "b", "c"]
    assert table["n_families"].tolist() == [2, 2, 2]
    assert table["failures"].tolist() == [0, 0, 0]


def test_the_lowest_loss_has_rank_one():
    results = make_results({"x": {"a": [0.1], "b": [0.2]}}, metric="log_loss")
    assert rank_table(results, "log_loss")["mean_rank"].to_dict() == {"a": 1.0, "b": 2.0}


def test_a_method_that_failed_gets_no_rank_and_takes_none():
    results = make_results({"x": {"a": [0.1, 0.2], "b": [0.9, None], "c": [0.2, 0.2]}})
    table = rank_table(results, "average_precision")
    assert list(table.index) == ["c", "a", "b"]
    assert table["mean_rank"].tolist()[:2] == [1.0, 2.0]
    assert np.isnan(table.loc["b", "mean_rank"])
    assert table.loc["b", "failures"] == 1
    assert_allclose(table.loc["b", "mean"], 0.9)


def test_folds_without_any_success_or_with_a_skipped_cell_are_left_out():
    results = make_results(
        {
            "gone": {"a": [None], "b": [None]},
            "cut": {"a": [0.9], "b": [0.1]},
            "x": {"a": [0.2], "b": [0.3]},
        }
    )
    results.loc[(results["dataset"] == "cut") & (results["method"] == "b"), "status"] = "skipped"
    table = rank_table(results, "average_precision")
    assert table["mean_rank"].to_dict() == {"b": 1.0, "a": 2.0}
    assert table["n_families"].tolist() == [1, 1]
    assert table["failures"].tolist() == [0, 0]


def test_friedman_agrees_with_its_formula(results):
    rng = np.random.default_rng(0)
    scores = {
        f"set{i}": {m: [v] for m, v in zip("abcd", rng.random(4), strict=True)} for i in range(8)
    }
    test = friedman(make_results(scores), "average_precision")
    values = np.array([[v[0] for v in methods.values()] for methods in scores.values()])
    mean_rank = stats.rankdata(values, axis=1).mean(axis=0)
    statistic = 12 * 8 / (4 * 5) * (np.sum(mean_rank**2) - 4 * 25 / 4)
    assert_allclose(test["statistic"], statistic)
    assert_allclose(test["p_value"], stats.chi2.sf(statistic, 3))
    assert (test["n_families"], test["n_methods"]) == (8, 4)


def test_friedman_of_ties_and_of_too_little():
    tied = make_results({s: {m: [0.5] for m in "abc"} for s in "xyz"})
    assert friedman(tied, "average_precision")["p_value"] == 1.0
    single = friedman(make_results({"x": {m: [0.5] for m in "abc"}}), "average_precision")
    assert np.isnan(single["p_value"])
    assert single["n_families"] == 1


@pytest.mark.parametrize(
    ("n_methods", "quantile"),
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (8, 3.031), (10, 3.164)],
)
def test_critical_difference_against_the_published_quantiles(n_methods, quantile):
    # Demsar 2006, table 5a.
    expected = quantile * np.sqrt(n_methods * (n_methods + 1) / (6 * 20))
    assert_allclose(critical_difference(n_methods, 20), expected, rtol=3e-4)


@pytest.mark.parametrize(("n_methods", "expected"), [(5, 1.36), (8, 2.35), (10, 3.03)])
def test_critical_difference_over_twenty_families(n_methods, expected):
    assert round(critical_difference(n_methods, 20), 2) == expected


def test_folds_of_one_set_by_the_corrected_t_test():
    a, b = np.array([0.50, 0.60, 0.55, 0.70, 0.62]), np.array([0.48, 0.61, 0.50, 0.62, 0.60])
    results = make_results({"x": {"a": a, "b": b}, "y": {"a": [0.0], "b": [1.0]}})
    test = paired_comparison(results, "average_precision", "a", "b", dataset="x")
    difference = a - b
    error = np.sqrt((1 / 5 + 20 / 80) * difference.var(ddof=1))
    assert_allclose(test["mean_difference"], difference.mean())
    assert_allclose(test["standard_error"], error)
    assert_allclose(test["p_value"], 2 * stats.t(4).sf(difference.mean() / error))
    assert_allclose(test["interval"], stats.t.interval(0.95, 4, difference.mean(), error))
    assert (test["n"], test["wins"], test["ties"], test["losses"]) == (5, 4, 0, 1)


def test_the_correction_is_less_sure_than_the_plain_t_test():
    a, b = [0.5, 0.6, 0.7], [0.4, 0.55, 0.62]
    test = paired_comparison(
        make_results({"x": {"a": a, "b": b}}), "average_precision", "a", "b", dataset="x"
    )
    assert test["p_value"] > stats.ttest_rel(a, b).pvalue


def test_families_by_wilcoxon():
    gaps = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]
    results = make_results({f"s{i}": {"a": [0.5 + g], "b": [0.5]} for i, g in enumerate(gaps)})
    test = paired_comparison(results, "average_precision", "a", "b")
    assert_allclose(test["p_value"], 2 / 2**6)
    assert_allclose(test["mean_difference"], 0.035)
    assert (test["n"], test["wins"]) == (6, 6)


def test_families_are_averaged_before_they_are_compared(results):
    test = paired_comparison(results, "average_precision", "a", "b")
    # yeast -.1 and pc1 +.6; the control does not count.
    assert_allclose(test["mean_difference"], 0.25)
    assert (test["n"], test["wins"], test["losses"]) == (2, 1, 1)


def test_small_differences_are_ties_and_lower_losses_win():
    results = make_results(
        {"x": {"a": [0.300, 0.300, 0.300], "b": [0.304, 0.310, 0.320]}}, metric="log_loss"
    )
    test = paired_comparison(results, "log_loss", "a", "b", dataset="x")
    assert (test["wins"], test["ties"], test["losses"]) == (2, 1, 0)


def test_too_few_pairs_give_nan_and_equal_ones_certainty():
    results = make_results({"x": {"a": [0.5], "b": [0.4]}, "y": {"a": [0.5, 0.5], "b": [0.5, 0.5]}})
    single = paired_comparison(results, "average_precision", "a", "b", dataset="x")
    assert np.isnan(single["p_value"])
    assert np.isnan(single["interval"]).all()
    equal = paired_comparison(results, "average_precision", "a", "b", dataset="y")
    assert (equal["p_value"], equal["standard_error"], equal["ties"]) == (1.0, 0.0, 2)


def test_only_folds_on_which_both_succeeded_are_compared():
    results = make_results({"x": {"a": [0.5, None, 0.7], "b": [0.4, 0.4, None]}})
    test = paired_comparison(results, "average_precision", "a", "b", dataset="x")
    assert test["n"] == 1
    assert_allclose(test["mean_difference"], 0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("beauty", "a", "b"), "Unknown metric 'beauty'"),
        (("average_precision", "a", "z"), "no results for a method 'z'"),
        (("average_precision", "a", "b", "moon"), "no results for a data set 'moon'"),
    ],
)
def test_unknown_names_are_refused(results, arguments, message):
    with pytest.raises(ValueError, match=message):
        paired_comparison(results, *arguments)
