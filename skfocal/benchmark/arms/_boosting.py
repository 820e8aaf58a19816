"""Boosted trees of this package: focal loss, and its zero point."""

from functools import partial
from typing import Any

from sklearn.pipeline import make_pipeline

from skfocal.benchmark.arms._method import SEVERAL, Method, grid
from skfocal.ensemble import FocalBoostingClassifier

__all__ = ["METHODS"]

# The defaults come first: a budget of 1 leaves them untouched.
_TREES: tuple[dict[str, Any], ...] = (
    {},
    {"max_leaf_nodes": 8},
    {"learning_rate": 0.1},
    {"min_samples_leaf": 5},
    {"l2_regularization": 1.0},
    {"max_features": 1.0},
    {"n_estimators": 100},
    {"max_leaf_nodes": 4},
)
_GAMMA_TREES = ({}, *grid(gamma=(2.0, 0.5, 4.0)), *_TREES[1:5])


def focal_boosting(fold, **settings):
    # Missing numbers and categories are the booster's own business.
    if fold.categorical:
        settings["categorical_features"] = list(fold.categorical)
    model = FocalBoostingClassifier(n_jobs=1, random_state=fold.random_state, **settings)
    return make_pipeline(model, memory=fold.memory)


METHODS = (
    Method(
        "focal_boosting",
        "Focal boosting",
        "focal",
        focal_boosting,
        _GAMMA_TREES,
        tasks=SEVERAL,
        zero_point="focal_boosting_zero",
    ),
    Method(
        "focal_boosting_zero",
        "Focal boosting, gamma 0",
        "focal",
        partial(focal_boosting, gamma=0.0),
        _TREES,
        tasks=SEVERAL,
    ),
)
