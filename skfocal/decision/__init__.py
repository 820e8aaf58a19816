"""From honest probabilities to decisions: by what errors cost, or by a rate that must be kept.

Everything here works on any scikit-learn classifier with ``predict_proba``. Where its probabilities
are not honest, neither are the costs: calibrate it, or use one of the classifiers of this package.
"""

from skfocal.decision._calibration import (
    Calibration,
    calibration_intercept_slope,
    expected_calibration_error,
)
from skfocal.decision._constrained import ConstrainedThresholdClassifierCV
from skfocal.decision._cost_sensitive import CostSensitiveClassifier
from skfocal.decision._costs import cost_matrix, expected_cost_score, make_cost_scorer

__all__ = [
    "Calibration",
    "ConstrainedThresholdClassifierCV",
    "CostSensitiveClassifier",
    "calibration_intercept_slope",
    "cost_matrix",
    "expected_calibration_error",
    "expected_cost_score",
    "make_cost_scorer",
]
