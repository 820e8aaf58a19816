"""What early stopping watches: metrics of held-out rows that do not depend on the loss."""

from collections.abc import Callable

import numpy as np
import torch
from sklearn.utils import gen_batches
from torch import nn

from skfocal.model_selection import make_score
from skfocal.neural_network._cross_fitting import unseen_scores
from skfocal.neural_network._settings import NetworkSettings, Problem
from skfocal.neural_network.training._batches import to_tensor
from skfocal.nn import LossModule
from skfocal.posterior import Posterior
from skfocal.tasks import get_task

# Validation rows that go through the network at once.
_EVALUATED_ROWS = 8192

Evaluate = Callable[[nn.Module, LossModule], float]


def make_evaluator(
    network: NetworkSettings, problem: Problem, scoring: str, device: torch.device
) -> Evaluate | None:
    """Return the function that scores a network on the validation rows.

    Parameters
    ----------
    network : NetworkSettings
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
    X, codes, weight, left_out = problem.validation
    score = make_score(scoring, get_task(problem.task), codes, weight, len(problem.class_weight))
    thin = network.keeps_sparse(X, problem.scaling)
    rows = [
        to_tensor(X[part], problem.scaling, thin).to(device)
        for part in gen_batches(X.shape[0], _EVALUATED_ROWS)
    ]

    def evaluate(module: nn.Module, criterion: LossModule) -> float:
        module.eval()
        with torch.no_grad():
            parts = [module(part).cpu().numpy() for part in rows]
        scores = np.concatenate(parts, axis=1)
        if not np.all(np.isfinite(scores)):
            return -np.inf
        if left_out is not None:
            scores = unseen_scores(scores, left_out)
        class_weight = problem.class_weight if criterion.reweighted else None
        posterior = Posterior(criterion.loss, problem.task, class_weight=class_weight)
        return score(posterior.unweighted().mean_log_odds(scores))

    return evaluate
