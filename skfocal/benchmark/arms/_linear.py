"""Class frequencies, and logistic regression: plain, weighted, resampled, thresholded."""

from functools import partial

from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multiclass import OneVsRestClassifier

from skfocal.benchmark.arms._fold import make_arm
from skfocal.benchmark.arms._method import ALL, BINARY, Method, grid
from skfocal.benchmark.arms._samplers import SAMPLERS, sampler_arm

__all__ = ["C_GRID", "METHODS"]

# An arm with a second parameter pays for it out of the same budget, with fewer values of C.
C_GRID = grid(C=(0.01, 0.1, 1.0, 10.0)) + grid(C=(0.003, 0.03, 0.3, 100.0))
_RATIO_C = grid(ratio=(1.0, 0.5), C=(0.1, 10.0)) + grid(ratio=(1.0, 0.5), C=(0.01, 1.0))


def dummy(fold):
    return DummyClassifier(strategy="prior", random_state=fold.random_state)


def logistic(fold, C, class_weight=None, samplers=None, ratio=None):
    model = LogisticRegression(
        C=C, class_weight=class_weight, max_iter=1000, random_state=fold.random_state
    )
    if fold.task == "multilabel":
        model = OneVsRestClassifier(model)  # a label that is constant in a fold stays constant
    return make_arm(fold, model, samplers, ratio)


def move_threshold(pipeline, thresholds):
    return FixedThresholdClassifier(pipeline, threshold=thresholds["balanced_accuracy"])


METHODS = (
    Method("dummy", "Class frequencies", "control", dummy, tasks=ALL, default_for=ALL),
    Method(
        "logistic", "Logistic regression", "baseline", logistic, C_GRID, tasks=ALL, default_for=ALL
    ),
    Method(
        "logistic_balanced",
        "LR, balanced weights",
        "baseline",
        partial(logistic, class_weight="balanced"),
        C_GRID,
        tasks=ALL,
        default_for=ALL,
    ),
    Method(
        "logistic_threshold",
        "LR, tuned threshold",
        "baseline",
        logistic,
        C_GRID,
        move_threshold,
        default_for=BINARY,
    ),
    *(
        sampler_arm(name, "logistic", "LR", logistic, _RATIO_C, default_for=SAMPLERS[name].tasks)
        for name in SAMPLERS
    ),
)
