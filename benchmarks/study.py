"""Run the study behind the claims: the `core` suite, linear models, boosted trees and networks.

``python benchmarks/study.py run`` computes the cells that are missing, in
``benchmark-results/study``: nested cross-validation with equal budgets, four settings a method. A
run may be stopped at any time and goes on where it stopped. ``python benchmarks/study.py table``
writes ``study.csv`` (the cells) and ``study.md`` (claims with verdicts) to ``benchmarks/results``,
see ``study_tables.py``; it needs baycomp for the Bayesian test (extra ``study``). The arm of
CatBoost needs the extra ``rivals``.
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression

import study_tables
from skfocal import FocalLogisticRegression, benchmark
from skfocal.benchmark import Method
from skfocal.benchmark.arms._fold import make_arm
from skfocal.benchmark.protocol import Plan

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmark-results" / "study"
PLAN = Plan(n_splits=3, inner_splits=3, budget=4)
LINEAR = [
    "dummy",
    "logistic",
    "logistic_balanced",
    "logistic_threshold",
    "logistic_ros",
    "logistic_smote",
    "logistic_rus",
    "focal_zero",
    "focal",
    "focal_balanced",
]
TREES = ["lightgbm", "lightgbm_balanced", "lightgbm_smote", "focal_boosting_zero", "focal_boosting"]
NETWORKS = ["focal_mlp_zero", "focal_mlp"]
C_GRID = tuple({"C": C} for C in (0.01, 0.1, 1.0, 10.0))


def smote(fold, ratio):
    """Return SMOTE to a ratio that holds in any part of the fold."""
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    if not fold.categorical:
        kind = SMOTE
    elif not fold.numeric:
        kind = SMOTEN
    else:
        kind = partial(SMOTENC, list(range(len(fold.numeric), fold.n_features)))
    # Calibration trains on two thirds of the fold.
    neighbours = max(1, min(5, 2 * min(fold.counts) // 3 - 2))
    return [kind(k_neighbors=neighbours, random_state=fold.random_state)], []


def recalibrated(fold, C, method, model=LogisticRegression, samplers=None, **settings):
    """Return a linear model that is calibrated by an inner cross-validation."""
    model = model(C=C, max_iter=1000, **settings)
    arm = make_arm(replace(fold, memory=None), model, samplers, 1.0)
    return CalibratedClassifierCV(arm, method=method, cv=3)


def recalibrated_arm(name, label, method, **settings):
    """Return an arm of it."""
    build = partial(recalibrated, method=method, **settings)
    return Method(name, label, "control", build, C_GRID)


RECALIBRATED = [
    recalibrated_arm("smote_platt", "LR + SMOTE, Platt scaling", "sigmoid", samplers=smote),
    recalibrated_arm("smote_isotonic", "LR + SMOTE, isotonic", "isotonic", samplers=smote),
    recalibrated_arm(
        "balanced_platt", "LR, balanced weights, Platt scaling", "sigmoid", class_weight="balanced"
    ),
    recalibrated_arm(
        "focal_raw_platt",
        "Focal LR, raw, Platt scaling",
        "sigmoid",
        model=FocalLogisticRegression,
        probabilities="raw",
    ),
]


def catboost(fold, **settings):
    """Return CatBoost, with its defaults or some settings."""
    from catboost import CatBoostClassifier

    quiet = {"verbose": False, "allow_writing_files": False, "thread_count": 1}
    return make_arm(fold, CatBoostClassifier(random_seed=fold.random_state, **quiet, **settings))


CATBOOST = Method(
    "catboost",
    "CatBoost",
    "control",
    catboost,
    ({}, {"depth": 4}, {"learning_rate": 0.03}, {"l2_leaf_reg": 10.0}),
    requires=("catboost",),
)
OTHERS = [*TREES, *NETWORKS, CATBOOST]


def run(n_jobs):
    """Compute what is missing, the cheap methods first."""
    linear = [*LINEAR, *RECALIBRATED]
    for methods in (linear, [*linear, *TREES], [*linear, *OTHERS]):
        benchmark.run(
            "core",
            methods=methods,
            plan=PLAN,
            out=FOLDER,
            n_jobs=n_jobs,
            progress=lambda done, total, label: print(done, total, label, flush=True),
        )


def main():
    """Run, or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--jobs", type=int, default=1, help="processes of a run")
    arguments = parser.parse_args()
    if arguments.action == "run":
        run(arguments.jobs)
    else:
        study_tables.write(FOLDER, PLAN, [*LINEAR, *RECALIBRATED], OTHERS)


if __name__ == "__main__":
    main()
