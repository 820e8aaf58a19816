"""Rates of a decision that a constraint may name, at every cut of a ranking, and how sure they are.

Each is a share of counts: hits of positives, positives of those selected, rows selected.
"""

from collections.abc import Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import beta

from skfocal.model_selection import Cuts


class Share(NamedTuple):
    """How many of how many, at every cut."""

    part: np.ndarray
    whole: np.ndarray

    @property
    def value(self) -> np.ndarray:
        """The rate."""
        return self.part / self.whole

    def low(self, level: float | None) -> np.ndarray:
        """Return a lower bound that holds with this probability (Clopper and Pearson)."""
        if level is None:
            return self.value
        bound = beta.ppf(1 - level, self.part, self.whole - self.part + 1)
        return np.where(self.part > 0, bound, 0.0)

    def high(self, level: float | None) -> np.ndarray:
        """Return an upper bound."""
        if level is None:
            return self.value
        bound = beta.ppf(level, self.part + 1, self.whole - self.part)
        return np.where(self.part < self.whole, bound, 1.0)


RATES = ("recall", "precision", "specificity", "alert_rate")


def shares_of(cuts: Cuts) -> dict[str, Share]:
    """Return the rates of selecting all rows above each cut."""
    n_rows, n_positive = cuts.selected[-1], cuts.hits[-1]
    false_alarms = cuts.selected - cuts.hits
    n_negative = np.full_like(cuts.hits, n_rows - n_positive)
    return {
        "recall": Share(cuts.hits, np.full_like(cuts.hits, n_positive)),
        "precision": Share(cuts.hits, cuts.selected),
        "specificity": Share(n_negative - false_alarms, n_negative),
        "alert_rate": Share(cuts.selected, np.full_like(cuts.selected, n_rows)),
    }


def check_bounds(name: str, bounds: Mapping[str, float] | None) -> dict[str, float]:
    """Return bounds by rate, or raise if one has no meaning."""
    found = dict(bounds or {})
    for rate, value in found.items():
        if rate not in RATES:
            raise ValueError(f"{name} must name some of {list(RATES)}, got {rate!r}.")
        if not _is_share(value):
            raise ValueError(f"{name}: {rate} must be between 0 and 1, got {value!r}.")
    return found


def _is_share(value: Any) -> bool:
    return isinstance(value, Real) and 0 <= float(value) <= 1
