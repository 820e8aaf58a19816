"""The answer to a comparison on one table: what to ship, what focal loss and resampling do, why."""

from dataclasses import dataclass

import numpy as np

from skfocal.benchmark.metrics import METRICS, main_metrics
from skfocal.benchmark.report._findings import describe_gain, find_duel, find_leader
from skfocal.benchmark.report._names import (
    get_kind,
    get_label,
    get_zero_point,
    write_seconds,
    write_value,
)

__all__ = ["Answer", "write_answer"]

# A recall of 0.89 on test rows keeps a bound of 0.9 as well as a few positives can tell.
SHORT = 0.02
# A difference that does not show in three digits.
EQUAL = 5e-4
# Fewer positives in a test fold leave its recall uncertain by more than 0.1.
FEW = 50


@dataclass(frozen=True)
class Answer:
    """What a comparison found.

    Attributes
    ----------
    winner : str or None
        The method to ship.
    metric : str
        The column of the results that decided.
    parts : tuple of (str, str)
        Topics and what is said of each, in the order in which a user needs them.
    """

    winner: str | None
    metric: str
    parts: tuple[tuple[str, str], ...]

    @property
    def text(self):
        """What is said, a line for each topic."""
        return "\n".join(said for _, said in self.parts)


def write_answer(results, decisions, reliability) -> Answer:
    """Return what a comparison on one table found.

    Parameters
    ----------
    results : DataFrame
        With the columns of :func:`skfocal.benchmark._decisions.add_decisions`.
    decisions : Decisions
    reliability : dict of str to Reliability
        By method; empty where it is not known.
    """
    leader, rivals = _find_leader(results, decisions)
    if leader is None:
        text = "There is no answer: no fold was finished by every method, or all of them failed."
        return Answer(None, main_metrics(results)[0], (("Nothing to ship", text),))
    labels = _Labels(decisions)
    useless = _say_useless(leader, results, decisions)
    said = [
        ("What to ship", [useless or _ship(leader, results, labels, decisions)]),
        ("Threshold", _say_costs(leader, results, decisions)),
        ("Threshold", _say_bound(leader, results, decisions)),
        ("Probabilities", _say_probabilities(leader, results)),
        ("Focal loss", _say_focal(results, leader.metric, labels)),
        ("Resampling", _say_resampling(results, leader.metric, reliability, labels)),
        ("Time", _say_time(leader, results)),
        ("Keep in mind", _list_caveats(leader, rivals, results)),
    ]
    parts = tuple((topic, " ".join(sentences)) for topic, sentences in said if sentences)
    return Answer(leader.method, leader.metric, parts)


class _Labels:
    """What metrics are called inside a sentence."""

    def __init__(self, decisions):
        self.lead = decisions.lead
        if decisions.costs is None and decisions.at_least is not None:
            name, bound = decisions.bound
            self.phrase = f"{self.lead.partition('_')[0]} at a {name} of {bound:g}"

    def __call__(self, metric):
        if metric == self.lead and hasattr(self, "phrase"):
            return self.phrase
        label = METRICS[metric].label
        return label if label[:2].isupper() else label[0].lower() + label[1:]

    def tell(self, duel):
        """Write a duel as "0.012 better in log loss (95 %: -0.001 to +0.025, within noise)"."""
        gain = describe_gain(duel.gain, duel.metric)
        return f"{gain} in {self(duel.metric)} ({_tell_interval(duel)})"


def _find_leader(results, decisions):
    """Return the best method on the metric that decides, and how many were in the race."""
    if decisions.costs is not None:
        found = [find_leader(results, m) for m in ("expected_cost", "expected_cost_tuned")]
        leaders = [leader for leader in found if leader]
        best = min(leaders, key=lambda leader: leader.mean, default=None)
        return best, 2 * best.n_methods if best else 0
    if decisions.at_least is None:
        leader = find_leader(results, main_metrics(results)[0])
        return leader, leader.n_methods if leader else 0
    name, bound = decisions.bound
    reached = results.groupby("method")[f"kept_{name}"].mean()
    kept = results[results["method"].isin(reached.index[reached >= bound - SHORT])]
    leader = find_leader(kept if len(kept) else results, decisions.lead)
    return leader, leader.n_methods if leader else 0


def _say_useless(leader, results, decisions):
    """Say it where nothing that was learnt is of use; else return None."""
    if (cheap := _find_cheap(results, decisions)) and leader.mean >= cheap[0]:
        return (
            f"Ship none: with these costs it is cheaper to flag {cheap[1]} ({cheap[0]:,.1f} per "
            f"1,000 rows) than to go by any of {leader.n_methods} methods ({leader.name} reaches "
            f"{write_value(leader.metric, leader.mean)})."
        )
    if leader.method == "dummy" and leader.n_methods > 1:
        return (
            "Ship none: no method is better than the class frequencies "
            f"({METRICS[leader.metric].label} {write_value(leader.metric, leader.mean)}), so the "
            "columns tell nothing that helps here."
        )
    return None


def _ship(leader, results, labels, decisions):
    label, mean = labels(leader.metric), write_value(leader.metric, leader.mean)
    name = leader.name
    n_all = results["method"].nunique()
    if leader.duel is None and decisions.at_least is not None and n_all > 1:
        return (
            f"Ship {name}: {mean} in {label}, the only one of {n_all} methods that keeps the "
            f"{decisions.bound[0]} on test rows."
        )
    if leader.duel is None:
        return f"{name} has {mean} in {label}; there is no other method to compare it with."
    text = f"Ship {name}: {mean} in {label}, the best of {leader.n_methods} methods. Next is "
    gain = describe_gain(-leader.duel.gain, leader.metric)
    text += f"{get_label(leader.duel.second)}, {gain} ({_tell_interval(leader.duel, turned=True)})."
    peers = [peer for peer in leader.peers if peer != "dummy"]
    if not peers or leader.duel.doubt:
        return text
    count = f"{len(peers)} other{' is' if len(peers) == 1 else 's are'}"
    quickest = min(peers, key=lambda method: _time(results, method))
    if _time(results, quickest) >= _time(results, leader.method):
        return f"{text} {count} within the noise of it, none of them quicker."
    return (
        f"{text} {count} within the noise of it: these folds cannot tell them apart. The quickest "
        f"is {get_label(quickest)} ({write_seconds(_time(results, quickest))} a fold instead of "
        f"{write_seconds(_time(results, leader.method))})."
    )


def _tell_interval(duel, turned=False):
    """Return the 95 % interval of a gain, or of the gain of the second, and what it says."""
    if duel.doubt:
        return duel.doubt
    bounds = [-bound for bound in reversed(duel.interval)] if turned else duel.interval
    low, high = (write_value(duel.metric, bound, signed=True) for bound in bounds)
    word = "exceeds the noise" if duel.exceeds_noise else "within the noise"
    return f"95 %: {low} to {high}, {word}"


def _time(results, method):
    """Return the usual seconds of a fold, search and fit."""
    cells = results[(results["method"] == method) & (results["status"] == "ok")]
    return float((cells["search_seconds"] + cells["fit_seconds"]).median())


def _find_cheap(results, decisions):
    """Return what it costs to flag nobody or everybody, the cheaper of the two."""
    if decisions.costs is None or "average_precision" not in results:
        return None  # of several targets each has its own
    done = results[results["status"] == "ok"]
    rate = done["n_positive_test"].sum() / done["n_test"].sum()
    nobody, everybody = decisions.price_of_all(rate)
    return min((nobody, "nobody"), (everybody, "everybody"))


def _say_costs(leader, results, decisions):
    if decisions.costs is None:
        return []
    text = (
        f"It flags rows with a probability of at least {decisions.threshold:.3g}, which follows "
        "from the costs"
        if leader.metric == "expected_cost"
        else "It flags rows above a threshold that was tuned on inner folds"
    )
    cheap = _find_cheap(results, decisions)
    if cheap is None or leader.mean >= cheap[0]:
        return [f"{text}."]
    saved = 1 - leader.mean / cheap[0]
    return [
        f"{text}. To flag {cheap[1]} would cost {cheap[0]:,.1f} per 1,000 rows; the model saves "
        f"{saved:.0%} of that."
    ]


def _say_bound(leader, results, decisions):
    if decisions.at_least is None:
        return []
    name, bound = decisions.bound
    cells = results[(results["method"] == leader.method) & (results["status"] == "ok")]
    reached = cells[f"kept_{name}"]
    text = (
        f"With a threshold for a {name} of {bound:g} it reaches {reached.mean():.3f} on test rows, "
        f"{reached.min():.3f} in the worst fold, and flags {cells['alerts'].mean():,.0f} of 1,000 "
        "rows."
    )
    if reached.mean() < bound - SHORT:
        text += f" No method keeps the {name} that was asked for."
    elif 1 < leader.n_methods < results["method"].nunique():
        text += f" {leader.n_methods} of {results['method'].nunique()} methods keep it."
    return [text]


def _say_probabilities(leader, results):
    """Say whose probabilities are best, if that is not the winner."""
    best = find_leader(results, "log_loss")
    if best is None or best.method == leader.method or leader.duel is None:
        return []
    duel = find_duel(results, "log_loss", leader.method, best.method)
    if abs(duel.gain) < EQUAL:
        return []
    return [
        f"If the probabilities themselves are what you need: {best.name} has the best log loss, "
        f"{write_value('log_loss', best.mean)}; {leader.name} is "
        f"{describe_gain(duel.gain, 'log_loss')} ({_tell_interval(duel)})."
    ]


def _say_focal(results, metric, labels):
    """Say what focal loss adds to each learner that was run without it too."""
    names = results["method"].unique()
    pairs = [
        (name, get_zero_point(name))
        for name in names
        if get_kind(name) == "focal" and get_zero_point(name) in names
    ]
    if not pairs:
        return []
    metrics = list(dict.fromkeys([metric, "log_loss"]))
    duels = [[find_duel(results, m, *pair) for m in metrics] for pair in pairs]
    verdict = _judge([first for first, *_ in duels])
    on_loss = [duel for _, *others in duels for duel in others if duel.exceeds_noise]
    if any(duel.gain < 0 for duel in on_loss):
        verdict += " and makes probabilities worse"
    told = [
        f"{get_label(first.first)} is "
        + " and ".join(labels.tell(duel) for duel in (first, *others))
        for first, *others in duels
    ]
    return [f"{verdict}, against the same learner without it: {'; '.join(told)}."]


def _judge(duels):
    better = [duel for duel in duels if duel.exceeds_noise and duel.gain > 0]
    worse = [duel for duel in duels if duel.exceeds_noise and duel.gain < 0]
    if better and worse:
        return "Focal loss helps one learner here and harms another"
    if better:
        return (
            "Focal loss helps here"
            if len(better) == len(duels)
            else (f"Focal loss helps {len(better)} of {len(duels)} learners here")
        )
    if worse:
        return "Focal loss does harm here"
    if all(duel.doubt for duel in duels):
        return "Whether focal loss helps here cannot be told"
    return "Focal loss makes no difference here that exceeds the noise"


def _say_resampling(results, metric, reliability, labels):
    """Say what the best resampling arm gains, and what it does to the probabilities."""
    names = results["method"].unique()
    arms = [
        name for name in names if get_kind(name) == "resampling" and get_zero_point(name) in names
    ]
    best = find_leader(results[results["method"].isin(arms)], metric) if arms else None
    if best is None:
        return []
    plain = get_zero_point(best.method)
    duel = find_duel(results, metric, best.method, plain)
    name = f"The best of {len(arms)} ways to resample, {best.name}," if arms[1:] else best.name
    text = f"{name} is {labels.tell(duel)}, against {get_label(plain)} on the rows as they are"
    both = [reliability.get(name) for name in (best.method, plain)]
    if None in both:
        return [f"{text}."]
    sampled, usual = both
    return [
        f"{text}; its probabilities say {sampled.said:.1%} where {sampled.observed:.1%} happen, "
        f"and its log loss is {sampled.loss():.3f} instead of {usual.loss():.3f} "
        f"({sampled.loss(corrected=True):.3f} once it is corrected on inner folds)."
    ]


def _say_time(leader, results):
    times = {name: _time(results, name) for name in results["method"].unique() if name != "dummy"}
    times = {name: seconds for name, seconds in times.items() if np.isfinite(seconds)}
    if len(times) < 2 or leader.method not in times:
        return []
    slowest, quickest = max(times, key=times.__getitem__), min(times, key=times.__getitem__)
    own = f"A fold of {leader.name} takes {write_seconds(times[leader.method])} to search and fit"
    others = [
        f"{word} is {get_label(name)} ({write_seconds(times[name])})"
        for word, name in (("the quickest", quickest), ("the slowest", slowest))
        if name != leader.method
    ]
    return [f"{own}; {', '.join(others)}."]


def _list_caveats(leader, rivals, results):
    caveats = []
    done = results[results["status"] == "ok"]
    n_folds, n_positives = len(done[["repeat", "fold"]].drop_duplicates()), done["n_positive_test"]
    if n_positives.median() < FEW:
        caveats.append(
            f"Each of the {n_folds} test folds has about {n_positives.median():.0f} positives, so "
            "only large differences can be told from noise."
        )
    if rivals > 2:
        caveats.append(
            f"The figure of the winner is the best of {rivals} on the same test rows, so a little "
            "better than what new rows will show; intervals are not adjusted for the number of "
            "methods."
        )
    if leader.metric == "expected_cost_tuned":
        caveats.append("A tuned threshold holds for the share of positives that it was tuned on.")
    return caveats
