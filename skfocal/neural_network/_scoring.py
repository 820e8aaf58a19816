"""What early stopping watches: metrics that do not depend on the loss."""

import numpy as np
from sklearn.metrics import average_precision_score

from skfocal.losses import CrossEntropyLoss, MarginLoss
from skfocal.posterior import Posterior
from skfocal.tasks import get_task


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
