"""The tables of the report, as cells of text: numbers are formatted here and nowhere else."""

from dataclasses import dataclass

import numpy as np

from skfocal.benchmark import statistics
from skfocal.benchmark.metrics import METRICS
from skfocal.benchmark.report._findings import (
    compare_focal,
    find_duel,
    find_focal_arm,
    find_worse_sets,
)
from skfocal.benchmark.report._names import (
    DASH,
    get_kind,
    get_label,
    write_number,
    write_seconds,
    write_value,
)

__all__ = [
    "TextCell",
    "TextTable",
    "tabulate_arms",
    "tabulate_calibration",
    "tabulate_datasets",
    "tabulate_duels",
    "tabulate_failures",
    "tabulate_losses",
    "tabulate_overview",
    "tabulate_ranking",
]

DIRECTION = {True: "higher is better", False: "lower is better"}


@dataclass(frozen=True)
class TextCell:
    """Text of one cell; ``note`` follows in grey, ``kind`` puts the method's mark before it."""

    text: str
    note: str = ""
    kind: str = ""
    style: str = ""


@dataclass(frozen=True)
class TextTable:
    """A caption, the headings of the columns, and rows of cells led by a row heading."""

    caption: str
    header: tuple[str, ...]
    rows: list[list[TextCell]]
    n_text: int = 1  # leading columns of words, aligned left
    style: str = ""


def _name(method):
    return TextCell(get_label(method), kind=get_kind(method))


def _best(values, metric):
    """Mark the values that print like the best one."""
    values = np.asarray(values, dtype=float)
    if np.isnan(values).all():
        return np.zeros(len(values), dtype=bool)
    top = np.nanmax(values) if METRICS[metric].greater_is_better else np.nanmin(values)
    return np.round(values, 3) == np.round(top, 3)


def tabulate_ranking(results, metric):
    """One metric: mean, mean rank over families and failures of every method."""
    ranking = statistics.rank_table(results, metric)
    best = _best(ranking["mean"], metric)
    rows = [
        [
            _name(method),
            TextCell(write_value(metric, row["mean"]), style="best" if is_best else ""),
            TextCell(write_number(row["mean_rank"], 1)),
            TextCell(f"{row['failures']:.0f}", style="bad" if row["failures"] else "quiet"),
        ]
        for (method, row), is_best in zip(ranking.iterrows(), best, strict=True)
    ]
    entry = METRICS[metric]
    caption = f"{entry.label} ({DIRECTION[entry.greater_is_better]}). {entry.description}"
    return TextTable(caption, ("Method", "Mean", "Mean rank", "Failed"), rows, style="compact")


def tabulate_overview(results, metrics, order):
    """Means of several metrics side by side, each with its mean rank."""
    rankings = {metric: statistics.rank_table(results, metric).reindex(order) for metric in metrics}
    best = {metric: _best(ranking["mean"], metric) for metric, ranking in rankings.items()}
    rows = []
    for index, method in enumerate(order):
        row = [_name(method)]
        for metric, ranking in rankings.items():
            mean, rank = ranking["mean"].iloc[index], ranking["mean_rank"].iloc[index]
            note = write_number(rank, 1) if np.isfinite(rank) else ""
            style = "best" if best[metric][index] else ""
            row.append(TextCell(write_value(metric, mean), note=note, style=style))
        rows.append(row)
    arrows = {True: "↑", False: "↓"}
    labels = [f"{METRICS[m].label} {arrows[METRICS[m].greater_is_better]}" for m in metrics]
    units = "the test folds" if results["family"].nunique() == 1 else "families of data sets"
    caption = (
        f"Mean over {units}, and the mean rank in grey. Ordered by the mean rank of "
        f"{METRICS[metrics[0]].label.lower()}; the best mean of a column is bold. "
        "↑ higher is better, ↓ lower is better."
    )
    return TextTable(caption, ("Method", *labels), rows, style="overview")


def tabulate_datasets(results, metric, order):
    """One metric on every data set, with the fraction of positives, or of the rarest class."""
    done = results[results["status"] == "ok"]
    means = done.pivot_table(index="dataset", columns="method", values=metric, aggfunc="mean")
    means = means.reindex(columns=order)
    counts = done.groupby("dataset")[["n_test", "n_positive_test"]].sum()
    shares = (counts["n_positive_test"] / counts["n_test"]).sort_values()
    sign = 1 if METRICS[metric].greater_is_better else -1
    rows = []
    for dataset, prevalence in shares.items():
        values = means.loc[dataset].to_numpy(dtype=float)
        best = _best(values, metric)
        near = sign * values >= np.nanmax(sign * values) - statistics.TIE_MARGIN
        cells = [
            TextCell(
                write_value(metric, value), style="best" if is_best else "near" if is_near else ""
            )
            for value, is_best, is_near in zip(values, best, near, strict=True)
        ]
        rows.append([TextCell(dataset), TextCell(write_number(prevalence), style="quiet"), *cells])
    entry = METRICS[metric]
    caption = (
        f"{entry.label} on every data set, mean over the test folds "
        f"({DIRECTION[entry.greater_is_better]}). The best of a row is bold, what lies within "
        f"{statistics.TIE_MARGIN:g} of it is shaded."
    )
    if metric == "average_precision":
        caption += " The prevalence is what chance would reach."
    share = "Prevalence" if "average_precision" in results else "Rarest"
    header = ("Data set", share, *(get_label(method) for method in order))
    return TextTable(caption, header, rows, style="matrix")


def tabulate_duels(results, metrics):
    """Focal loss against its own zero point and the best arm of every other kind."""
    rows = []
    for metric in metrics:
        for duel in compare_focal(results, metric):
            low, high = (write_value(metric, bound, signed=True) for bound in duel.interval)
            rows.append(
                [
                    TextCell(METRICS[metric].label),
                    _name(duel.second),
                    TextCell(write_value(metric, duel.gain, signed=True)),
                    TextCell(f"{low} to {high}"),
                    TextCell(duel.badge, style="" if duel.exceeds_noise else "quiet"),
                    TextCell(f"{duel.wins} / {duel.ties} / {duel.losses}"),
                ]
            )
    focal = find_focal_arm(results["method"].unique())
    caption = (
        f"{get_label(focal)} against others: gain (positive: focal is better, whatever the "
        "direction of the metric), its 95 % interval, and the test. The p values are not adjusted "
        f"for the number of rows. A tie is a difference of at most {statistics.TIE_MARGIN:g}"
        f"{'; costs have none' if any(METRICS[m].tie == 0 for m in metrics) else ''}."
    )
    header = ("Metric", "Against", "Gain", "95 % interval", "Test", "Wins / ties / losses")
    return TextTable(caption, header, rows, n_text=2)


def tabulate_losses(results, metric, order):
    """Name the data sets on which focal loss is worse, one row per method that beats it there."""
    focal = find_focal_arm(order)
    rows = []
    for method in order:
        if method == focal:
            continue
        duel = find_duel(results, metric, focal, method)
        worse = find_worse_sets(results, metric, focal, method)
        named = ", ".join(f"{name} ({write_value(metric, -loss)})" for name, loss in worse)
        record = f"{duel.wins} / {duel.ties} / {duel.losses}"
        rows.append(
            [
                _name(method),
                TextCell(named or "none", style="" if named else "quiet"),
                TextCell(record),
            ]
        )
    caption = (
        f"{METRICS[metric].label}: the data sets on which {get_label(focal)} is worse than a "
        f"method by more than {statistics.TIE_MARGIN:g}, the largest loss first."
    )
    header = ("Against", "Focal is worse on", "Wins / ties / losses")
    return TextTable(caption, header, rows, n_text=2)


def tabulate_arms(results, order):
    """Budget and time of every method."""
    rows = []
    for method in order:
        cells = results[results["method"] == method]
        done = cells[cells["status"] == "ok"]
        spent = done[["search_seconds", "fit_seconds", "predict_seconds"]]
        median, failed = spent.median(), int((cells["status"] == "failed").sum())
        tried = sorted({f"{count:.0f}" for count in done["n_configurations"]}, key=int)
        rows.append(
            [
                _name(method),
                TextCell(get_kind(method)),
                TextCell(" or ".join(tried) or DASH),
                TextCell(f"{len(done)}"),
                TextCell(f"{failed}", style="bad" if failed else "quiet"),
                *(TextCell(write_seconds(median[name])) for name in spent.columns),
                TextCell(write_seconds(spent.sum().sum())),
            ]
        )
    caption = (
        "Configurations tried in the inner search, cells finished and failed, and wall-clock "
        "times: the median of a cell for search, final fit and prediction, and the sum of all."
    )
    header = (
        "Method",
        "Kind",
        "Configurations",
        "Cells",
        "Failed",
        "Search",
        "Fit",
        "Predict",
        "Total",
    )
    return TextTable(caption, header, rows, n_text=2)


def tabulate_calibration(reliability, order):
    """How honest the probabilities are, as they are and corrected on inner folds."""
    rows = []
    for method in order:
        found = reliability[method]
        rows.append(
            [
                _name(method),
                TextCell(f"{found.said:.1%}"),
                TextCell(write_number(found.slope if np.ptp(found.before) else np.nan, 2)),
                TextCell(write_number(found.error())),
                TextCell(write_number(found.error(corrected=True))),
                TextCell(write_number(found.loss())),
                TextCell(write_number(found.loss(corrected=True))),
            ]
        )
    observed = reliability[order[0]].observed
    caption = (
        f"All test rows together, of which {observed:.1%} are positive: a method whose mean is far "
        "from that says more, or less, than happens. A slope below 1: its probabilities are too "
        "extreme. ECE and log loss as the method gives its probabilities, and corrected by a line "
        "in log-odds that the inner folds tell."
    )
    header = ("Method", "Mean", "Slope", "ECE", "ECE corrected", "Log loss", "Log loss corrected")
    return TextTable(caption, header, rows)


def tabulate_failures(results):
    """Group failed cells by data set, method and error."""
    failed = results[results["status"] == "failed"].fillna({"method": DASH, "error": ""})
    groups = failed.groupby(["dataset", "method", "error"], sort=True).size()
    rows = [
        [
            TextCell(dataset),
            TextCell(get_label(method)),
            TextCell(error, style="code"),
            TextCell(str(count)),
        ]
        for (dataset, method, error), count in groups.items()
    ]
    return TextTable(
        "Failed cells, by error.", ("Data set", "Method", "Error", "Folds"), rows, n_text=3
    )
