"""What early stopping watches: metrics of held-out rows that do not depend on the loss."""

from collections.abc import Callable

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import nn

from skfocal.losses import CrossEntropyLoss, MarginLoss
from skfocal.neural_network._settings import Problem
from skfocal.nn import LossModule
from skfocal.posterior import Posterior
from skfocal.tasks import get_task

# Validation rows that go through the network at once.
_EVALUATED_ROWS = 8192

Evaluate = Callable[[nn.Module, LossModule], float]


class ValidationScorer:
    """Scores the members' scores of the validation rows; higher is better.

    Parameters
    ----------
    scoring : {"average_precision", "neg_log_loss"}
        Average precision is the mean over the classes (multiclass) or labels that have both
        outcomes among the rows; where none has, it is the negative log loss instead.
    task : {"binary", "multilabel", "multiclass"}
    target : ndarray of shape (n,) or (n, n_labels)
        Codes, or an indicator.
    weight : ndarray of shape (n,) or None
    class_weight : ndarray
        Weights used in training, which the probabilities are freed from.
    """

    def __init__(
        self,
        scoring: str,
        task: str,
        target: np.ndarray,
        weight: np.ndarray | None,
        class_weight: np.ndarray,
    ) -> None:
        self.scoring = scoring
        self.task = task
        self.weight = weight
        self.class_weight = class_weight
        self.target = target
        self.indicator = get_task(task).indicator(target, len(class_weight))
        self._scored = np.flatnonzero(self.indicator.any(axis=0) & ~self.indicator.all(axis=0))

    def __call__(self, loss: MarginLoss, reweighted: bool, scores: np.ndarray) -> float:
        """Return the score.

        Parameters
        ----------
        loss : MarginLoss
            The loss in force, whose distortion is removed.
        reweighted : bool
            Whether the class weights are in force.
        scores : ndarray of shape (n_members, n, n_scores)

        Returns
        -------
        float
        """
        honest = loss.traits.invertible and bool(np.all(self.class_weight > 0))
        kind = "posterior" if honest else "raw"
        weight = self.class_weight if reweighted else None
        log_odds = Posterior(loss, self.task, kind, weight).mean_log_odds(scores)
        if self.scoring == "neg_log_loss" or len(self._scored) == 0:
            return -self._log_loss(log_odds)
        decision = get_task(self.task).to_columns(log_odds)
        return float(
            np.mean(
                [
                    average_precision_score(
                        self.indicator[:, k], decision[:, k], sample_weight=self.weight
                    )
                    for k in self._scored
                ]
            )
        )

    def _log_loss(self, log_odds: np.ndarray) -> float:
        task = get_task(self.task)
        losses = task.derivatives(CrossEntropyLoss(), log_odds, self.target, 0).value
        rows = losses.reshape(len(losses), -1).mean(axis=1)
        return float(np.average(rows, weights=self.weight))


def make_evaluator(problem: Problem, scoring: str, device: torch.device) -> Evaluate | None:
    """Return the function that scores a network on the validation rows.

    Parameters
    ----------
    problem : Problem
    scoring : {"average_precision", "neg_log_loss"}
    device : torch.device

    Returns
    -------
    callable, or None
        From a network and its criterion to a score, -inf if not all its scores are finite; None
        without validation rows.
    """
    if problem.validation is None:
        return None
    X, codes, weight = problem.validation
    scorer = ValidationScorer(scoring, problem.task, codes, weight, problem.class_weight)
    rows = torch.from_numpy(problem.scaling.apply(X)).to(device)

    def evaluate(module: nn.Module, criterion: LossModule) -> float:
        module.eval()
        with torch.no_grad():
            parts = [module(part).cpu().numpy() for part in rows.split(_EVALUATED_ROWS)]
        scores = np.concatenate(parts, axis=1)
        if not np.all(np.isfinite(scores)):
            return -np.inf
        return scorer(criterion.loss, criterion.reweighted, scores)

    return evaluate
