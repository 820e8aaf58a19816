"""Boosted trees whose sum is the log-odds of the true probability."""

from skfocal.ensemble._callables import lightgbm_objective, xgboost_objective
from skfocal.ensemble._focal_boosting import FocalBoostingClassifier

__all__ = ["FocalBoostingClassifier", "lightgbm_objective", "xgboost_objective"]
