"""From scores to honest probabilities: undo the distortion of a loss.

Honest means calibrated to the training distribution: among rows with a probability of 10 %, one
in ten is an event. A loss that is not proper pushes the scores away from the log-odds of the data:
a focal model with gamma = 2 gives a 1 % risk the score of 15 %. At the population minimiser the
gradient of the expected loss is zero, which determines the true probabilities eta from the scores.
With ``h_k(m) = log(-l_k'(m) / sigmoid(-m))``, the slope of the loss relative to cross-entropy:

* binary and per label: ``log-odds(eta) = z - h_1(z) + h_0(-z)``,
* softmax: ``log eta_k = log p_k - h_k(logit p_k) + const``.

Cross-entropy has h = 0, so its scores are returned unchanged, bit for bit. Class weights used in
training appear in eta as costs; dividing by them gives the probabilities at the class frequencies
of the training data.
"""

from skfocal.posterior._calibrating import calibration_rows, fit_intercept
from skfocal.posterior._honest import HonestClassifier
from skfocal.posterior._inverting import best_constant_score, scores_from_probabilities
from skfocal.posterior._posterior import Posterior
from skfocal.posterior._prevalence import (
    PrevalenceEstimate,
    adjust_prevalence,
    estimate_prevalence,
)
from skfocal.posterior._recovering import KINDS, log_odds, probabilities_from_log_odds

__all__ = [
    "KINDS",
    "HonestClassifier",
    "Posterior",
    "PrevalenceEstimate",
    "adjust_prevalence",
    "best_constant_score",
    "calibration_rows",
    "estimate_prevalence",
    "fit_intercept",
    "log_odds",
    "probabilities_from_log_odds",
    "scores_from_probabilities",
]
