"""What errors cost, or what a decision must reach: judged on stored probabilities, without a fit.

A cell keeps the probabilities of its inner folds beside those of its test rows. Thresholds are
chosen on the former and judged on the latter, so that other costs need no other run.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from skfocal.benchmark.protocol import Cell
from skfocal.model_selection import find_cuts

__all__ = ["Decisions", "add_decisions"]

OUTCOMES = ("fn", "fp", "tp", "tn")
#: What may be asked for, and what is then as high as possible.
AT_LEAST = {"recall": "precision", "precision": "recall"}
COUNTED = 1000  # costs and alerts are told for so many rows


@dataclass(frozen=True)
class Decisions:
    """What a comparison decides by.

    Parameters
    ----------
    costs : dict of str to float, or None
        Cost of a false negative ``"fn"`` and of a false positive ``"fp"``, and if they cost or
        bring anything, of the true ones ``"tp"`` and ``"tn"``.
    at_least : dict of str to float, or None
        ``{"recall": 0.9}`` or ``{"precision": 0.5}``: the other of the two is as high as possible.

    Raises
    ------
    ValueError
        If a name or a number makes no sense.

    Examples
    --------
    >>> Decisions({"fn": 50, "fp": 1}).threshold
    0.0196078431372549
    """

    costs: dict[str, float] | None = None
    at_least: dict[str, float] | None = None

    def __post_init__(self):
        if self.costs is not None:
            _check_costs(self.costs)
        if self.at_least is not None:
            _check_bound(self.at_least)
        if self.costs is not None and self.at_least is not None:
            raise ValueError(
                "Give either costs or at_least: where the costs are known, they say how much "
                "recall is worth its price."
            )

    def __bool__(self):
        return self.costs is not None or self.at_least is not None

    @property
    def threshold(self) -> float:
        """The probability from which on it is cheaper to act, if probabilities are honest."""
        cost = self._cost
        act, wait = cost["fp"] - cost["tn"], cost["fn"] - cost["tp"]
        return act / (act + wait)

    @property
    def bound(self) -> tuple[str, float]:
        """What must be reached, and how much of it."""
        return next(iter((self.at_least or {}).items()))

    @property
    def lead(self) -> str | None:
        """The column of the results by which methods are ranked."""
        if self.costs is not None:
            return "expected_cost"
        return None if self.at_least is None else f"{AT_LEAST[self.bound[0]]}_at_{self.bound[0]}"

    @property
    def columns(self) -> list[str]:
        """Names of the figures of a test fold."""
        if self.costs is not None:
            return ["expected_cost", "expected_cost_tuned"]
        if self.at_least is None:
            return []
        name = self.bound[0]
        return [f"{AT_LEAST[name]}_at_{name}", f"kept_{name}", "alerts"]

    @property
    def _cost(self):
        return dict.fromkeys(OUTCOMES, 0.0) | (self.costs or {})

    def describe(self) -> dict[str, Any]:
        """Return the fields as JSON takes them."""
        return asdict(self)

    def facts(self) -> list[tuple[str, str]]:
        """Return what a report says of them."""
        facts = []
        if self.costs is not None:
            words = {"fn": "a missed positive", "fp": "a false alarm"}
            words |= {"tp": "a positive that is found", "tn": "a negative that is left alone"}
            told = ", ".join(f"{words[k]} {v:g}" for k, v in self.costs.items())
            facts.append(
                (
                    "Costs",
                    f"{told}; it is cheaper to act from a probability of {self.threshold:.3g}",
                )
            )
        if self.at_least is not None:
            name, value = self.bound
            facts.append(
                (
                    "Constraint",
                    f"{name} of at least {value:g}, {AT_LEAST[name]} as high as possible",
                )
            )
        return facts

    def price_of_all(self, rate) -> tuple[float, float]:
        """Return the cost of 1,000 rows if nobody is flagged, and if everybody is."""
        cost = self._cost
        n_positive = COUNTED * rate
        return (
            float(_total(cost, 0, 0, n_positive, COUNTED)),
            float(_total(cost, n_positive, COUNTED, n_positive, COUNTED)),
        )

    def price(self, target, decision) -> float:
        """Return the cost of decisions for 1,000 rows; of several labels, of all together."""
        cost, n_rows = self._cost, len(target)
        hits, flagged = np.sum(target[decision]), np.sum(decision)
        total = _total(cost, hits, flagged, np.sum(target), np.size(target))
        return float(COUNTED * total / n_rows)

    def tune(self, target, probability) -> float:
        """Return the threshold that is cheapest on rows that no model was fitted to."""
        cuts = find_cuts(target, probability)
        n_positive = target.sum()
        totals = _total(self._cost, cuts.hits, cuts.selected, n_positive, len(target))
        best = int(np.argmin(totals))
        nobody = _total(self._cost, 0, 0, n_positive, len(target))
        return math.inf if nobody < totals[best] else float(cuts.threshold[best])

    def keep(self, target, probability) -> float:
        """Return the threshold that keeps the bound and is best for the rest of it.

        Where none keeps it, the one that comes closest.
        """
        name, value = self.bound
        cuts = find_cuts(target, probability)
        kept, other = _rates(name, cuts.hits, cuts.selected, target.sum())
        enough = kept >= value
        place = np.argmax(np.where(enough, other, -1.0)) if enough.any() else np.argmax(kept)
        return float(cuts.threshold[place])

    def measure(self, target, probability, inner_target, inner_probability) -> dict[str, float]:
        """Return the figures of one test fold."""
        columns = _columns(target, probability, inner_target, inner_probability)
        if self.costs is not None:
            tuned = np.array([self.tune(y, p) for _, _, y, p in columns])
            codes, p = (array.reshape(len(target), -1) for array in (target, probability))
            values = [self.price(codes, p >= threshold) for threshold in (self.threshold, tuned)]
        else:
            (codes, p, *inner), *_ = columns
            decision, name = p >= self.keep(*inner), self.bound[0]
            kept, other = _rates(name, codes[decision].sum(), decision.sum(), codes.sum())
            values = [float(other), float(kept), float(COUNTED * decision.mean())]
        return dict(zip(self.columns, values, strict=True))


def _columns(*arrays):
    """Return the arrays of each label; a binary target is one label."""
    return list(zip(*(array.reshape(len(array), -1).T for array in arrays), strict=True))


def _total(cost, hits, flagged, n_positive, n_rows):
    return (
        cost["tp"] * hits
        + cost["fn"] * (n_positive - hits)
        + cost["fp"] * (flagged - hits)
        + cost["tn"] * (n_rows - n_positive - (flagged - hits))
    )


def _rates(name, hits, selected, n_positive):
    """Return the rate of that name and the other one; the precision of no alarm is 0."""
    recall, precision = hits / n_positive, hits / np.maximum(selected, 1)
    return (recall, precision) if name == "recall" else (precision, recall)


def _check_costs(costs):
    told = f"got {costs!r}."
    if not isinstance(costs, dict) or not {"fn", "fp"} <= set(costs) <= set(OUTCOMES):
        raise ValueError(f"costs must name 'fn' and 'fp', and may name 'tp' and 'tn'; {told}")
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in costs.values()):
        raise ValueError(f"costs must be finite numbers; {told}")
    cost = dict.fromkeys(OUTCOMES, 0.0) | costs
    if cost["fn"] <= cost["tp"] or cost["fp"] <= cost["tn"]:
        raise ValueError(
            "costs: an error must cost more than the right decision, so 'fn' more than 'tp' and "
            f"'fp' more than 'tn'; {told}"
        )


def _check_bound(at_least):
    if not isinstance(at_least, dict) or len(at_least) != 1 or not set(at_least) <= set(AT_LEAST):
        raise ValueError(f"at_least must name one of {list(AT_LEAST)}; got {at_least!r}.")
    (value,) = at_least.values()
    if not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"at_least must be in (0, 1]; got {at_least!r}.")


def add_decisions(store, results, decisions) -> pd.DataFrame:
    """Return results with the figures of decisions, computed from stored probabilities.

    Parameters
    ----------
    store : Store
        Holds the probabilities.
    results : DataFrame
        As :func:`skfocal.benchmark.run` returns it.
    decisions : Decisions

    Returns
    -------
    DataFrame
        A cell that failed, or was computed before inner probabilities were kept, has no figures.
    """
    if not decisions:
        return results
    rows = [_measure_cell(store, row, decisions) for _, row in results.iterrows()]
    added = pd.DataFrame(rows, index=results.index, columns=decisions.columns, dtype=float)
    return pd.concat([results, added], axis=1)


def _measure_cell(store, row, decisions):
    arrays = store.arrays(Cell.of(row)) if row["status"] == "ok" else {}
    if "inner_probability" not in arrays:
        return {}
    names = ("target", "probability", "inner_target", "inner_probability")
    return decisions.measure(*(arrays[name] for name in names))
