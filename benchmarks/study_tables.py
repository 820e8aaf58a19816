"""Claims with verdicts, tables and pictures of the study; see ``study.py``."""

from base64 import b64decode
from itertools import combinations
from math import log
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sklearn.linear_model import LogisticRegression

from skfocal import benchmark
from skfocal.benchmark import Method
from skfocal.benchmark.methods import describe_arms
from skfocal.benchmark.metrics import METRICS
from skfocal.benchmark.report._figures import draw_critical_difference
from skfocal.benchmark.report._names import known_arms, write_number
from skfocal.benchmark.statistics import critical_difference, paired_comparison, rank_table

RESULTS = Path(__file__).resolve().parent / "results"
# Differences up to this size mean nothing in practice.
ROPE = {
    "average_precision": 0.01,
    "log_loss": 0.005,
    "f1": 0.01,
    "f1_tuned": 0.01,
    "calibration_intercept_error": 0.1,
    "cost_50": 5.0,
}
RANKED = ("average_precision", "log_loss", "f1", "f1_tuned")
# Medians: slopes of folds that are told apart are in the thousands.
CALIBRATION = {
    "calibration_intercept": "calibration intercept",
    "calibration_slope": "slope",
    "cost_5": "cost, 5 : 1",
    "cost_50": "cost, 50 : 1",
}
# Those in the figure.
SHOWN = {
    "logistic": "logistic regression",
    "logistic_threshold": "threshold moved",
    "logistic_balanced": "balanced weights",
    "logistic_smote": "SMOTE",
    "logistic_rus": "undersampling",
}
# What the colours of the report become on a dark page.
DARK = {
    "#1f2937": "#e6edf3",
    "#6b7280": "#9aa4b2",
    "#0b5cad": "#6cb2ff",
    "#c2570c": "#ff9a52",
    "#4b5563": "#b6c0cc",
    "#16794c": "#5fcf97",
    "#9061b5": "#cba6ea",
}


class Claim(NamedTuple):
    """What is said, and the comparison that decides: `method` better than `other`."""

    text: str
    method: str
    other: str
    metric: str


CLAIMS = [
    Claim("Focal loss ranks better, linear", "focal", "focal_zero", "average_precision"),
    Claim("Focal loss has better probabilities, linear", "focal", "focal_zero", "log_loss"),
    Claim("Focal loss decides better at 0.5, linear", "focal", "focal_zero", "f1"),
    Claim("... also with a tuned threshold", "focal", "focal_zero", "f1_tuned"),
    Claim("Focal loss ranks better, trees", "focal_boosting", "focal_boosting_zero",
          "average_precision"),
    Claim("Focal loss has better probabilities, trees", "focal_boosting", "focal_boosting_zero",
          "log_loss"),
    Claim("Our trees rank better than LightGBM", "focal_boosting", "lightgbm",
          "average_precision"),
    Claim("Our trees have better probabilities than LightGBM", "focal_boosting", "lightgbm",
          "log_loss"),
    Claim("Focal loss ranks better, networks", "focal_mlp", "focal_mlp_zero", "average_precision"),
    Claim("Focal loss has better probabilities, networks", "focal_mlp", "focal_mlp_zero",
          "log_loss"),
    Claim("Focal loss decides better at 0.5, networks", "focal_mlp", "focal_mlp_zero", "f1"),
    Claim("... also with a tuned threshold", "focal_mlp", "focal_mlp_zero", "f1_tuned"),
    Claim("Our trees rank better than CatBoost", "focal_boosting", "catboost",
          "average_precision"),
    Claim("Our trees have better probabilities than CatBoost", "focal_boosting", "catboost",
          "log_loss"),
    Claim("SMOTE ranks better, linear", "logistic_smote", "logistic", "average_precision"),
    Claim("SMOTE decides better at 0.5, linear", "logistic_smote", "logistic", "f1"),
    Claim("... than a moved threshold", "logistic_smote", "logistic_threshold", "f1"),
    Claim("... also with a tuned threshold", "logistic_smote", "logistic", "f1_tuned"),
    Claim("SMOTE ranks better, LightGBM", "lightgbm_smote", "lightgbm", "average_precision"),
    Claim("... also with a tuned threshold", "lightgbm_smote", "lightgbm", "f1_tuned"),
    Claim("SMOTE keeps the probabilities, linear", "logistic_smote", "logistic", "log_loss"),
    Claim("One Platt scaling undoes what SMOTE did", "smote_platt", "logistic", "log_loss"),
    Claim("One isotonic regression does", "smote_isotonic", "logistic", "log_loss"),
    Claim("SMOTE keeps the mean risk, linear", "logistic_smote", "logistic",
          "calibration_intercept_error"),
    Claim("SMOTE costs less where a missed positive costs 50", "logistic_smote", "logistic",
          "cost_50"),
    Claim("Focal loss costs less there, linear", "focal", "focal_zero", "cost_50"),
    Claim("Balanced weights keep the probabilities", "logistic_balanced", "logistic", "log_loss"),
    Claim("One Platt scaling undoes what they did", "balanced_platt", "logistic", "log_loss"),
    Claim("The closed form is as good as Platt scaling of raw scores", "focal", "focal_raw_platt",
          "log_loss"),
    Claim("A larger weight for the rare class ranks better", "focal_balanced", "focal",
          "average_precision"),
]  # fmt: skip


def family_means(results, metric):
    """Return a metric as a frame of families by methods."""
    means = results.groupby(["family", "dataset", "method"])[metric].mean()
    return means.groupby(["family", "method"]).mean().unstack("method")


def posterior_of(results, claim):
    """Return the probabilities that `method` is worse, equivalent and better than `other`."""
    from baycomp import SignedRankTest

    means = family_means(results, claim.metric)
    pair = means[[claim.method, claim.other]].dropna().to_numpy()
    sign = 1 if METRICS[claim.metric].greater_is_better else -1
    # Reported by the library as: first better, equivalent, second better.
    better, same, worse = SignedRankTest.probs(
        sign * pair[:, 0], sign * pair[:, 1], rope=ROPE[claim.metric], random_state=0
    )
    return worse, same, better


def verdict(worse, same, better):
    """Return a verdict: what has a probability of 95 %, or that the data do not decide."""
    for probability, text in ((better, "yes"), (same, "no difference"), (worse, "the opposite")):
        if probability >= 0.95:
            return f"**{text}**"
    if worse <= 0.05:
        return "not worse"
    if better <= 0.05:
        return "not better"
    return "open"


def finished(results, methods):
    """Return the results of some methods on the data sets that have all of their folds."""
    chosen = results[results["method"].isin(methods)]
    n_folds = results.groupby(["repeat", "fold"]).ngroups
    cells = chosen.groupby("dataset").size()
    complete = cells.index[cells == n_folds * len(methods)]
    return chosen[chosen["dataset"].isin(complete)]


def claim_header():
    """Return the head of a table of claims."""
    return [
        "| claim | families | difference | won / tied / lost | p | worse / same / better "
        "| verdict |",
        "|---|---|---|---|---|---|---|",
    ]


def claim_row(results, claim):
    """Return the row of a claim; the results are those of data sets that have both methods."""
    found = paired_comparison(results, claim.metric, claim.method, claim.other)
    worse, same, better = posterior_of(results, claim)
    metric = METRICS[claim.metric]
    difference = f"{found['mean_difference']:+.{metric.digits}f}"
    return (
        f"| {claim.text}<br>`{claim.method}` / `{claim.other}` | {found['n']} | "
        f"{metric.label} {difference} | "
        f"{found['wins']} / {found['ties']} / {found['losses']} | {found['p_value']:.2g} | "
        f"{worse:.2f} / {same:.2f} / {better:.2f} | {verdict(worse, same, better)} |"
    )


def claim_rows(results):
    """Return a row for each claim whose methods were computed."""
    chosen = ((claim, finished(results, [claim.method, claim.other])) for claim in CLAIMS)
    return [claim_row(both, claim) for claim, both in chosen if not both.empty]


def elo_ratings(scores, reference):
    """Return the Elo rating of each method, by maximum likelihood, with 1000 for a reference.

    A family is a match of each pair of methods, a tie is half a win, and 400 points are odds of
    ten to one. A method that wins or loses every match has none.
    """
    rows, outcomes, counts = [], [], []
    wins = {a: {b: beats(scores[a], scores[b]) for b in scores if b != a} for a in scores}
    total = (len(scores.columns) - 1) * len(scores)
    rated = [a for a in scores if 0 < sum(wins[a].values()) < total]
    for a, b in combinations(rated, 2):
        row = [(method == a) - (method == b) for method in rated]
        rows += [row, row]
        outcomes += [1, 0]
        counts += [wins[a][b], wins[b][a]]
    model = LogisticRegression(C=float("inf"), fit_intercept=False, tol=1e-8, max_iter=1000)
    strength = model.fit(rows, outcomes, sample_weight=counts).coef_[0]
    ratings = pd.Series(400 / log(10) * strength, rated).reindex(scores.columns)
    return ratings - ratings[reference] + 1000


def beats(one, other):
    """Return on how many families one is better; a tie counts half."""
    return float((one > other).sum() + (one == other).sum() / 2)


def improvability(scores):
    """Return the mean share of the error of a method that the best one of a family has not."""
    errors = 1 - scores
    return (1 - errors.rdiv(errors.min(axis=1), axis=0)).mean()


def rank_rows(results, methods):
    """Return the means and mean ranks of methods, on the data sets that have all of them."""
    results = finished(results, methods)
    ranks = {metric: rank_table(results, metric) for metric in RANKED}
    scores = family_means(results, "average_precision").round(12)
    elo, share = elo_ratings(scores, "logistic"), improvability(scores)
    lines = [
        f"On {results['dataset'].nunique()} tables in {results['family'].nunique()} families.",
        "",
        "| method | " + " | ".join(METRICS[m].label for m in ranks) + " | Elo | improvability |",
        "|---|" + "---|" * (len(ranks) + 2),
    ]
    for method in ranks["average_precision"].index:
        cells = [ranks[metric].loc[method] for metric in ranks]
        texts = [f"{cell['mean']:.3f} ({cell['mean_rank']:.1f})" for cell in cells]
        texts += [write_number(elo[method], 0), f"{100 * share[method]:.1f} %"]
        lines.append(f"| `{method}` | {' | '.join(texts)} |")
    return lines


def calibration_rows(results, methods):
    """Return medians over families of calibration and cost, of methods that have them all."""
    results = finished(results, methods)
    means = results.groupby(["family", "method"])[list(CALIBRATION)].median()
    medians = means.groupby("method").median().loc[methods]
    lines = [
        "| method | " + " | ".join(CALIBRATION.values()) + " |",
        "|---|" + "---|" * len(CALIBRATION),
    ]
    for method, row in medians.iterrows():
        texts = [f"{row[name]:.{2 if 'cal' in name else 0}f}" for name in CALIBRATION]
        lines.append(f"| `{method}` | {' | '.join(texts)} |")
    return lines


def draw_ranks(results, methods):
    """Draw the mean ranks of methods with what the Nemenyi test cannot tell apart."""
    arms = describe_arms(method for method in methods if isinstance(method, Method))
    results = finished(results, names_of(methods))
    for metric in ("average_precision", "log_loss"):
        ranks = rank_table(results, metric)["mean_rank"].dropna().sort_values()
        width = critical_difference(len(ranks), results["family"].nunique())
        with known_arms(arms):
            uri = draw_critical_difference(ranks, width)
        light = b64decode(uri.split(",")[1]).decode()
        dark = light
        for colour, brighter in DARK.items():
            dark = dark.replace(colour, brighter)
        for theme, text in (("light", light), ("dark", dark)):
            path = RESULTS / f"study-ranks-{metric.replace('_', '-')}-{theme}.svg"
            path.write_text(text, encoding="utf-8")


def draw(results):
    """Draw what each linear method does to decisions and to probabilities, light and dark."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.use("Agg")
    metrics = ["log_loss", "f1", "f1_tuned"]
    shown = {**SHOWN, "focal": "focal loss (ours)"}
    rows = results[results["method"].isin(shown)]
    means = rows.groupby(["family", "dataset", "method"])[metrics].mean()
    means = means.groupby(["family", "method"]).mean().groupby("method").mean()
    for theme, ink in (("light", "#24292f"), ("dark", "#e6edf3")):
        style = {name: ink for name in ("text.color", "axes.labelcolor", "axes.edgecolor")}
        style |= {"xtick.color": ink, "ytick.color": ink, "svg.hashsalt": "study"}
        with mpl.rc_context(style):
            figure, ax = plt.subplots(figsize=(7.5, 4), layout="constrained")
            for method, name in shown.items():
                loss, natural, tuned = means.loc[method, metrics]
                color = "#e8590c" if method == "focal" else "#4c8dd6"
                arrow = {"arrowstyle": "->", "color": color, "lw": 1.6}
                ax.annotate("", (loss, tuned), (loss, natural), arrowprops=arrow)
                ax.plot(loss, natural, "o", color=color)
                left = method in ("logistic", "focal", "logistic_rus")
                offset = {"xytext": (-7, -4), "ha": "right"} if left else {"xytext": (7, -4)}
                ax.annotate(name, (loss, natural), textcoords="offset points", **offset)
            ax.set(
                xlabel="log loss of the probabilities (left is better)",
                ylabel="F1, natural decision → tuned threshold",
                xlim=(0.15, 0.52),
                ylim=(0.3, 0.53),
            )
            ax.spines[["top", "right"]].set_visible(False)
            figure.savefig(
                RESULTS / f"study-{theme}.svg", transparent=True, metadata={"Date": None}
            )
            plt.close(figure)


def names_of(methods):
    """Return the names of methods, which are names or methods."""
    return [getattr(method, "name", method) for method in methods]


def write(folder, plan, linear, others):
    """Write the cells, unless they are at hand as a table alone, the claims and the pictures."""
    if folder.exists():
        benchmark.load_results(folder).to_csv(RESULTS / "study.csv", index=False)
    results = pd.read_csv(RESULTS / "study.csv")
    draw(results)
    draw_ranks(results, [*linear, *others])
    names = names_of([*linear, *others])
    text = TEXT.format(
        n_tables=results["dataset"].nunique(),
        n_families=results["family"].nunique(),
        n_splits=plan.n_splits,
        inner_splits=plan.inner_splits,
        budget=plan.budget,
        claims="\n".join([*claim_header(), *claim_rows(results)]),
        linear="\n".join(rank_rows(results, names_of(linear))),
        all="\n".join(rank_rows(results, names)),
        calibration="\n".join(calibration_rows(results, names)),
        **ROPE,
    )
    (RESULTS / "study.md").write_text(text, encoding="utf-8")


TEXT = """\
# Claims and verdicts

{n_tables} tables of the `core` suite in {n_families} families, as far as a pair of methods was \
computed; {n_splits} folds, settings and thresholds chosen on {inner_splits} inner folds among at \
most {budget} for each method. A family counts once. Columns: number of families; metric and mean \
difference; families won, tied (within 0.005; costs if equal) and lost; Wilcoxon's p; the \
probabilities, by the Bayesian signed-rank test, that the method is worse, practically the same \
(within {average_precision:g} in average precision and F1, {log_loss:g} in log loss, \
{calibration_intercept_error:g} in the intercept, {cost_50:g} false alarms in cost) and better. \
A verdict needs 95 %. Generated by `study.py`.

{claims}

## Linear models: means and mean ranks

Elo and improvability are those of average precision, with families as matches: Elo by maximum \
likelihood, 1000 for plain logistic regression and none for a method that always loses; \
improvability is the mean share of a method's error, 1 less its average precision, that the best \
method of a family has not. Both as [TabArena](https://arxiv.org/abs/2506.16791) has them, without \
its bootstrap.

{linear}

## With boosted trees and networks, on the tables that have them

{all}

## Calibration and cost, on the same tables

Medians over the families. Honest probabilities have an intercept of 0 (below it, the predicted \
risks are too high) and a slope of 1. The cost of 1,000 rows is that of false alarms, and 5 or 50 \
for each missed positive, at the threshold that is cheapest for honest probabilities.

{calibration}
"""
