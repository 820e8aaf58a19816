"""What early stopping watches: scores of log-odds, which know nothing of the loss."""

from collections.abc import Callable

import numpy as np
from sklearn.metrics import average_precision_score

from skfocal.losses import CrossEntropyLoss
from skfocal.tasks import Task

#: Names of the scores.
SCORES = ("average_precision", "neg_log_loss")


def make_score(
    scoring: str, task: Task, target: np.ndarray, weight: np.ndarray | None, n_classes: int
) -> Callable[[np.ndarray], float]:
    """Return a function from log-odds to a score; higher is better.

    Parameters
    ----------
    scoring : {"average_precision", "neg_log_loss"}
        Average precision is the mean over the classes (multiclass) or labels that have both
        outcomes among the rows; where none has, the score is the negative log loss instead.
    task : Task
        What kind of target it is.
    target : ndarray of shape (n,) or (n, n_labels)
        Class codes, or an indicator.
    weight : ndarray of shape (n,) or None
        Sample weights.
    n_classes : int
        Number of classes, for multiclass.

    Returns
    -------
    callable
        From log-odds, or log-probabilities, in the form of `task`.

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.model_selection import make_score
    >>> from skfocal.tasks import get_task
    >>> score = make_score("neg_log_loss", get_task("binary"), np.array([0, 1]), None, 2)
    >>> round(score(np.zeros(2)), 4)
    -0.6931
    """
    indicator = task.indicator(target, n_classes)
    scored = np.flatnonzero(indicator.any(axis=0) & ~indicator.all(axis=0))

    def neg_log_loss(log_odds: np.ndarray) -> float:
        # The log loss is the cross-entropy of the log-odds, whatever loss was trained.
        losses = task.derivatives(CrossEntropyLoss(), log_odds, target, 0).value
        rows = losses.reshape(len(losses), -1).mean(axis=1)
        return -float(np.average(rows, weights=weight))

    def average_precision(log_odds: np.ndarray) -> float:
        columns = task.to_columns(log_odds)
        each = [
            average_precision_score(indicator[:, k], columns[:, k], sample_weight=weight)
            for k in scored
        ]
        return float(np.mean(each))

    return average_precision if scoring == "average_precision" and len(scored) else neg_log_loss
