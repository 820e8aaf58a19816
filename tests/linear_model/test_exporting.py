"""A linear model outside skfocal: as LogisticRegression, ONNX, skops and in shap."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from skfocal import FocalLogisticRegression


def table(n_classes=2):
    X, y = make_classification(500, 6, n_informative=4, n_classes=n_classes, random_state=0)
    return 3 * X.astype(np.float32), y


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "parameters",
    [
        {"gamma": 0.0, "alpha": "balanced", "probabilities": "posterior"},
        {"probabilities": "raw", "class_weight": {"a": 3.0}},
    ],
    ids=str,
)
def test_a_shift_is_logistic_regression(parameters, n_classes):
    X, y = table(n_classes)
    X = X.astype(np.float64)
    ours = FocalLogisticRegression(**parameters).fit(X, np.array(["a", "b", "c"])[y])
    theirs = ours.to_sklearn()
    assert type(theirs) is LogisticRegression
    np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), rtol=1e-9)
    np.testing.assert_array_equal(theirs.predict(X), ours.predict(X))


def test_names_of_features_are_kept():
    pandas = pytest.importorskip("pandas")
    X, y = table()
    X = pandas.DataFrame(X, columns=list("abcdef"))
    model = FocalLogisticRegression(gamma=0.0).fit(X, y).to_sklearn()
    assert model.feature_names_in_.tolist() == list("abcdef")
    model.predict(X)  # warns if the names are unknown


def test_what_is_no_shift_is_refused():
    X, y = table()
    with pytest.raises(ValueError, match=r"FocalLoss.* no shift of the scores.*gamma=0"):
        FocalLogisticRegression().fit(X, y).to_sklearn()


@pytest.mark.parametrize(
    ("parameters", "n_classes"),
    [
        ({"gamma": 2.0}, 2),
        ({"gamma": 5.0, "alpha": "balanced", "probabilities": "posterior"}, 2),
        ({"loss": "generalized_cross_entropy", "probabilities": "raw"}, 2),
        ({"gamma": 0.0}, 3),
    ],
    ids=str,
)
def test_onnx_agrees(parameters, n_classes):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    X, y = table(n_classes)
    model = FocalLogisticRegression(**parameters).fit(X.astype(np.float64), y)
    session = runtime.InferenceSession(model.to_onnx().SerializeToString())
    rows = np.vstack([X, 30 * X])  # scores beyond the table of log-odds too
    label, probabilities = session.run(None, {"X": rows})
    rows = rows.astype(np.float64)
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-6)
    np.testing.assert_array_equal(label, model.predict(rows))


def test_onnx_refuses_several_classes_of_a_focal_loss():
    pytest.importorskip("onnx")
    with pytest.raises(ValueError, match="is for two classes"):
        FocalLogisticRegression().fit(*table(3)).to_onnx()
