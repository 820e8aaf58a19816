"""The posterior of a fitted learner: everything between its scores and its probabilities."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from skfocal.losses import MarginLoss
from skfocal.posterior._calibrating import fit_intercept
from skfocal.posterior._recovering import check_kind, log_odds
from skfocal.tasks import Task, get_task
from skfocal.utils._blocks import map_rows

# Numbers in a block: with their temporaries they stay in the second-level cache.
_BLOCK = 2**15


@dataclass(frozen=True, eq=False)
class Posterior:
    """What scores mean: a loss, a task, and which probabilities are wanted of them.

    A fitted learner holds one, and uses it for all its outputs.

    Parameters
    ----------
    loss : MarginLoss
        The loss that the scores were trained with, bound to the training set.
    task : {"binary", "multilabel", "multiclass"}
        What the scores are.
    kind : {"weighted", "raw", "posterior"}, default="weighted"
        See :func:`log_odds`. For a loss without an inverse ``"weighted"`` is ``"raw"``: there is
        nothing else.
    class_weight : ndarray of shape (K,), or (2, L) for multilabel, default=None
        Weights used in training, negatives first; None are weights of 1.
    intercept : ndarray of shape (), (L,) or (K,), default=None
        Constant added to the log-odds, see :meth:`calibrated`; raw probabilities have none.

    Raises
    ------
    ValueError
        If `kind` or `task` is unknown.

    See Also
    --------
    log_odds : The same as a function.

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.losses import FocalLoss
    >>> from skfocal.posterior import Posterior
    >>> posterior = Posterior(FocalLoss(gamma=2.0), "binary")
    >>> posterior.probabilities(np.array([-1.7065])).round(3)
    array([[0.99, 0.01]])
    >>> posterior.of_kind("raw").probabilities(np.array([-1.7065])).round(3)
    array([[0.846, 0.154]])
    """

    loss: MarginLoss
    task: str
    kind: str = "weighted"
    class_weight: Any = None  # an ndarray or None
    intercept: Any = None  # an ndarray or None

    def __post_init__(self) -> None:
        check_kind(self.kind)
        get_task(self.task)

    @property
    def is_raw(self) -> bool:
        """Whether probabilities are the sigmoid or softmax of the scores."""
        return self._kind == "raw"

    def of_kind(self, kind: str) -> Self:
        """Return the posterior of the same scores for another kind of probabilities."""
        return self if kind == self.kind else replace(self, kind=kind)

    def unweighted(self) -> Self:
        """Return the posterior that models of different losses and weights are compared by.

        Returns
        -------
        Posterior
            Of kind ``"posterior"``; ``"raw"`` if the loss has no inverse or a class weight is 0.
        """
        positive = self.class_weight is None or np.all(np.asarray(self.class_weight) > 0)
        return self.of_kind("posterior" if self.loss.traits.invertible and positive else "raw")

    def log_odds(self, scores: np.ndarray) -> np.ndarray:
        """Return the log-odds of scores, for several classes log-probabilities.

        Parameters
        ----------
        scores : ndarray of shape (n,), (n, L) or (n, K)

        Returns
        -------
        ndarray of the shape of `scores`

        Raises
        ------
        ValueError
            If `kind` is ``"posterior"`` and the loss has no inverse, or a class weight is 0.
        """
        return _map_blocks(lambda rows: self._moved(self._of_scores(rows)), scores)

    def mean_log_odds(self, members: np.ndarray) -> np.ndarray:
        """Return the log-odds of the mean probability of several members.

        Probabilities, not scores, are averaged: members that disagree then give a probability near
        the middle, and the inverse of the loss applies to each member's own score.

        Parameters
        ----------
        members : ndarray of shape (n_members, n, n_scores)
            Scores of each, in columns.

        Returns
        -------
        ndarray of float64, of shape (n,) for binary, else (n, n_scores)
        """
        scores = self._form.from_columns(members.astype(np.float64))
        each = self._of_scores(scores)
        return self._moved(each[0] if len(each) == 1 else self._form.mean(each))

    def calibrated(self, log_odds: np.ndarray, target: np.ndarray, weight: Any = None) -> Self:
        """Return the posterior with the intercept that makes mean risk and event rate agree.

        Parameters
        ----------
        log_odds : ndarray of shape (n,), (n, L) or (n, K)
            What this posterior makes of the scores of some rows.
        target : ndarray of shape (n,) or (n, L)
            Their class codes, or an indicator.
        weight : ndarray of shape (n,), default=None
            Their weights. Where class weights are kept as costs, they multiply these.

        Returns
        -------
        Posterior
            This one if it is raw: its numbers are no risks.
        """
        if self.is_raw:
            return self
        found = fit_intercept(log_odds, target, weight, self.task, self._costs)
        return replace(self, intercept=found if self.intercept is None else found + self.intercept)

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Return the probabilities of scores.

        Parameters
        ----------
        scores : ndarray of shape (n,), (n, L) or (n, K)

        Returns
        -------
        ndarray of shape (n, 2), (n, L) or (n, K)
        """
        return self.to_probabilities(self.log_odds(scores))

    def to_probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the probabilities that :meth:`log_odds` stand for."""
        return _map_blocks(self._form.probabilities, log_odds)

    def to_log_probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return their logarithms, finite where a probability rounds to 0."""
        return _map_blocks(self._form.log_probabilities, log_odds)

    def decide(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the most probable class of each decision, as integers."""
        return self._form.decide(log_odds)

    def _of_scores(self, scores: np.ndarray) -> np.ndarray:
        return log_odds(
            self.loss, scores, self.task, kind=self._kind, class_weight=self.class_weight
        )

    def _moved(self, log_odds: np.ndarray) -> np.ndarray:
        if self.is_raw or self.intercept is None or not np.any(self.intercept):
            return log_odds
        return self._form.normalised(log_odds + self.intercept)

    @property
    def _costs(self) -> np.ndarray | None:
        """The class weights that the log-odds contain, up to a factor."""
        if self._kind == "posterior" or self.loss.class_offset is None:
            return None if self._kind == "posterior" else self.class_weight
        # An adjustment of the scores by the class frequencies is a cost as well.
        adjustment = np.exp(-self.loss.class_offset)
        return adjustment if self.class_weight is None else self.class_weight * adjustment

    @property
    def _form(self) -> Task:
        return get_task(self.task)

    @property
    def _kind(self) -> str:
        """The kind in force."""
        return "raw" if self.kind == "weighted" and not self.loss.traits.invertible else self.kind


def _map_blocks(function: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Return ``function(rows)`` without temporaries of many times its size."""
    return map_rows(function, rows, max(1, _BLOCK // max(1, rows[:1].size)))
