"""What may be concluded from a table of results: ranks over families, and paired differences.

Data sets of one family share rows, so a family counts once: cells are averaged within a data set,
data sets within a family. A fold in which no method succeeded, or one was skipped for lack of time,
compares nothing and is left out for all.
"""

from functools import cache
from math import sqrt

import numpy as np
import pandas as pd
from scipy import stats

from skfocal.benchmark.metrics import METRICS

__all__ = ["TIE_MARGIN", "critical_difference", "friedman", "paired_comparison", "rank_table"]

#: Differences of most metrics up to this size count as a tie in wins, ties and losses.
TIE_MARGIN = METRICS["average_precision"].tie

_FOLD = ["dataset", "repeat", "fold"]


def rank_table(results, metric) -> pd.DataFrame:
    """Rank the methods over the families of the ranked data sets.

    Parameters
    ----------
    results : DataFrame
        As :func:`skfocal.benchmark.run` returns it.
    metric : str
        A name in :data:`skfocal.benchmark.metrics.METRICS`.

    Returns
    -------
    DataFrame
        Indexed by method, the best mean rank first: ``mean`` (over family means, of the cells that
        succeeded), ``mean_rank`` (1 is best, ties share; NaN for a method that failed on a fold),
        ``n_families`` (with a result) and ``failures`` (cells). Methods are ranked among those
        that failed nowhere.

    Raises
    ------
    ValueError
        If the results have no such metric.
    """
    cells = _comparable(results, metric)
    scores = _by_family(cells, metric)
    ranks = _rank(scores[_complete(cells)], metric)
    table = pd.DataFrame(
        {
            "mean": scores.mean(),
            "mean_rank": ranks.mean(),
            "n_families": scores.notna().sum(),
            "failures": (cells["status"] == "failed").groupby(cells["method"]).sum(),
        }
    )
    table.index.name = "method"
    return table.sort_values("mean_rank", kind="stable")


def friedman(results, metric) -> dict:
    """Test whether the ranked methods differ at all, by Friedman's test over families.

    Parameters
    ----------
    results : DataFrame
        As :func:`skfocal.benchmark.run` returns it.
    metric : str
        A name in :data:`skfocal.benchmark.metrics.METRICS`.

    Returns
    -------
    dict
        ``statistic``, ``p_value`` (both NaN below 3 methods or 2 families), ``n_families`` and
        ``n_methods``.
    """
    cells = _comparable(results, metric)
    scores = _by_family(cells, metric)[_complete(cells)]
    n_families, n_methods = scores.shape
    statistic = p_value = float("nan")
    if n_methods >= 3 and n_families >= 2:
        if _rank(scores, metric).nunique(axis=1).max() == 1:
            statistic, p_value = 0.0, 1.0  # everything tied; the formula divides 0 by 0
        else:
            statistic, p_value = map(float, stats.friedmanchisquare(*scores.T.to_numpy()))
    return {
        "statistic": statistic,
        "p_value": p_value,
        "n_families": n_families,
        "n_methods": n_methods,
    }


@cache
def critical_difference(n_methods, n_families, level=0.05) -> float:
    """Return the difference of mean ranks that the Nemenyi test calls significant.

    Parameters
    ----------
    n_methods : int >= 2
        Methods ranked together.
    n_families : int >= 1
        Families over which ranks are averaged.
    level : float in (0, 1), default=0.05
        Significance level for all pairs together.

    Returns
    -------
    float
        In ranks: ``q * sqrt(n_methods * (n_methods + 1) / (6 * n_families))``, where q is the
        upper quantile of the studentised range over sqrt(2).

    References
    ----------
    Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7, 2006.

    Examples
    --------
    >>> round(critical_difference(5, 20), 2)
    1.36
    """
    # scikit-posthocs calls the same pairs different, but gives p values and no difference to draw.
    quantile = stats.studentized_range.ppf(1 - level, n_methods, np.inf) / sqrt(2)
    return float(quantile * sqrt(n_methods * (n_methods + 1) / (6 * n_families)))


def paired_comparison(results, metric, a, b, dataset=None) -> dict:
    """Compare two methods fold by fold on one data set, or family by family on all ranked ones.

    Parameters
    ----------
    results : DataFrame
        As :func:`skfocal.benchmark.run` returns it.
    metric : str
        A name in :data:`skfocal.benchmark.metrics.METRICS`.
    a, b : str
        Methods.
    dataset : str or None, default=None
        The data set to look at; None takes all that are ranked.

    Returns
    -------
    dict
        ``mean_difference`` (a minus b, in units of the metric), ``standard_error`` and
        ``interval`` (95 %, two floats) of it, ``p_value``, ``n`` (pairs), ``wins``, ``ties`` and
        ``losses`` of a; up to the ``tie`` of the metric is a tie.

        On one data set the folds share training rows, for which the standard error and the t test
        are corrected. Over families the test is Wilcoxon's on their differences, and error and
        interval are those of their mean. What cannot be computed from so few pairs is NaN.

    Raises
    ------
    ValueError
        If the metric, a method or the data set is unknown.

    References
    ----------
    Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003,
    doi:10.1023/A:1024068626366
    """
    _check_metric(results, metric)
    for method in (a, b):
        if method not in set(results["method"]):
            raise ValueError(f"There are no results for a method {method!r}.")
    if dataset is not None:
        if dataset not in set(results["dataset"]):
            raise ValueError(f"There are no results for a data set {dataset!r}.")
        return _compare_folds(results[results["dataset"] == dataset], metric, a, b)
    scores = _by_family(_comparable(results, metric), metric).reindex(columns=[a, b])
    return _compare_families((scores[a] - scores[b]).dropna().to_numpy(), metric)


def _check_metric(results, metric):
    metrics = [name for name in METRICS if name in results]
    if metric not in metrics:
        raise ValueError(f"Unknown metric {metric!r}; the metrics of the results are {metrics}.")


def _comparable(results, metric):
    """Return the ranked cells of the folds that compare something."""
    _check_metric(results, metric)
    ranked = results[results["ranked"].astype(bool)]
    status = ranked.groupby(_FOLD)["status"]
    succeeded = status.transform(lambda values: (values == "ok").any())
    finished = status.transform(lambda values: (values != "skipped").all())
    return ranked[succeeded.astype(bool) & finished.astype(bool)]


def _by_family(cells, metric):
    """Return the mean metric as a frame of families by methods."""
    by_dataset = cells.groupby(["family", "dataset", "method"], sort=False)[metric].mean()
    by_family = by_dataset.groupby(["family", "method"], sort=False).mean().unstack("method")
    return by_family.round(12)  # rounding errors of the means must not decide a rank


def _complete(cells):
    """Return the methods that succeeded on every fold."""
    n_folds = len(cells[_FOLD].drop_duplicates())
    succeeded = (cells["status"] == "ok").groupby(cells["method"], sort=False).sum()
    return succeeded.index[succeeded == n_folds]


def _rank(scores, metric):
    return scores.rank(axis=1, ascending=not METRICS[metric].greater_is_better)


def _compare_folds(cells, metric, a, b):
    cells = cells[cells["status"] == "ok"]
    scores = cells.pivot(index=["repeat", "fold"], columns="method", values=metric)
    scores = scores.reindex(columns=[a, b]).dropna()
    difference = (scores[a] - scores[b]).to_numpy()
    # Fold results are correlated through shared training rows; 1/n alone would be far too sure.
    sizes = cells[["n_test", "n_train"]].mean()
    factor = 1 / max(len(difference), 1) + sizes["n_test"] / sizes["n_train"]
    error = sqrt(factor) * _deviation(difference)
    return _summarise(difference, metric, error, _test_t(difference, error))


def _compare_families(difference, metric):
    error = _deviation(difference) / sqrt(max(len(difference), 1))
    if len(difference) < 2:
        p_value = float("nan")
    elif not difference.any():
        p_value = 1.0
    else:
        p_value = float(stats.wilcoxon(difference).pvalue)
    return _summarise(difference, metric, error, p_value)


def _deviation(difference):
    return float(np.std(difference, ddof=1)) if len(difference) > 1 else float("nan")


def _test_t(difference, error):
    if len(difference) < 2:
        return float("nan")
    if error == 0:  # the same difference on every fold
        return 0.0 if difference.any() else 1.0
    return float(2 * stats.t.sf(abs(difference.mean()) / error, len(difference) - 1))


def _summarise(difference, metric, error, p_value):
    n = len(difference)
    mean = float(difference.mean()) if n else float("nan")
    half = error * stats.t.ppf(0.975, n - 1) if n > 1 else float("nan")
    gain = difference if METRICS[metric].greater_is_better else -difference
    tie = METRICS[metric].tie
    wins, losses = int((gain > tie).sum()), int((gain < -tie).sum())
    return {
        "mean_difference": mean,
        "standard_error": float(error),
        "interval": (float(mean - half), float(mean + half)),
        "p_value": p_value,
        "n": n,
        "wins": wins,
        "ties": n - wins - losses,
        "losses": losses,
    }
