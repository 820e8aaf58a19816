"""Boosted trees that add up honest log-odds."""

from skfocal.ensemble._callables import lightgbm_objective, xgboost_objective
from skfocal.ensemble._focal_boosting import FocalBoostingClassifier

__all__ = ["FocalBoostingClassifier", "lightgbm_objective", "xgboost_objective"]
