"""Run the study behind the claims: the `core` suite, linear models and boosted trees.

``python benchmarks/study.py run`` computes the cells that are missing, in
``benchmark-results/study``: nested cross-validation with equal budgets, four settings a method. A
run may be stopped at any time and goes on where it stopped. ``python benchmarks/study.py table``
writes ``study.csv`` (the cells) and ``study.md`` (claims with verdicts) to ``benchmarks/results``;
it needs baycomp for the Bayesian test (extra ``study``).
"""

import argparse
from base64 import b64decode
from dataclasses import replace
from functools import partial
from itertools import combinations
from math import log
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression

from skfocal import FocalLogisticRegression, benchmark
from skfocal.benchmark import Method
from skfocal.benchmark.arms._fold import make_arm
from skfocal.benchmark.methods import describe_arms
from skfocal.benchmark.metrics import METRICS
from skfocal.benchmark.protocol import Plan
from skfocal.benchmark.report._figures import draw_critical_difference
from skfocal.benchmark.report._names import known_arms, write_number
from skfocal.benchmark.statistics import critical_difference, paired_comparison, rank_table

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmark-results" / "study"
RESULTS = ROOT / "benchmarks" / "results"
PLAN = Plan(n_splits=3, inner_splits=3, budget=4)
# Differences up to this size mean nothing in practice.
ROPE = {"average_precision": 0.01, "log_loss": 0.005, "f1": 0.01, "f1_tuned": 0.01}
LINEAR = [
    "dummy",
    "logistic",
    "logistic_balanced",
    "logistic_threshold",
    "logistic_ros",
    "logistic_smote",
    "logistic_rus",
    "focal_zero",
    "focal",
    "focal_balanced",
]
TREES = ["lightgbm", "lightgbm_balanced", "lightgbm_smote", "focal_boosting_zero", "focal_boosting"]
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
C_GRID = tuple({"C": C} for C in (0.01, 0.1, 1.0, 10.0))


def smote(fold, ratio):
    """Return SMOTE to a ratio that holds in any part of the fold."""
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    if not fold.categorical:
        kind = SMOTE
    elif not fold.numeric:
        kind = SMOTEN
    else:
        kind = partial(SMOTENC, list(range(len(fold.numeric), fold.n_features)))
    # Calibration trains on two thirds of the fold.
    neighbours = max(1, min(5, 2 * min(fold.counts) // 3 - 2))
    return [kind(k_neighbors=neighbours, random_state=fold.random_state)], []


def recalibrated(fold, C, method, model=LogisticRegression, samplers=None, **settings):
    """Return a linear model that is calibrated by an inner cross-validation."""
    model = model(C=C, max_iter=1000, **settings)
    arm = make_arm(replace(fold, memory=None), model, samplers, 1.0)
    return CalibratedClassifierCV(arm, method=method, cv=3)


def recalibrated_arm(name, label, method, **settings):
    """Return an arm of it."""
    build = partial(recalibrated, method=method, **settings)
    return Method(name, label, "control", build, C_GRID)


RECALIBRATED = [
    recalibrated_arm("smote_platt", "LR + SMOTE, Platt scaling", "sigmoid", samplers=smote),
    recalibrated_arm("smote_isotonic", "LR + SMOTE, isotonic", "isotonic", samplers=smote),
    recalibrated_arm(
        "balanced_platt", "LR, balanced weights, Platt scaling", "sigmoid", class_weight="balanced"
    ),
    recalibrated_arm(
        "focal_raw_platt",
        "Focal LR, raw, Platt scaling",
        "sigmoid",
        model=FocalLogisticRegression,
        probabilities="raw",
    ),
]


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
    Claim("SMOTE ranks better, linear", "logistic_smote", "logistic", "average_precision"),
    Claim("SMOTE decides better at 0.5, linear", "logistic_smote", "logistic", "f1"),
    Claim("... than a moved threshold", "logistic_smote", "logistic_threshold", "f1"),
    Claim("... also with a tuned threshold", "logistic_smote", "logistic", "f1_tuned"),
    Claim("SMOTE ranks better, LightGBM", "lightgbm_smote", "lightgbm", "average_precision"),
    Claim("... also with a tuned threshold", "lightgbm_smote", "lightgbm", "f1_tuned"),
    Claim("SMOTE keeps the probabilities, linear", "logistic_smote", "logistic", "log_loss"),
    Claim("One Platt scaling undoes what SMOTE did", "smote_platt", "logistic", "log_loss"),
    Claim("One isotonic regression does", "smote_isotonic", "logistic", "log_loss"),
    Claim("Balanced weights keep the probabilities", "logistic_balanced", "logistic", "log_loss"),
    Claim("One Platt scaling undoes what they did", "balanced_platt", "logistic", "log_loss"),
    Claim("The closed form is as good as Platt scaling of raw scores", "focal", "focal_raw_platt",
          "log_loss"),
    Claim("A larger weight for the rare class ranks better", "focal_balanced", "focal",
          "average_precision"),
]  # fmt: skip


def run():
    """Compute what is missing, the cheap methods first."""
    for methods in (LINEAR, [*LINEAR, *RECALIBRATED], [*LINEAR, *RECALIBRATED, *TREES]):
        benchmark.run(
            "core",
            methods=methods,
            plan=PLAN,
            out=FOLDER,
            n_jobs=1,
            progress=lambda done, total, label: print(done, total, label, flush=True),
        )


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
    cells = chosen.groupby("dataset").size()
    complete = cells.index[cells == PLAN.n_splits * PLAN.n_repeats * len(methods)]
    return chosen[chosen["dataset"].isin(complete)]


def claim_header():
    """Return the head of a table of claims."""
    return [
        "| claim | compared | metric | difference | won / tied / lost | p | worse / same / better "
        "| verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]


def claim_row(results, claim):
    """Return the row of a claim; the results are those of data sets that have both methods."""
    found = paired_comparison(results, claim.metric, claim.method, claim.other)
    worse, same, better = posterior_of(results, claim)
    return (
        f"| {claim.text} | `{claim.method}` / `{claim.other}` | "
        f"{METRICS[claim.metric].label} | {found['mean_difference']:+.3f} | "
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
    ranks = {metric: rank_table(results, metric) for metric in ROPE}
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


def draw_ranks(results, methods):
    """Draw the mean ranks of methods with what the Nemenyi test cannot tell apart."""
    results = finished(results, methods)
    arms = describe_arms(method for method in RECALIBRATED if method.name in methods)
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


def table():
    """Write the cells, unless they are at hand as a table alone, the claims and the figure."""
    if FOLDER.exists():
        benchmark.load_results(FOLDER).to_csv(RESULTS / "study.csv", index=False)
    results = pd.read_csv(RESULTS / "study.csv")
    draw(results)
    draw_ranks(results, [*LINEAR, *(method.name for method in RECALIBRATED), *TREES])
    linear = [*LINEAR, *(method.name for method in RECALIBRATED)]
    lines = [
        "# Claims and verdicts",
        "",
        f"{results['dataset'].nunique()} tables of the `core` suite in "
        f"{results['family'].nunique()} families, as far as a pair of methods was computed; "
        f"{PLAN.n_splits} folds, settings and thresholds chosen on {PLAN.inner_splits} inner folds "
        f"among at most {PLAN.budget} for each method. A family counts once. Columns: mean "
        "difference; families won, tied (within 0.005) and lost, in sum their number; Wilcoxon's "
        "p; the probabilities, by the Bayesian signed-rank test, that the method is worse, "
        "practically the same (within "
        f"{ROPE['average_precision']:g} in average precision and F1, {ROPE['log_loss']:g} in log "
        "loss) and better. A verdict needs 95 %. Generated by `study.py`.",
        "",
        *claim_header(),
        *claim_rows(results),
        "",
        "## Linear models: means and mean ranks",
        "",
        "Elo and improvability are those of average precision, with families as matches: Elo by "
        "maximum likelihood, 1000 for plain logistic regression and none for a method that always "
        "loses; improvability is the mean share of a method's error, 1 less its average "
        "precision, that the best method of a family has not. Both as "
        "[TabArena](https://arxiv.org/abs/2506.16791) has them, without its bootstrap.",
        "",
        *rank_rows(results, linear),
        "",
        "## With boosted trees, on the tables that have them",
        "",
        *rank_rows(results, [*linear, *TREES]),
    ]
    (RESULTS / "study.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    """Run, or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["run", "table"])
    {"run": run, "table": table}[parser.parse_args().action]()


if __name__ == "__main__":
    main()
