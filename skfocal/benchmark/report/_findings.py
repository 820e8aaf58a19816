"""Which method leads on which metric, by how much, and whether that exceeds the noise."""

import math
from dataclasses import dataclass

from skfocal.benchmark import statistics
from skfocal.benchmark.methods import list_methods
from skfocal.benchmark.metrics import METRICS, main_metrics
from skfocal.benchmark.report._names import (
    describe_p,
    get_kind,
    get_label,
    get_zero_point,
    list_zero_points,
    write_number,
    write_value,
)

__all__ = [
    "Duel",
    "Leader",
    "compare_focal",
    "describe_gain",
    "find_duel",
    "find_focal_arm",
    "find_leader",
    "find_worse_sets",
    "list_headlines",
    "summarise_focal",
]

# Threshold-free and proper scores first, then the decision at the threshold tuned inside.
HEADLINES = (
    *("expected_cost", "expected_cost_tuned", "precision_at_recall", "recall_at_precision"),
    *("average_precision", "macro_average_precision", "micro_average_precision"),
    *("roc_auc", "log_loss", "brier"),
    *("f1_tuned", "macro_f1_tuned", "geometric_mean_tuned"),
)
LEVEL = 0.05
# The two-sided signed-rank test on n families has no p value below 2 ** (1 - n).
MIN_FAMILIES = 6


@dataclass(frozen=True)
class Duel:
    """One method against another on one metric, over the folds of a set or over families.

    ``gain`` is how much better ``first`` is than ``second``: positive is better whatever the
    direction of the metric.
    """

    metric: str
    first: str
    second: str
    gain: float
    interval: tuple[float, float]
    p_value: float
    wins: int
    ties: int
    losses: int
    n_families: int

    @property
    def exceeds_noise(self):
        """Whether a difference of this size is unlikely (below 5 %) to be noise."""
        return self.p_value < LEVEL

    @property
    def doubt(self):
        """Why no test can tell the difference from noise; empty where one can."""
        if math.isnan(self.p_value):
            return "there are too few pairs to tell it from noise"
        if 1 < self.n_families < MIN_FAMILIES:
            return f"{self.n_families} families of data sets are too few to tell it from noise"
        return ""

    @property
    def verdict(self):
        """Whether the difference exceeds the noise, in words that end a sentence."""
        if self.doubt:
            return self.doubt
        noise = "fold-to-fold noise" if self.n_families == 1 else "noise between data sets"
        verb = "exceeds" if self.exceeds_noise else "does not exceed"
        return f"the difference {verb} the {noise} ({describe_p(self.p_value)})"

    @property
    def badge(self):
        """The verdict in a few words."""
        if self.doubt:
            return "too little data to tell it from noise"
        return f"{'exceeds' if self.exceeds_noise else 'within'} noise, {describe_p(self.p_value)}"


@dataclass(frozen=True)
class Leader:
    """The best method on a metric, and the next one."""

    metric: str
    method: str
    mean: float
    mean_rank: float
    second_rank: float
    n_families: int
    n_methods: int
    duel: Duel | None
    peers: tuple[str, ...]

    @property
    def label(self):
        """What the metric is called."""
        return METRICS[self.metric].label

    @property
    def name(self):
        """What the method is called."""
        return get_label(self.method)

    @property
    def kind(self):
        """The kind of the method."""
        return get_kind(self.method)

    @property
    def standing(self):
        """The mean, and the mean rank where there are several families."""
        text = f"mean {write_value(self.metric, self.mean)}"
        if self.n_families > 1:
            text += f", mean rank {write_number(self.mean_rank, 1)} over {self.n_families} families"
        return text

    @property
    def next_one(self):
        """The second method, and how many others are as good within noise."""
        if self.duel is None:
            return "There is no other method to compare it with."
        text = f"Next is {self._describe(self.duel)}."
        if self.peers and not self.duel.doubt:
            n_others = self.n_methods - 1
            text += f" Within noise of the leader: {len(self.peers)} of {n_others} others."
        return text

    def _describe(self, duel):
        text = get_label(duel.second)
        if self.n_families > 1:  # the better mean rank may go with the worse mean
            rank = write_number(self.second_rank, 1)
            return f"{text} (mean rank {rank}), its mean {describe_gain(-duel.gain, self.metric)}"
        return f"{text}, {describe_gain(-duel.gain, self.metric)}"

    @property
    def sentence(self):
        """The finding in plain words."""
        text = f"{self.label}: {self.name} wins with {self.standing}"
        if self.duel is None:
            return text + "; there is no other method to compare it with."
        return f"{text}; next is {self._describe(self.duel)}: {self.duel.verdict}."


def describe_gain(gain, metric="average_precision"):
    """Write an oriented difference as "0.012 better" or "0.012 worse"."""
    size = write_value(metric, abs(gain))
    if not size.strip("0.,"):
        return f"equal to {'three digits' if METRICS[metric].digits == 3 else 'one digit'}"
    return f"{size} {'better' if gain > 0 else 'worse'}"


def list_headlines(results):
    """Return the metrics of the results that are shown first."""
    return [metric for metric in HEADLINES if metric in results]


def find_leader(results, metric):
    """Find the best method by mean rank over families, on one data set by its mean.

    Parameters
    ----------
    results : pandas.DataFrame
        Rows of cells, as :func:`skfocal.benchmark.run` returns them.
    metric : str
        A name in ``METRICS``.

    Returns
    -------
    Leader or None
        None where no method has a rank.
    """
    table = statistics.rank_table(results, metric).dropna(subset=["mean", "mean_rank"])
    if table.empty:
        return None
    ascending = [True, not METRICS[metric].greater_is_better]
    table = table.sort_values(["mean_rank", "mean"], ascending=ascending, kind="stable")
    first, *others = table.index
    duels = [find_duel(results, metric, first, other) for other in others]
    n_families = int(table["n_families"].iloc[0])
    return Leader(
        metric=metric,
        method=first,
        mean=float(table["mean"].iloc[0]),
        mean_rank=float(table["mean_rank"].iloc[0]),
        second_rank=float(table["mean_rank"].iloc[min(1, len(table) - 1)]),
        n_families=n_families,
        n_methods=len(table),
        duel=duels[0] if duels else None,
        peers=tuple(duel.second for duel in duels if not duel.exceeds_noise),
    )


def find_duel(results, metric, first, second):
    """Compare two methods: by folds if there is one data set, else by families."""
    rows = results[results["ranked"] & results["method"].isin([first, second])]
    names = rows["dataset"].unique()
    only = names[0] if len(names) == 1 else None
    test = statistics.paired_comparison(results, metric, first, second, dataset=only)
    sign = 1 if METRICS[metric].greater_is_better else -1
    low, high = sorted(sign * bound for bound in test["interval"])
    return Duel(
        metric=metric,
        first=first,
        second=second,
        gain=sign * test["mean_difference"],
        interval=(low, high),
        p_value=test["p_value"],
        wins=test["wins"],
        ties=test["ties"],
        losses=test["losses"],
        n_families=rows["family"].nunique(),
    )


def find_focal_arm(methods):
    """Return the arm that speaks for focal loss, named in advance and not chosen by its result."""
    zeros, order = list_zero_points(), list_methods()
    arms = [method for method in methods if get_kind(method) == "focal" and method not in zeros]
    speaking = [arm for arm in arms if get_zero_point(arm)]
    speaking.sort(key=lambda arm: order.index(arm) if arm in order else len(order))
    return next(iter(speaking), next(iter(arms), None))


def compare_focal(results, metric):
    """Set focal loss against its own zero point and against the best arm of every other kind.

    Returns
    -------
    list of Duel
        Focal loss is ``first`` in each; empty where it, or everything else, was not run.
    """
    table = statistics.rank_table(results, metric).dropna(subset=["mean", "mean_rank"])
    focal = find_focal_arm(table.index)
    if focal is None:
        return []
    best: dict[str, str] = {}
    for method in table.index:  # best rank first
        if method != "dummy":
            best.setdefault(get_kind(method), method)
    zero = get_zero_point(focal) or "focal_zero"
    rivals = [zero] if zero in table.index else []
    rivals += [
        best[kind] for kind in ("resampling", "baseline", "ensemble", "control") if kind in best
    ]
    return [find_duel(results, metric, focal, rival) for rival in rivals]


def find_worse_sets(results, metric, first, second):
    """List the data sets on which a method is worse than another by more than the tie margin.

    Returns
    -------
    list of (str, float)
        Name of the set and how much worse, the largest loss first.
    """
    rows = results[(results["status"] == "ok") & results["method"].isin([first, second])]
    means = rows.pivot_table(index="dataset", columns="method", values=metric, aggfunc="mean")
    if not {first, second} <= set(means.columns):
        return []
    sign = 1 if METRICS[metric].greater_is_better else -1
    loss = (sign * (means[second] - means[first])).sort_values(ascending=False)
    return [(name, float(size)) for name, size in loss.items() if size > statistics.TIE_MARGIN]


def summarise_focal(results, metrics=None):
    """Say in plain words how focal loss stands against the best resampling and its zero point."""
    sentences = []
    for metric in main_metrics(results) if metrics is None else metrics:
        for duel in compare_focal(results, metric):
            is_zero = get_kind(duel.second) == "focal"
            if not is_zero and get_kind(duel.second) != "resampling":
                continue
            rival = "its own zero point" if is_zero else "the best resampling arm"
            sentences.append(
                f"{METRICS[metric].label}: {get_label(duel.first)} against {rival} "
                f"({get_label(duel.second)}) is {describe_gain(duel.gain, metric)}; "
                f"{duel.verdict}."
            )
    return sentences
