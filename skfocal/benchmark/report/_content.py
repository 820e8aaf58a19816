"""The content of the page, gathered from a store before any HTML is written."""

import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from skfocal.benchmark import statistics
from skfocal.benchmark._calibration import find_reliability
from skfocal.benchmark._decisions import Decisions, add_decisions
from skfocal.benchmark.metrics import METRICS, main_metrics
from skfocal.benchmark.report._answer import write_answer
from skfocal.benchmark.report._figures import (
    draw_critical_difference,
    draw_curves,
    draw_methods,
    draw_reliability,
)
from skfocal.benchmark.report._findings import (
    MIN_FAMILIES,
    Leader,
    find_focal_arm,
    find_leader,
    list_headlines,
    summarise_focal,
)
from skfocal.benchmark.report._names import (
    KIND_MARKS,
    describe_p,
    get_kind,
    get_label,
    write_number,
    write_seconds,
)
from skfocal.benchmark.report._tables import (
    TextTable,
    tabulate_arms,
    tabulate_calibration,
    tabulate_datasets,
    tabulate_duels,
    tabulate_failures,
    tabulate_losses,
    tabulate_overview,
    tabulate_ranking,
)
from skfocal.benchmark.store import NOTES_FILE

__all__ = ["Content", "Figure", "build_content"]

REACHED = ("kept_recall", "kept_precision")
DECISIONS = ("f1_tuned", "macro_f1_tuned", "geometric_mean")
CURVE_KINDS = ("focal", "resampling", "baseline", "ensemble", "control")


@dataclass(frozen=True)
class Figure:
    """A drawing as data URI, its caption, and its text alternative."""

    uri: str
    caption: str
    alt: str
    title: str = ""


@dataclass
class Content:
    """The parts of the page in reading order; an empty part leaves its section out."""

    title: str
    subtitle: str
    facts: list[tuple[str, str]]
    notes: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    answer: list[tuple[str, str]] = field(default_factory=list)
    leaders: list[Leader] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    overview: list[TextTable] = field(default_factory=list)
    differences: list[Figure] = field(default_factory=list)
    spread: list[Figure] = field(default_factory=list)
    rankings: list[TextTable] = field(default_factory=list)
    datasets: list[TextTable] = field(default_factory=list)
    focal: list[TextTable] = field(default_factory=list)
    losses: list[TextTable] = field(default_factory=list)
    curves: list[Figure] = field(default_factory=list)
    calibration: list[TextTable] = field(default_factory=list)
    reliability: list[Figure] = field(default_factory=list)
    arms: list[TextTable] = field(default_factory=list)
    failures: list[TextTable] = field(default_factory=list)


def build_content(store):
    """Gather the content of the page from a store in any state of completion."""
    manifest = store.manifest()
    results = add_missing_cells(store.results(), manifest)
    notes_path = store.path / NOTES_FILE
    table = json.loads(notes_path.read_text(encoding="utf-8")) if notes_path.exists() else {}
    decisions = Decisions(**table.get("decisions", {}))
    results = add_decisions(store, results, decisions)
    content = Content(
        title=table.get("title") or f"Benchmark: the {manifest['suite']} suite",
        subtitle=_describe_extent(results),
        facts=(table.get("facts") or _list_sets(manifest)) + _list_facts(manifest, results),
        notes=list(table.get("notes", [])) + _list_left_out(manifest),
    )
    if (results["status"] == "ok").any():
        order = _order_methods(results)
        if table:
            _fill_answer(content, store, results, decisions)
        else:
            _fill_summary(content, results)
        _fill_rankings(content, results, order)
        _fill_details(content, results, order)
        if "average_precision" in results:  # the curves are those of two classes
            content.curves = _draw_all_curves(store, results, order)
    if (results["status"] == "failed").any():
        content.failures = [tabulate_failures(results)]
    return content


def add_missing_cells(results, manifest):
    """Return the results with a skipped row for every cell that was asked for and is not there.

    Statistics leave out folds that some methods have not reached, and recognise them by these rows.
    """
    plan, described = manifest["plan"], manifest["datasets"]
    keys = ["dataset", "method", "repeat", "fold"]
    values = [
        [*described, *manifest["unavailable"]],
        manifest["methods"],
        range(plan["n_repeats"]),
        range(plan["n_splits"]),
    ]
    wanted = pd.MultiIndex.from_product(values, names=keys)
    frame = results.set_index(keys).reindex(wanted).reset_index()
    families = {name: about["family"] for name, about in described.items()}
    controls = [name for name, about in described.items() if not about["ranked"]]
    return frame.assign(
        family=frame["dataset"].map(families).fillna(frame["dataset"]),
        ranked=~frame["dataset"].isin(controls),
        status=frame["status"].fillna("skipped"),
        error=frame["error"].fillna(""),
    )


def _describe_extent(results):
    n_done = int((results["status"] == "ok").sum())
    counts = [
        _count(results["dataset"].nunique(), "data set"),
        _count(results["method"].nunique(), "method"),
        _count(n_done, "finished cell"),
    ]
    return " · ".join(counts)


def _count(number, word):
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _list_sets(manifest):
    names = ", ".join([*manifest["datasets"], *manifest["unavailable"]])
    return [("Suite", manifest["suite"]), ("Data sets", names)]


def _list_left_out(manifest):
    """Name the labels that are trained on but too rare to be judged, a sentence per data set."""
    return [
        f"Too few positives to be scored on {name}: {', '.join(about['left_out'])}."
        for name, about in manifest["datasets"].items()
        if about.get("left_out")
    ]


def _list_facts(manifest, results):
    plan, counts = manifest["plan"], results["status"].value_counts()
    words = {"ok": "finished", "failed": "failed", "skipped": "not run"}
    states = [f"{counts[key]:,} {word}" for key, word in words.items() if counts.get(key)]
    spent = results[["search_seconds", "fit_seconds", "predict_seconds"]].sum().sum()
    folds = f"{plan['n_splits']} {_name_folds(manifest['datasets'].values())}"
    if plan["n_repeats"] > 1:
        folds += f", cut {plan['n_repeats']} times"
    return [
        (
            "Protocol",
            f"{folds}; settings and thresholds chosen on {plan['inner_splits']} inner folds, "
            f"at most {plan['budget']} configurations for every method",
        ),
        ("Cells", ", ".join(states)),
        ("Computing time", f"{write_seconds(spent)}, summed over the cells"),
        ("Seed", str(manifest["random_state"])),
        ("Versions", ", ".join(f"{name} {text}" for name, text in manifest["versions"].items())),
    ]


def _name_folds(datasets):
    """Say how the folds of all data sets were cut."""
    if datasets and all(about.get("in_time") for about in datasets):
        return "folds in the order of time"
    if datasets and all(about.get("in_groups") for about in datasets):
        return "stratified folds that keep groups together"
    return "stratified folds"


def _order_methods(results):
    """List the methods by their mean rank in the first headline, unranked ones last."""
    ranking = statistics.rank_table(results, list_headlines(results)[0])
    ranking = ranking.sort_values(["mean_rank", "mean"], ascending=[True, False], kind="stable")
    rest = [method for method in results["method"].unique() if method not in ranking.index]
    return [*ranking.index, *rest]


def _list_leaders(results):
    found = [find_leader(results, metric) for metric in list_headlines(results)]
    return [leader for leader in found if leader]


def _fill_answer(content, store, results, decisions):
    reliability = find_reliability(store, results)
    answer = write_answer(results, decisions, reliability)
    content.answer = list(answer.parts)
    content.leaders = _list_leaders(results)
    if reliability:
        order = [method for method in _order_methods(results) if method in reliability]
        content.calibration = [tabulate_calibration(reliability, order)]
        if shown := [method for method in order if method != "dummy"]:
            content.reliability = [_draw_reliability(reliability, shown)]


def _draw_reliability(reliability, shown):
    caption = (
        "Observed share of positives against the predicted probability, in bins of equally many "
        "test rows; honest probabilities lie on the dashed line. Solid: as the method gives them. "
        "Dotted, hollow: corrected by a line in log-odds that the inner folds tell."
    )
    errors = ", ".join(
        f"{get_label(m)} {write_number(reliability[m].error())} and "
        f"{write_number(reliability[m].error(corrected=True))}"
        for m in shown
    )
    alt = f"Reliability of each method. Calibration error before and after correction: {errors}."
    return Figure(draw_reliability({m: reliability[m] for m in shown}), caption, alt)


def _fill_summary(content, results):
    content.leaders = _list_leaders(results)
    content.sentences = summarise_focal(results)
    ranked = results[results["ranked"]]
    families = ranked["family"].nunique()
    if not content.leaders:
        content.notes.append(
            "No leader is named: no method has finished the same folds of a ranked data set as all."
        )
    elif 1 < families < MIN_FAMILIES:
        content.notes.append(
            f"With {families} families of data sets no rank test can reach the 5 % level: read the "
            "order of the methods as a hint."
        )


def _fill_rankings(content, results, order):
    content.kinds = [kind for kind in KIND_MARKS if kind in map(get_kind, order)]
    shown = [*list_headlines(results), *(name for name in REACHED if name in results)]
    content.overview = [tabulate_overview(results, shown, order)]
    content.rankings = [
        tabulate_ranking(results, metric) for metric in METRICS if metric in results
    ]
    content.spread = [_draw_spread(results, order)]
    for metric in main_metrics(results):
        ranks = statistics.rank_table(results, metric)["mean_rank"].dropna().sort_values()
        test = statistics.friedman(results, metric)
        if test["n_families"] > 1 and len(ranks) > 1:
            width = statistics.critical_difference(len(ranks), test["n_families"])
            content.differences.append(_draw_differences(ranks, width, metric, test))


def _draw_differences(ranks, width, metric, test):
    label = METRICS[metric].label
    listed = ", ".join(f"{get_label(method)} {rank:.1f}" for method, rank in ranks.items())
    caption = (
        f"{label}: mean ranks over {test['n_families']} families, 1 is best. A bar joins methods "
        "whose ranks differ by less than the critical difference of the Nemenyi test, "
        f"{width:.2f} at the 5 % level. Friedman test: {describe_p(test['p_value'])}."
    )
    alt = f"Critical-difference picture of {label.lower()}. Mean ranks: {listed}."
    return Figure(draw_critical_difference(ranks, width), caption, alt)


def _draw_spread(results, order):
    done = results[results["status"] == "ok"]
    done = done[done["ranked"] | ~done["ranked"].any()]  # controls only where there is nothing else
    done = done.assign(seconds=done[["search_seconds", "fit_seconds"]].sum(axis=1))
    alone = done["family"].nunique() == 1
    unit, units = (["repeat", "fold"], "folds") if alone else ("family", "families of data sets")
    main, log_loss = main_metrics(results)
    titles = {
        main: f"{METRICS[main].label} →",
        log_loss: "← Log loss",
        "seconds": "← Seconds a fold, search and fit",
    }
    columns = {
        title: done.pivot_table(index=unit, columns="method", values=name, aggfunc="mean")
        for name, title in titles.items()
    }
    means = columns[titles[main]].mean()
    best = ", ".join(f"{get_label(m)} {write_number(means.get(m, np.nan))}" for m in order)
    label = METRICS[main].label.lower()
    return Figure(
        draw_methods(columns, order, log_scaled=list(titles.values())[1:]),
        "Ranking quality, honesty of the probabilities and price of every method. The large mark "
        f"is the mean, the small ones are the {units}; the arrow points to the better side.",
        f"Dot plot of {label}, log loss and time. Mean {label}: {best}.",
    )


def _fill_details(content, results, order):
    if results["dataset"].nunique() > 1:
        content.datasets = [
            tabulate_datasets(results, metric, order) for metric in main_metrics(results)
        ]
    content.arms = [tabulate_arms(results, order)]
    if find_focal_arm(order):
        decision = next(metric for metric in DECISIONS if metric in results)
        metrics = [list_headlines(results)[0], *main_metrics(results), decision]
        content.focal = [tabulate_duels(results, list(dict.fromkeys(metrics)))]
        if results["dataset"].nunique() > 1:
            content.losses = [
                tabulate_losses(results, metric, order) for metric in main_metrics(results)
            ]


def _draw_all_curves(store, results, order):
    """Draw the curves of every data set for the best-ranked method of each kind."""
    best: dict[str, str] = {}
    for method in order:
        if method != "dummy":
            best.setdefault(get_kind(method), method)
    if find_focal_arm(order):
        best["focal"] = find_focal_arm(order)
    chosen = [best[kind] for kind in CURVE_KINDS if kind in best]
    figures = []
    for dataset in sorted(results.loc[results["status"] == "ok", "dataset"].unique()):
        frames = {method: store.predictions(dataset, method) for method in chosen}
        frames = {method: frame for method, frame in frames.items() if not frame.empty}
        if frames:
            figures.append(_draw_dataset_curves(dataset, frames))
    return figures


def _draw_dataset_curves(dataset, frames):
    target = next(iter(frames.values()))["target"]
    listed = ", ".join(get_label(method) for method in frames)
    caption = f"Prevalence {write_number(target.mean())}, {int(target.sum())} positives scored."
    alt = f"Precision-recall and reliability curves of {listed} on {dataset}."
    return Figure(draw_curves(frames, target.mean()), caption, alt, title=dataset)
