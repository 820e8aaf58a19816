"""LightGBM: plain, with balanced weights, behind SMOTE."""

from functools import partial
from typing import Any

from skfocal.benchmark.arms._fold import make_arm
from skfocal.benchmark.arms._method import SEVERAL, Method
from skfocal.benchmark.arms._samplers import sampler_arm, with_ratio
from skfocal.utils._optional import needs_extra

__all__ = ["METHODS"]

# The defaults of the library come first: a budget of 1 leaves them untouched.
_LIGHTGBM: tuple[dict[str, Any], ...] = (
    {},
    {"num_leaves": 7, "learning_rate": 0.05},
    {"num_leaves": 7, "min_child_samples": 5},
    {"n_estimators": 50, "reg_lambda": 10.0},
    {"num_leaves": 4},
    {"min_child_samples": 5},
    {"n_estimators": 200, "learning_rate": 0.03},
    {"num_leaves": 15, "colsample_bytree": 0.5},
)
_SHARED: dict[str, Any] = {"default_for": SEVERAL, "requires": ("lightgbm",)}


def lightgbm(fold, samplers=None, ratio=None, **settings):
    with needs_extra("benchmark", "This arm"):
        from lightgbm import LGBMClassifier
    model = LGBMClassifier(verbose=-1, n_jobs=1, random_state=fold.random_state, **settings)
    return make_arm(fold, model, samplers, ratio)


METHODS = (
    Method("lightgbm", "LightGBM", "control", lightgbm, _LIGHTGBM, tasks=SEVERAL, **_SHARED),
    Method(
        "lightgbm_balanced",
        "LightGBM, balanced weights",
        "control",
        partial(lightgbm, class_weight="balanced"),
        _LIGHTGBM,
        tasks=SEVERAL,
        **_SHARED,
    ),
    sampler_arm("smote", "lightgbm", "LightGBM", lightgbm, with_ratio(_LIGHTGBM), **_SHARED),
)
