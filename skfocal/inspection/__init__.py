"""Plots, as scikit-learn draws them: Display classes with ``from_...`` and ``plot``."""

from skfocal.inspection._loss_display import LossDisplay

__all__ = ["LossDisplay"]
