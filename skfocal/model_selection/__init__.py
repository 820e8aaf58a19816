"""Which rows a model is judged on, and where its scores are cut: shared by learners and benchmark.

scikit-learn's splitters need a class per row, and have no stratification of labels.
"""

from skfocal.model_selection._cuts import Cuts, find_cuts
from skfocal.model_selection._splits import class_folds, class_split, label_folds, label_split

__all__ = ["Cuts", "class_folds", "class_split", "find_cuts", "label_folds", "label_split"]
