"""The contestants: named arms of the comparison, each with the settings it may choose from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

from skfocal.benchmark import _pipelines as pipelines

__all__ = ["Method", "get_method", "list_methods"]


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
    """

    name: str
    label: str
    kind: str
    build: Callable[..., Any]
    configurations: tuple[dict[str, Any], ...] = ({},)
    finish: Callable[..., Any] | None = None


def _grid(**values):
    """Return all combinations; the last parameter runs fastest."""
    return tuple(dict(zip(values, row, strict=True)) for row in product(*values.values()))


# An arm with a second parameter pays for it out of the same budget, with fewer values of C. The
# focal arms leave gamma = 0 to `focal_zero`, so that what gamma adds can be read off.
_C = _grid(C=(0.01, 0.1, 1.0, 10.0)) + _grid(C=(0.003, 0.03, 0.3, 100.0))
_RATIO_C = _grid(ratio=(1.0, 0.5), C=(0.1, 10.0)) + _grid(ratio=(1.0, 0.5), C=(0.01, 1.0))
_GAMMA_C = _grid(gamma=(1.0, 2.0), C=(0.1, 10.0)) + _grid(gamma=(0.5, 4.0), C=(0.1, 10.0))


def _sampler_arm(name, label, samplers):
    build = partial(pipelines.sampled, samplers=samplers)
    return Method(f"logistic_{name}", f"LR + {label}", "resampling", build, _RATIO_C)


def _posterior_arm(name, label, alpha):
    build = partial(pipelines.focal, alpha=alpha, probabilities="posterior")
    return Method(f"focal_{name}", label, "focal", build, _GAMMA_C)


_METHODS = {
    method.name: method
    for method in (
        Method("dummy", "Class frequencies", "control", pipelines.dummy),
        Method("logistic", "Logistic regression", "baseline", pipelines.logistic, _C),
        Method(
            "logistic_balanced",
            "LR, balanced weights",
            "baseline",
            partial(pipelines.logistic, class_weight="balanced"),
            _C,
        ),
        Method(
            "logistic_threshold",
            "LR, tuned threshold",
            "baseline",
            pipelines.logistic,
            _C,
            pipelines.move_threshold,
        ),
        _sampler_arm("ros", "random oversampling", pipelines.random_over),
        _sampler_arm("smote", "SMOTE", pipelines.smote),
        _sampler_arm("adasyn", "ADASYN", pipelines.adasyn),
        _sampler_arm("borderline", "BorderlineSMOTE", pipelines.borderline),
        _sampler_arm("smoteenn", "SMOTEENN", pipelines.smoteenn),
        _sampler_arm("rus", "random undersampling", pipelines.random_under),
        Method("focal_zero", "Focal LR, gamma 0", "focal", partial(pipelines.focal, gamma=0.0), _C),
        Method("focal", "Focal LR", "focal", pipelines.focal, _GAMMA_C),
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
    )
}


def list_methods() -> list[str]:
    """Return the names of the arms, in the order of the tables.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from skfocal.benchmark import list_methods
    >>> list_methods()[:2]
    ['dummy', 'logistic']
    """
    return list(_METHODS)


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
