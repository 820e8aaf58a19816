"""Scores of log-odds: against scikit-learn's metrics on probabilities."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss

from skfocal.model_selection import make_score
from skfocal.tasks import TASKS, get_task

N_ROWS, N_CLASSES = 60, 4


def rows(name):
    """Target, log-odds, and probabilities with a column for each event."""
    rng = np.random.default_rng(0)
    task = get_task(name)
    shape = (N_ROWS,) if name == "binary" else (N_ROWS, N_CLASSES)
    log_odds = task.normalised(rng.normal(scale=2, size=shape))
    if name == "multiclass":
        target = rng.integers(N_CLASSES - 1, size=N_ROWS)  # the last class is absent
    else:
        target = rng.integers(2, size=shape)
    probability = task.probabilities(log_odds)
    return target, log_odds, probability[:, 1:] if name == "binary" else probability


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", list(TASKS))
def test_scores_are_those_of_the_probabilities(name, weighted):
    target, log_odds, probability = rows(name)
    weight = np.random.default_rng(1).random(N_ROWS) if weighted else None

    def score(scoring):
        return make_score(scoring, get_task(name), target, weight, N_CLASSES)(log_odds)

    if name == "multiclass":
        events = target[:, None] == np.arange(N_CLASSES)
        wanted = log_loss(target, probability, sample_weight=weight, labels=range(N_CLASSES))
    else:
        events = target.reshape(N_ROWS, -1)
        columns = zip(events.T, probability.T, strict=True)
        wanted = np.mean([log_loss(y, p, sample_weight=weight) for y, p in columns])
    assert score("neg_log_loss") == pytest.approx(-wanted, rel=1e-12)
    precision = [
        average_precision_score(events[:, k], probability[:, k], sample_weight=weight)
        for k in range(events.shape[1])
        if events[:, k].any()
    ]
    assert score("average_precision") == pytest.approx(np.mean(precision), rel=1e-12)


@pytest.mark.parametrize("name", list(TASKS))
def test_rows_of_one_outcome_are_scored_by_the_log_loss(name):
    target, log_odds, _ = rows(name)
    same = np.zeros_like(target)
    scores = [
        make_score(scoring, get_task(name), same, None, N_CLASSES)(log_odds)
        for scoring in ("average_precision", "neg_log_loss")
    ]
    assert scores[0] == scores[1] < 0
