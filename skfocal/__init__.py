"""Imbalanced tabular classification by changing the loss, as scikit-learn estimators."""

from skfocal.linear_model import FocalLogisticRegression

__all__ = ["FocalLogisticRegression", "__version__"]

__version__ = "0.1.0.dev0"
