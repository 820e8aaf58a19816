"""Arms of the benchmark, built for the tests."""

from skfocal.benchmark.arms import NAMED, FoldInfo
from skfocal.benchmark.methods import get_method
from skfocal.benchmark.scoring import get_scoring

PERCEPTRONS = [name for name in NAMED if name.startswith("mlp")]
NETWORKS = ["focal_mlp", "focal_mlp_zero", "focal_mlp_balanced", "asymmetric_mlp"]
# Settings with which an arm is fitted in a moment and without complaint.
_LBFGS = {"solver": "lbfgs", "alpha": 3.0, "hidden_layer_sizes": (5,), "tol": 0.01}
SMALL = {"n_members": 1, "max_epochs": 30, "numeric_embedding": None}
BOOSTERS = [name for name in NAMED if name.startswith("focal_boosting")]
_FEW_TREES = {"n_estimators": 20, "learning_rate": 0.3, "min_samples_leaf": 5}
QUICK = {name: _FEW_TREES for name in BOOSTERS}
QUICK |= {name: _LBFGS for name in PERCEPTRONS} | {name: SMALL for name in NETWORKS}


def make_info(table, random_state=0):
    """Return what an arm knows of a table of which all rows are for training."""
    counts = get_scoring(table.task).count(table.y)
    return FoldInfo(table.X.shape[1], table.categorical, counts, random_state, task=table.task)


def build(name, table, position=0, **settings):
    """Return the pipeline of an arm for all rows of a table, with one of its configurations."""
    method = get_method(name)
    return method.build(make_info(table), **method.configurations[position] | settings)


def resample(pipeline, X, y):
    """Run the steps of a pipeline before its model; return the rows the model is fitted on."""
    for _, step in pipeline.steps[:-1]:
        if hasattr(step, "fit_resample"):
            X, y = step.fit_resample(X, y)
        else:
            X = step.fit_transform(X, y)
    return X, y
