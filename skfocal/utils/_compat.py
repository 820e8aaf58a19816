"""The only file that imports names private to scikit-learn."""

from inspect import signature

from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss
from sklearn.base import _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import (
    _check_feature_names,
    _check_monotonic_cst,
    _check_n_features,
    _check_sample_weight,
    validate_data,
)

# Keeps integer weights as they are; before scikit-learn 1.7 they become a copy of float64.
KEEP_INTEGER_WEIGHTS = (
    {"force_float_dtype": False}
    if "force_float_dtype" in signature(_check_sample_weight).parameters
    else {}
)

__all__ = [
    "KEEP_INTEGER_WEIGHTS",
    "HalfBinomialLoss",
    "HalfMultinomialLoss",
    "HasMethods",
    "Interval",
    "StrOptions",
    "_check_feature_names",
    "_check_monotonic_cst",
    "_check_n_features",
    "_check_sample_weight",
    "_fit_context",
    "validate_data",
]
