"""What is particular to two classes: results that stay as they were before there were tasks."""

import pytest

from skfocal.benchmark import run
from skfocal.benchmark.protocol import Plan, get_columns

COLUMNS = (
    "dataset family ranked method repeat fold status error warnings "
    "n_train n_test n_positive_train n_positive_test n_configurations best_parameters "
    "average_precision roc_auc log_loss brier ece "
    "calibration_intercept calibration_slope calibration_intercept_error calibration_slope_error "
    "cost_5 cost_50 f1 balanced_accuracy geometric_mean "
    "f1_tuned balanced_accuracy_tuned geometric_mean_tuned threshold "
    "fit_seconds search_seconds predict_seconds"
).split()
# Computed when the judge knew two classes alone.
SMOTE = [0.99090909, 0.99814815, 0.05341699, 0.01433053, 0.01980769, 0.94736842, 0.95, 0.9486833]
SMOTE += [0.94736842, 0.99074074, 0.99069747, 0.62406627]
LOGISTIC = [1, 1, 0.19539852, 0.05446175, 0.12879726, 0.57142857, 0.7, 0.63245553]
LOGISTIC += [0.94736842, 0.95, 0.9486833, 0.2856948]


def test_columns_and_numbers_are_as_they_were():
    methods = ["logistic", "logistic_smote"]
    results = run(datasets=["wine"], methods=methods, plan=Plan(2, 1, 2, 2), n_jobs=1)
    assert get_columns("binary") == list(results.columns) == COLUMNS
    first = results[results["fold"] == 0].set_index("method")
    assert first["n_positive_train"].tolist() == first["n_positive_test"].tolist() == [10, 10]
    assert first.loc["logistic_smote", "best_parameters"] == '{"C": 10.0, "ratio": 1.0}'
    later = ("calibration_", "cost_")
    figures = [name for name in COLUMNS[15:33] if not name.startswith(later)]
    # As far as solvers and linear algebra of other versions agree.
    assert first.loc["logistic", figures].tolist() == pytest.approx(LOGISTIC, abs=1e-3)
    assert first.loc["logistic_smote", figures].tolist() == pytest.approx(SMOTE, abs=1e-3)
