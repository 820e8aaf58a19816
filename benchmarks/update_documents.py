"""Rewrite the generated parts of README and docs: tables of results, and sentences with figures.

``python benchmarks/update_documents.py``, after a loss or a result in ``benchmarks/results`` has
changed; a test compares. ``quick.csv`` is the ``results.csv`` that ``make benchmark`` writes,
``defaults_folds.csv`` is filled by ``choose_defaults.py run``, ``ensemble_folds.csv`` by
``ensemble.py run``.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import wilcoxon

import choose_boosting_defaults
import choose_defaults
import ensemble
from skfocal.benchmark.methods import get_method
from skfocal.benchmark.statistics import rank_table
from skfocal.losses import FocalLoss
from skfocal.posterior import Posterior, scores_from_probabilities
from skfocal.utils._docs import loss_table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SHOWN = {
    "average_precision": "average precision",
    "log_loss": "log loss",
    "f1": "F1, natural decision",
    "f1_tuned": "F1, tuned threshold",
}
# The peers of the network as a user would write them, in the order of the table.
PEERS = {
    choose_defaults.NESTED: "**`FocalMLPClassifier()`**",
    "LightGBM": "`LGBMClassifier()`",
    "SMOTE + LightGBM": "SMOTE + `LGBMClassifier()`",
    "MLPClassifier": "`MLPClassifier()`",
    "LogisticRegression": "`LogisticRegression()`",
    "MLPClassifier, early stopping": "`MLPClassifier(early_stopping=True)`",
}
# And those of the boosted trees.
BOOSTERS = {
    choose_defaults.NESTED: "**`FocalBoostingClassifier()`**",
    "CatBoost": "`CatBoostClassifier()`",
    "LightGBM": "`LGBMClassifier()`",
    "XGBoost": "`XGBClassifier()`",
    "HistGradientBoosting": "`HistGradientBoostingClassifier()`",
}
RISK, GAMMA = 0.01, 2.0
KINDS = {
    "raw": ('`"raw"`, as in other focal-loss code', "kept", "kept"),
    "weighted": ('`"weighted"` (default)', "undone", "kept as costs, as in scikit-learn"),
    "posterior": ('`"posterior"`', "undone", "undone"),
}


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Return a table."""
    lines = [header, *rows]
    lines = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])


def bullets(sentences: list[str]) -> str:
    """Return a list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


def kind_table() -> str:
    """Return what each value of ``probabilities`` undoes, and its prediction for a known risk."""
    loss = FocalLoss(gamma=GAMMA)
    score = scores_from_probabilities(loss, np.array([RISK]), "binary")
    rows = []
    for kind, texts in KINDS.items():
        read = expit(Posterior(loss, "binary", kind).log_odds(score))[0]
        rows.append([*texts, f"{100 * read:.1f} %"])
    true = f"prediction for a true risk of {RISK:.0%} (`gamma={GAMMA:g}`, no weights)".replace(
        "%", " %"
    )
    return markdown(
        ["`probabilities=`", "focusing (`gamma`)", "class weights (`alpha`, `class_weight`)", true],
        rows,
    )


def result_table(results: pd.DataFrame) -> str:
    """Return mean and mean rank of each method, best average precision first."""
    tables = {metric: rank_table(results, metric) for metric in SHOWN}
    seconds = results.groupby("method")[["search_seconds", "fit_seconds"]].mean().sum(axis=1)
    rows = []
    for method in tables["average_precision"].sort_values("mean", ascending=False).index:
        cells = [tables[metric].loc[method] for metric in SHOWN]
        texts = [f"{cell['mean']:.3f} ({cell['mean_rank']:.1f})" for cell in cells]
        label = get_method(method).label
        name = f"**{label}**" if get_method(method).kind == "focal" else label
        rows.append([name, *texts, f"{seconds[method]:.2f}"])
    return markdown(["method", *SHOWN.values(), "seconds per fold"], rows)


def network_table(folds: pd.DataFrame) -> str:
    """Return a comparison of the network with its peers, all with defaults, and a summary."""
    networks, contest, _ = choose_defaults.make_tables(folds)
    zero = networks.loc["gamma 0"]
    means = choose_defaults.family_means(folds)
    sentences = [
        f"Means over {folds['family'].nunique()} families of tables; time is the median ratio to "
        "LightGBM.",
        *(_compare(means, peer) for peer in ("LightGBM", "MLPClassifier")),
        f"With `gamma=0`, cross-entropy, the same network has an average precision of "
        f"{zero['average_precision']:.3f} and a log loss of {zero['log_loss']:.3f}: most of the "
        "gain comes from the network.",
    ]
    return _contest_table(contest, PEERS) + "\n\n" + bullets(sentences)


def boosting_table(folds: pd.DataFrame) -> str:
    """Return a comparison of the boosted trees with their peers, all with defaults."""
    study = choose_boosting_defaults
    folds = study.complete(folds)
    boosters, contest, _ = study.make_tables(folds)
    zero, base = boosters.loc["gamma 0"], boosters.loc["base"]
    times = contest.loc[study.SHIPPED, "times LightGBM, median"]
    sentences = [
        f"Means over {folds['family'].nunique()} families ({folds['dataset'].nunique()} tables, up "
        "to the size at which the study stood); ranks among seven. The row of our booster is "
        "nested: its defaults are chosen for each family on the others.",
        *(study.compare(folds, study.SHIPPED, peer) for peer in ("LightGBM", "CatBoost")),
        f"{study.SHIPPED} takes {times:.0f} times as long as LightGBM, in the median; on some "
        "families the booster of the nested row is smaller.",
        f"With the same trees gamma 1 has an average precision of {base['average_precision']:.3f} "
        f"and a log loss of {base['log_loss']:.3f}, `gamma=0` {zero['average_precision']:.3f} and "
        f"{zero['log_loss']:.3f}: the gain comes from the trees, not from gamma.",
    ]
    text = _contest_table(contest, BOOSTERS) + "\n\n" + bullets(sentences)
    return text.replace(study.SHIPPED, "The shipped booster")


def learner_table() -> str:
    """Return the small table of the README: the defaults of ours, and of two others."""
    table, n_families, n_tables = _ensemble_means()
    labels = {
        "CatBoost": "`CatBoostClassifier()`",
        ensemble.VOTING: "**network and trees, averaged**",
        ensemble.NETWORK: "**`FocalMLPClassifier()`**",
        ensemble.TREES: "**`FocalBoostingClassifier()`**",
        "LightGBM": "`LGBMClassifier()`",
    }
    rows = [
        [label, f"{table.loc[name, 'average_precision']:.3f}", f"{table.loc[name, 'log_loss']:.3f}"]
        for name, label in sorted(
            labels.items(), key=lambda pair: -table.loc[pair[0], "average_precision"]
        )
    ]
    header = [
        f"default settings, {n_tables} real tables in {n_families} families",
        "average precision (more is better)",
        "log loss (less is better)",
    ]
    return markdown(header, rows)


def ensemble_sentences() -> str:
    """Return what the average of network and trees is worth beside each, and beside CatBoost."""
    table, n_families, _ = _ensemble_means()
    figures = [
        f"{label} {table.loc[name, 'average_precision']:.3f} / {table.loc[name, 'log_loss']:.3f}"
        for name, label in (
            (ensemble.VOTING, "it has"),
            (ensemble.NETWORK, "the network alone"),
            (ensemble.TREES, "the trees alone"),
            ("CatBoost", "`CatBoostClassifier()`"),
            ("LightGBM", "`LGBMClassifier()`"),
        )
    ]
    return (
        f"In mean average precision / log loss over {n_families} families of tables, "
        f"{', '.join(figures)}."
    )


def _ensemble_means():
    folds = ensemble.read()
    means = choose_defaults.family_means(folds)
    table = means[[*choose_defaults.METRICS]].groupby("method").mean()
    return table, len(means.index.unique("family")), folds["dataset"].nunique()


def _contest_table(contest: pd.DataFrame, labels: dict[str, str]) -> str:
    rows = []
    for name, label in labels.items():
        row = contest.loc[name]
        figures = [
            f"{row['average_precision']:.3f}",
            f"{row['average_precision: rank']:.1f}",
            f"{row['log_loss']:.3f}",
            f"{row['log_loss: rank']:.1f}",
            f"{row['times LightGBM, median']:.2g}",
        ]
        rows.append([label, *figures])
    header = ["", "average precision", "mean rank", "log loss", "mean rank", "time"]
    return markdown(header, rows)


def _compare(means, peer):
    """Say on how many families the network is better than a peer, with the signed-rank test."""
    parts = []
    for metric, greater in choose_defaults.METRICS.items():
        scores = means[metric].unstack()
        gain = (scores["shipped"] - scores[peer]) * (1 if greater else -1)
        p_value = wilcoxon(gain).pvalue
        name = metric.replace("_", " ")
        parts.append(f"on {(gain > 0).sum()} of them in {name} (Wilcoxon p = {p_value:.2g})")
    return f"The network is better than {PEERS[peer]} {' and '.join(parts)}."


def put_between(text: str, name: str, content: str) -> str:
    """Replace what stands between ``<!-- name -->`` and its closing mark."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name.split(':')[0]} -->"
    pattern = re.compile(f"{re.escape(opening)}.*?{re.escape(closing)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"The document has no {opening} ... {closing}.")
    return pattern.sub(lambda _: f"{opening}\n{content}\n{closing}", text)


# Which document holds what.
PARTS = {
    "README.md": {"learners": learner_table, "losses": loss_table},
    "docs/guide/probabilities.md": {"probabilities": kind_table},
    "docs/evidence.md": {
        "results: quick": lambda: result_table(pd.read_csv(RESULTS / "quick.csv")),
        "networks": lambda: network_table(_read_folds("defaults_folds.csv")),
        "boosting": lambda: boosting_table(_read_folds("boosting_folds.csv")),
        "ensemble": ensemble_sentences,
    },
}


def _read_folds(name):
    return pd.read_csv(RESULTS / name, keep_default_na=False)


def updated(document: str, text: str) -> str:
    """Return the text of a document of ``PARTS`` with its generated parts renewed."""
    for name, make in PARTS[document].items():
        text = put_between(text, name, make())
    return text


if __name__ == "__main__":
    for document in PARTS:
        path = ROOT / document
        path.write_text(updated(document, path.read_text(encoding="utf-8")), encoding="utf-8")
