"""The contestants: named arms of the comparison, each with the settings it may choose from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

from skfocal.benchmark import _pipelines as pipelines
from skfocal.benchmark import _samplers as samplers
from skfocal.benchmark.tasks import get_task

__all__ = ["DEFAULT_METHODS", "Method", "get_method", "list_methods"]


@dataclass(frozen=True)
class Method:
    """An arm of the comparison.

    Attributes
    ----------
    name : str
        As it stands in the results.
    label : str
        Short text for tables.
    kind : str
        ``"baseline"``, ``"resampling"``, ``"focal"``, ``"ensemble"`` or ``"control"``.
    build : callable
        ``build(fold, **parameters)`` returns an unfitted classifier.
    configurations : tuple of dict
        What the inner search may choose from. A budget of b configurations takes the first b, so
        that the order goes from coarse to fine.
    finish : callable or None
        ``finish(classifier, thresholds)`` wraps the chosen classifier for its final fit, given the
        thresholds tuned on inner folds. It may change decisions, not probabilities.
    tasks : tuple of str
        Kinds of target that the arm is for.
    """

    name: str
    label: str
    kind: str
    build: Callable[..., Any]
    configurations: tuple[dict[str, Any], ...] = ({},)
    finish: Callable[..., Any] | None = None
    tasks: tuple[str, ...] = ("binary",)


def _grid(**values):
    """Return all combinations; the last parameter runs fastest."""
    return tuple(dict(zip(values, row, strict=True)) for row in product(*values.values()))


# An arm with a second parameter pays for it out of the same budget, with fewer values of C. The
# focal arms leave gamma = 0 to `focal_zero`, so that what gamma adds can be read off.
_C = _grid(C=(0.01, 0.1, 1.0, 10.0)) + _grid(C=(0.003, 0.03, 0.3, 100.0))
_RATIO_C = _grid(ratio=(1.0, 0.5), C=(0.1, 10.0)) + _grid(ratio=(1.0, 0.5), C=(0.01, 1.0))
_GAMMA_C = _grid(gamma=(1.0, 2.0), C=(0.1, 10.0)) + _grid(gamma=(0.5, 4.0), C=(0.1, 10.0))

# Networks and LightGBM begin with the defaults of their library: a budget of 1 leaves them
# untouched. The perceptron of scikit-learn stops early only where a setting says so.
_PERCEPTRON: tuple[dict[str, Any], ...] = (
    {},
    {"alpha": 1.0},
    {"early_stopping": True},
    {"hidden_layer_sizes": (32,), "alpha": 0.1},
    {"learning_rate_init": 0.01, "early_stopping": True},
    {"hidden_layer_sizes": (64, 64), "alpha": 0.1},
    {"learning_rate_init": 3e-4},
    {"alpha": 10.0},
)
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
_NETWORK: tuple[dict[str, Any], ...] = (
    {},
    {"weight_decay": 0.1},
    {"learning_rate_init": 5e-4},
    {"dropout": 0.3},
    {"hidden_layer_sizes": (32,)},
    {"numeric_embedding": None},
    {"hidden_layer_sizes": (128,)},
    {"learning_rate_init": 5e-3},
)
_GAMMA_NETWORK = ({}, *_grid(gamma=(2.0, 0.5, 4.0)), *_NETWORK[1:5])


def _with_ratio(configurations):
    """Return the first four settings, each with two ratios of resampling."""
    pairs = configurations[:2], configurations[2:4]
    return tuple({"ratio": r} | c for pair in pairs for r in (1.0, 0.5) for c in pair)


_SEVERAL = ("binary", "multiclass")
_ALL = ("binary", "multiclass", "multilabel")
_SAMPLERS = {
    "ros": ("random oversampling", samplers.random_over, _SEVERAL),
    "smote": ("SMOTE", samplers.smote, _SEVERAL),
    "adasyn": ("ADASYN", samplers.adasyn, ("binary",)),
    "borderline": ("BorderlineSMOTE", samplers.borderline, ("binary",)),
    "smoteenn": ("SMOTEENN", samplers.smoteenn, ("binary",)),
    "rus": ("random undersampling", samplers.random_under, ("binary",)),
}


def _sampler_arm(sampler, model, label, build, configurations):
    name, function, tasks = _SAMPLERS[sampler]
    build = partial(build, samplers=function)
    label = f"{label} + {name}"
    return Method(f"{model}_{sampler}", label, "resampling", build, configurations, tasks=tasks)


def _posterior_arm(name, label, alpha):
    build = partial(pipelines.focal, alpha=alpha, probabilities="posterior")
    return Method(f"focal_{name}", label, "focal", build, _GAMMA_C)


def _network_arm(name, label, configurations, tasks=_ALL, **fixed):
    build = partial(pipelines.focal_network, **fixed)
    return Method(name, label, "focal", build, configurations, tasks=tasks)


_METHODS = {
    method.name: method
    for method in (
        Method("dummy", "Class frequencies", "control", pipelines.dummy, tasks=_ALL),
        Method("logistic", "Logistic regression", "baseline", pipelines.logistic, _C, tasks=_ALL),
        Method(
            "logistic_balanced",
            "LR, balanced weights",
            "baseline",
            partial(pipelines.logistic, class_weight="balanced"),
            _C,
            tasks=_ALL,
        ),
        Method(
            "logistic_threshold",
            "LR, tuned threshold",
            "baseline",
            pipelines.logistic,
            _C,
            pipelines.move_threshold,
        ),
        *(_sampler_arm(name, "logistic", "LR", pipelines.logistic, _RATIO_C) for name in _SAMPLERS),
        Method(
            "focal_zero",
            "Focal LR, gamma 0",
            "focal",
            partial(pipelines.focal, gamma=0.0),
            _C,
            tasks=_SEVERAL,
        ),
        Method("focal", "Focal LR", "focal", pipelines.focal, _GAMMA_C, tasks=_SEVERAL),
        _posterior_arm("balanced", "Focal LR, balanced alpha", "balanced"),
        _posterior_arm("effective", "Focal LR, effective alpha", "effective"),
        Method(
            "balanced_forest",
            "Balanced random forest",
            "ensemble",
            pipelines.balanced_forest,
            _grid(n_trees=(20, 100), max_features=("sqrt", 0.5), min_samples_leaf=(1, 5)),
        ),
        Method(
            "easy_ensemble",
            "EasyEnsemble",
            "ensemble",
            pipelines.easy_ensemble,
            _grid(n_rounds=(10, 50), max_depth=(1, 2), learning_rate=(0.1, 0.5)),
        ),
        Method(
            "hist_gradient_boosting",
            "Histogram boosting",
            "control",
            pipelines.hist_gradient_boosting,
            _grid(n_trees=(50, 200), learning_rate=(0.05, 0.2), max_leaf_nodes=(4, 12)),
        ),
        Method("mlp", "MLP", "baseline", pipelines.perceptron, _PERCEPTRON, tasks=_ALL),
        *(
            _sampler_arm(name, "mlp", "MLP", pipelines.perceptron, _with_ratio(_PERCEPTRON))
            for name in _SAMPLERS
        ),
        Method("lightgbm", "LightGBM", "control", pipelines.lightgbm, _LIGHTGBM, tasks=_SEVERAL),
        Method(
            "lightgbm_balanced",
            "LightGBM, balanced weights",
            "control",
            partial(pipelines.lightgbm, class_weight="balanced"),
            _LIGHTGBM,
            tasks=_SEVERAL,
        ),
        _sampler_arm("smote", "lightgbm", "LightGBM", pipelines.lightgbm, _with_ratio(_LIGHTGBM)),
        _network_arm("focal_mlp", "Focal MLP", _GAMMA_NETWORK),
        _network_arm("focal_mlp_zero", "Focal MLP, gamma 0", _NETWORK, gamma=0.0),
        _network_arm(
            "focal_mlp_balanced",
            "Focal MLP, balanced alpha",
            _GAMMA_NETWORK,
            alpha="balanced",
            probabilities="posterior",
        ),
        _network_arm(
            "asymmetric_mlp",
            "Asymmetric-loss MLP",
            _NETWORK,
            tasks=("multilabel",),
            loss="asymmetric",
            probabilities="raw",  # this loss has no inverse
        ),
    )
}

#: The arms of a run that names none, by task. On binary tables these are the ones that take
#: seconds: networks and LightGBM are run when they are asked for.
DEFAULT_METHODS: dict[str, tuple[str, ...]] = {
    "binary": (
        *("dummy", "logistic", "logistic_balanced", "logistic_threshold"),
        *("logistic_ros", "logistic_smote", "logistic_adasyn"),
        *("logistic_borderline", "logistic_smoteenn", "logistic_rus"),
        *("focal_zero", "focal", "focal_balanced", "focal_effective"),
        *("balanced_forest", "easy_ensemble", "hist_gradient_boosting"),
    ),
    "multiclass": (
        *("dummy", "logistic", "logistic_balanced", "logistic_ros", "logistic_smote"),
        *("focal_zero", "focal", "mlp", "mlp_smote"),
        *("lightgbm", "lightgbm_balanced", "lightgbm_smote"),
        *("focal_mlp", "focal_mlp_zero"),
    ),
    "multilabel": (
        *("dummy", "logistic", "logistic_balanced", "mlp"),
        *("focal_mlp", "focal_mlp_zero", "asymmetric_mlp"),
    ),
}


def list_methods(task=None) -> list[str]:
    """Return the names of the arms, in the order of the tables.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel"} or None, default=None
        Names those for this kind of target; None names all.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If there is no such task.

    Examples
    --------
    >>> from skfocal.benchmark import list_methods
    >>> list_methods()[:2]
    ['dummy', 'logistic']
    >>> list_methods("multilabel")[-1]
    'asymmetric_mlp'
    """
    if task is None:
        return list(_METHODS)
    get_task(task)
    return [name for name, method in _METHODS.items() if task in method.tasks]


def get_method(name) -> Method:
    """Return an arm by its name.

    Parameters
    ----------
    name : str
        One of :func:`list_methods`.

    Returns
    -------
    Method

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> get_method("logistic").label
    'Logistic regression'
    """
    if name not in _METHODS:
        raise ValueError(f"Unknown method {name!r}; the methods are {list_methods()}.")
    return _METHODS[name]
