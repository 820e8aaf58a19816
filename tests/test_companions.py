"""Packages that others use beside ours, each tried once; skipped where one is not installed."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

from skfocal import FocalLogisticRegression
from skfocal.decision import CostSensitiveClassifier

X, Y = make_classification(600, 6, n_informative=4, weights=[0.85], random_state=0)
# What other packages warn of is not ours.
pytestmark = pytest.mark.filterwarnings("default")


def test_a_pipeline_of_skrub_takes_raw_tables():
    skrub = pytest.importorskip("skrub")
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X).rename(columns=str)
    table["word"] = np.where(X[:, 0] > 0, "a", "b")
    table.loc[3, "word"] = None
    model = skrub.tabular_pipeline(FocalLogisticRegression(2.0)).fit(table, Y)
    assert model.predict_proba(table)[:, 1].mean() == pytest.approx(Y.mean(), rel=0.1)


def test_sets_of_mapie_hold_the_label_as_often_as_promised():
    classification = pytest.importorskip("mapie.classification")
    X_train, X_left, y_train, y_left = train_test_split(X, Y, random_state=0)
    model = FocalLogisticRegression(2.0).fit(X_train, y_train)
    sets = classification.SplitConformalClassifier(model, confidence_level=0.9, prefit=True)
    sets.conformalize(X_left[::2], y_left[::2])
    _, found = sets.predict_set(X_left[1::2])
    assert found[np.arange(75), y_left[1::2], 0].mean() > 0.8


def test_a_report_of_skore_cross_validates():
    skore = pytest.importorskip("skore")
    model = CostSensitiveClassifier(FocalLogisticRegression(2.0), {"fn": 5, "fp": 1})
    report = skore.CrossValidationReport(model, X=X, y=Y, splitter=3)
    assert np.all(np.isfinite(report.metrics.log_loss().to_numpy(dtype=float)))


def test_shap_values_add_up_to_the_honest_log_odds():
    shap = pytest.importorskip("shap")
    model = FocalLogisticRegression(2.0).fit(X, Y)
    explained = shap.Explainer(model.decision_function, X[:50])(X[:5])
    total = explained.values.sum(axis=1) + explained.base_values
    np.testing.assert_allclose(total, model.decision_function(X[:5]))
    # The linear explainer explains the scores of the loss, which have coefficients.
    linear = shap.LinearExplainer((model.coef_[0], model.intercept_[0]), X)(X[:5])
    total = linear.values.sum(axis=1) + linear.base_values
    np.testing.assert_allclose(total, X[:5] @ model.coef_[0] + model.intercept_[0])
