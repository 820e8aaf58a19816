"""Splits of rows, out-of-fold predictions and cuts of a ranking, shared by learners and benchmark.

scikit-learn's splitters need a class per row, and have no stratification of labels.
"""

from skfocal.model_selection._cuts import Cuts, find_cuts
from skfocal.model_selection._scores import SCORES, make_score
from skfocal.model_selection._splits import (
    class_folds,
    class_split,
    label_folds,
    label_split,
    past_folds,
)

__all__ = [
    "SCORES",
    "Cuts",
    "class_folds",
    "class_split",
    "find_cuts",
    "label_folds",
    "label_split",
    "make_score",
    "past_folds",
]
