"""Neural networks for tables; fitting needs torch and skorch, predicting NumPy alone."""

from skfocal.neural_network._focal_mlp import FocalMLPClassifier
from skfocal.neural_network._multilabel import MultiLabelFocalClassifier

__all__ = ["FocalMLPClassifier", "MultiLabelFocalClassifier"]
