"""Plots, as scikit-learn draws them: Display classes with ``from_...`` and ``plot``."""

from skfocal.inspection._decision_display import CostCurveDisplay, DecisionDisplay
from skfocal.inspection._gamma_path_display import GammaPathDisplay
from skfocal.inspection._learning_curve_display import LearningCurveDisplay
from skfocal.inspection._loss_display import LossDisplay

__all__ = [
    "CostCurveDisplay",
    "DecisionDisplay",
    "GammaPathDisplay",
    "LearningCurveDisplay",
    "LossDisplay",
]
