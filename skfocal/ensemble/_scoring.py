"""What early stopping follows: scores of log-odds, which know nothing of the loss."""

from collections.abc import Callable

import numpy as np
from sklearn.metrics import average_precision_score

from skfocal.tasks import Task


def make_score(
    scoring: str, task: Task, target: np.ndarray, weight: np.ndarray | None
) -> Callable[[np.ndarray], float]:
    """Return a function from log-odds to a score; higher is better.

    Parameters
    ----------
    scoring : {"neg_log_loss", "average_precision"}
        For several classes average precision is the mean over those that occur among the rows.
    task : Task
    target : ndarray of shape (n,)
        Class codes.
    weight : ndarray of shape (n,) or None
        Sample weights.

    Returns
    -------
    callable
        Of log-odds of shape (n,), or log-probabilities of shape (n, K).
    """
    rows = np.arange(len(target))

    def neg_log_loss(log_odds: np.ndarray) -> float:
        log_probability = task.log_probabilities(log_odds)[rows, target]
        return float(np.average(log_probability, weights=weight))

    def average_precision(log_odds: np.ndarray) -> float:
        columns = log_odds if task.is_softmax else np.stack([-log_odds, log_odds], axis=1)
        classes = np.unique(target) if task.is_softmax else [1]
        each = [
            average_precision_score(target == k, columns[:, k], sample_weight=weight)
            for k in classes
        ]
        return float(np.mean(each))

    return {"neg_log_loss": neg_log_loss, "average_precision": average_precision}[scoring]
