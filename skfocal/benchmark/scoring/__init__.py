"""What depends on the kind of target: one module per task, with the functions of `Scoring`.

Everything else, from the nested cross-validation to the report, is the same for all tasks.
"""

from typing import Any, Protocol

import numpy as np

from skfocal.benchmark.scoring import _binary, _multiclass, _multilabel

__all__ = ["SCORINGS", "Scoring", "get_scoring"]


class Scoring(Protocol):
    """What a module of this package defines.

    ``y`` is a target as models are fitted to it, ``target`` the part of it that is judged: the
    same, but for labels too rare to score.
    """

    @property
    def FIGURES(self) -> tuple[str, ...]:
        """The columns of a result that :meth:`measure` fills, the metrics first."""

    def encode(self, dataset) -> dict[str, Any]:
        """Return the fields ``y``, ``names`` and ``judged`` of a table, or refuse the target."""

    def describe(self, table) -> dict[str, Any]:
        """Return what a manifest says of the target besides the rarest count."""

    def count(self, y) -> tuple[int, ...]:
        """Return the rows of each class, or of each label, in training rows."""

    def count_rarest(self, target) -> int:
        """Return the positives, or the rows of the rarest class or label."""

    def check(self, target, where: str) -> None:
        """Raise ValueError if these rows cannot be trained or judged on."""

    def limit_splits(self, y, wanted: int) -> int:
        """Return how many inner folds the training rows allow, or raise ValueError."""

    def split(self, y, groups, n_splits: int, random_state: int) -> list:
        """Return pairs of training and test rows, stratified; no group straddles them."""

    def predict_probability(self, model, X, table) -> np.ndarray:
        """Return the judged probabilities of a fitted classifier."""

    def score(self, target, probability) -> float:
        """Return what the choice among settings goes by; greater is better."""

    def tune(self, target, probability) -> Any:
        """Return the thresholds for :meth:`measure`, from out-of-fold probabilities."""

    def measure(self, target, probability, decision, thresholds) -> dict[str, float]:
        """Return the figures of one test fold."""


#: Name to module, in the order in which tasks are listed.
SCORINGS: dict[str, Scoring] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "multilabel": _multilabel,
}


def get_scoring(name: str) -> Scoring:
    """Return the scoring of a task by its name.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> get_scoring("multiclass").FIGURES[0]
    'macro_average_precision'
    """
    if name not in SCORINGS:
        raise ValueError(f"Unknown task {name!r}; the tasks are {list(SCORINGS)}.")
    return SCORINGS[name]
