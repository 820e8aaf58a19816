"""Boosted trees of this package: focal loss, its zero point, class weights."""

from functools import partial
from typing import Any

from skfocal.benchmark.arms._ensembles import native_trees
from skfocal.benchmark.arms._method import ALL, SEVERAL, Method, grid

__all__ = ["METHODS"]

# The defaults come first: a budget of 1 leaves them untouched.
_TREES: tuple[dict[str, Any], ...] = (
    {},
    {"max_leaf_nodes": 6},
    {"min_samples_leaf": 20, "l2_regularization": 30.0},
    {"max_features": 0.1},
    {"min_samples_leaf": 5, "l2_regularization": 3.0},
    {"n_estimators": 150},
    {"n_estimators": 600},
    {"max_features": 1.0},
)
_GAMMA_TREES = ({}, *grid(gamma=(2.0, 0.5, 4.0)), *_TREES[1:5])


def focal_boosting(fold, **settings):
    # Loaded when an arm is built: it is not needed to list them.
    from skfocal.ensemble import FocalBoostingClassifier

    model = FocalBoostingClassifier(n_jobs=1, random_state=fold.random_state, **settings)
    return native_trees(fold, model)


def _arm(name, label, configurations, *, default_for=(), zero_point=None, **fixed):
    return Method(
        name,
        label,
        "focal",
        partial(focal_boosting, **fixed),
        configurations,
        tasks=ALL,
        default_for=default_for,
        zero_point=zero_point,
    )


def _weighted_arm(name, label, alpha):
    return _arm(name, label, _GAMMA_TREES, alpha=alpha, probabilities="posterior")


METHODS = (
    _arm(
        "focal_boosting_zero",
        "Focal boosting, gamma 0",
        _TREES,
        default_for=SEVERAL,
        gamma=0.0,
    ),
    _arm(
        "focal_boosting",
        "Focal boosting",
        _GAMMA_TREES,
        default_for=SEVERAL,
        zero_point="focal_boosting_zero",
    ),
    _weighted_arm("focal_boosting_balanced", "Focal boosting, balanced alpha", "balanced"),
    _weighted_arm("focal_boosting_effective", "Focal boosting, effective alpha", "effective"),
)
