"""The comparison of focal estimators with resampling, by cross-validation on imbalanced tables."""

from importlib import import_module

from skfocal.utils._optional import needs_extra

__all__ = [
    "Dataset",
    "Method",
    "focal_arm",
    "list_datasets",
    "list_methods",
    "list_suites",
    "load_dataset",
    "load_results",
    "predict_file",
    "read_table",
    "run",
]

_HOMES = {
    "Dataset": "datasets",
    "Method": "methods",
    "focal_arm": "methods",
    "list_datasets": "datasets",
    "list_methods": "methods",
    "list_suites": "datasets",
    "load_dataset": "datasets",
    "load_results": "store",
    "predict_file": "_predict",
    "read_table": "reading",
    "run": "runner",
}


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needs_extra("benchmark", f"skfocal.benchmark.{name}"):
        module = import_module(f"{__name__}.{_HOMES[name]}")
    return getattr(module, name)


def __dir__():
    return sorted(__all__)
