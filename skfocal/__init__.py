"""Imbalanced tabular classification by changing the loss, as scikit-learn estimators."""

__version__ = "0.1.0.dev0"
