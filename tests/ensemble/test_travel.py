"""Fitted boosters outside of skfocal: saved, explained, exported."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import make_classification

from skfocal import FocalBoostingClassifier

ENGINES = ["hist", "lightgbm", "xgboost"]
SETTINGS = {"gamma": 2.0, "n_estimators": 30, "learning_rate": 0.1, "n_jobs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    X, y = make_classification(1000, 6, weights=[0.9], random_state=0)
    return X.astype(np.float32), y


@pytest.fixture(scope="module", params=ENGINES)
def fitted(request, table):
    if request.param != "hist":
        pytest.importorskip(request.param)
    return FocalBoostingClassifier(engine=request.param, **SETTINGS).fit(*table)


def own_probability(booster, X):
    """What the fitted object of an engine says by itself."""
    if hasattr(booster, "predict_proba"):
        p = booster.predict_proba(X)
        return p[:, 1] if p.shape[1] == 2 else p
    if hasattr(booster, "inplace_predict"):
        return booster.inplace_predict(X)
    return booster.predict(X)


def test_the_engine_itself_gives_the_honest_probabilities(fitted, table):
    X, _ = table
    np.testing.assert_allclose(
        own_probability(fitted.booster_, X), fitted.predict_proba(X)[:, 1], atol=1e-6
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["weighted", "posterior"])
@pytest.mark.parametrize("engine", ENGINES)
def test_class_weights_too_are_in_the_booster(engine, kind, table):
    X, y = table
    model = FocalBoostingClassifier(
        engine=engine, alpha="balanced", probabilities=kind, **SETTINGS
    ).fit(X, y)
    np.testing.assert_allclose(
        own_probability(model.booster_, X), model.predict_proba(X)[:, 1], atol=1e-6
    )


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_of_several_classes_too_they_are_in_the_booster(engine):
    if engine != "hist":
        pytest.importorskip(engine)
    X, y = make_classification(600, 6, n_informative=4, n_classes=3, random_state=0)
    model = FocalBoostingClassifier(engine=engine, alpha="balanced", **SETTINGS)
    for kind in ("weighted", "posterior"):
        booster = model.set_params(probabilities=kind).fit(X, y).booster_
        own = own_probability(booster, X)
        np.testing.assert_allclose(own, model.predict_proba(X), atol=1e-6)
        assert abs(model.intercept_).max() > 0.01


LOADERS = {
    "lightgbm": "import lightgbm; p = lightgbm.Booster(model_file={file!r}).predict(X)",
    "xgboost": "import xgboost; b = xgboost.Booster(model_file={file!r}); p = b.inplace_predict(X)",
}


@pytest.mark.slow
@pytest.mark.parametrize("engine", LOADERS)
def test_a_saved_booster_needs_nothing_of_ours(engine, table, tmp_path):
    X, y = table
    model = FocalBoostingClassifier(engine=engine, **SETTINGS).fit(X, y)
    file = str(tmp_path / "model.json")
    model.booster_.save_model(file)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "p.npy", model.predict_proba(X)[:, 1])
    script = f"""
import sys
import numpy as np
X, wanted = np.load({str(tmp_path / "X.npy")!r}), np.load({str(tmp_path / "p.npy")!r})
{LOADERS[engine].format(file=file)}
np.testing.assert_allclose(p, wanted, atol=1e-6)
assert "skfocal" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of shap, when it is imported
def test_explanations_add_up_to_the_honest_log_odds(fitted, table):
    shap = pytest.importorskip("shap")
    X, _ = table
    explainer = shap.TreeExplainer(fitted.booster_)
    total = explainer.shap_values(X[:50]).sum(axis=1) + explainer.expected_value
    np.testing.assert_allclose(total, fitted.decision_function(X[:50]), atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the converters
def test_exported_models_agree(fitted, table):
    convert = pytest.importorskip("onnxmltools")
    runtime = pytest.importorskip("onnxruntime")
    if fitted.engine == "hist":
        pytest.skip("skl2onnx 1.20 cannot export HistGradientBoostingClassifier with onnx 1.23")
    from onnxmltools.convert.common.data_types import FloatTensorType

    X, _ = table
    types = [("X", FloatTensorType([None, X.shape[1]]))]
    if fitted.engine == "lightgbm":
        exported = convert.convert_lightgbm(fitted.booster_, initial_types=types, zipmap=False)
    else:
        exported = convert.convert_xgboost(fitted.booster_, initial_types=types)
    session = runtime.InferenceSession(exported.SerializeToString())
    probability = session.run(None, {"X": X})[-1]
    np.testing.assert_allclose(probability, fitted.predict_proba(X), atol=1e-5)


@pytest.mark.slow
def test_skops_keeps_the_estimator(fitted, table):
    io = pytest.importorskip("skops.io")
    X, _ = table
    dumped = io.dumps(fitted)
    again = io.loads(dumped, trusted=io.get_untrusted_types(data=dumped))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
