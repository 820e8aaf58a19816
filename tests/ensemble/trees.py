"""Engines and settings of trees for tests."""

import inspect

import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

ENGINES = ["hist", "lightgbm", "xgboost"]
# The trees of scikit-learn and LightGBM, few and small enough for a test.
PLAIN = {
    "n_estimators": 50,
    "learning_rate": 0.1,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "max_features": 1.0,
    "subsample": 1.0,
    "calibrate_intercept": False,
    "n_jobs": 1,
    "random_state": 0,
}
QUICK = {
    "n_estimators": 5,
    "subsample": 1.0,
    "calibrate_intercept": False,
    "n_jobs": 1,
    "random_state": 0,
}
SMALL = {"n_estimators": 20, "learning_rate": 0.1, "n_jobs": 1, "random_state": 0}

each_engine = pytest.mark.parametrize("engine", ENGINES)
# Rows that a caller holds out came with scikit-learn 1.7.
HOLDS_OUT = "X_val" in inspect.signature(HistGradientBoostingClassifier.fit).parameters
STOPPING = ENGINES if HOLDS_OUT else ENGINES[1:]
stops = pytest.mark.parametrize("engine", STOPPING)
