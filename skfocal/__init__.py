"""Imbalanced tabular classification by changing the loss, as scikit-learn estimators."""

from importlib import import_module
from typing import Any

from skfocal.linear_model import FocalLogisticRegression

__all__ = [
    "FocalBoostingClassifier",
    "FocalLogisticRegression",
    "FocalMLPClassifier",
    "LossModule",
    "MultiLabelFocalClassifier",
    "__version__",
    "load_model",
]

__version__ = "0.1.0"

# Loaded when asked for: what needs torch, or takes as long to import as all the rest.
_LAZY = {
    "FocalBoostingClassifier": "skfocal.ensemble",
    "FocalMLPClassifier": "skfocal.neural_network",
    "LossModule": "skfocal.nn",
    "MultiLabelFocalClassifier": "skfocal.neural_network",
    "load_model": "skfocal.utils._persistence",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
