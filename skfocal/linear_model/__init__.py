"""Linear models."""

from skfocal.linear_model._focal_logistic import FocalLogisticRegression

__all__ = ["FocalLogisticRegression"]
