"""What a fit leaves on the estimator, and what happens without one."""

import subprocess
import sys

import joblib
import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from tests.neural_network.networks import MULTILABEL, both, small, table


def test_fit_forgets_and_refuses_other_features():
    X, Y = table(MULTILABEL)
    model = small(MULTILABEL)
    first = model.fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(model.fit(X, Y).predict_proba(X), first)
    with pytest.raises(ValueError, match="features"):
        model.set_params(warm_start=True).fit(X[:, :4], Y)


@both
def test_a_failed_fit_leaves_nothing(cls):
    X, y = table(cls)
    model = small(cls, hidden_layer_sizes=(0,))
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)
    with pytest.raises(NotFittedError):
        model.to_torch()


def leaves_of(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves_of(item)
    else:
        yield value


@both
def test_fitted_state_is_numpy(cls):
    model = small(cls, warm_start=True, early_stopping=True).fit(*table(cls))
    leaves = list(leaves_of(vars(model)))
    assert not any(isinstance(leaf, torch.Tensor | torch.nn.Module) for leaf in leaves)
    assert all(isinstance(value, np.ndarray) for value in leaves_of(model._network.state))


@pytest.mark.slow
@both
def test_a_fitted_model_predicts_without_torch(cls, tmp_path):
    X, y = table(cls)
    settings = {"early_stopping": True, "warm_start": True, "warm_up": 1, "batch_norm": True}
    model = small(cls, **settings).fit(X, y)
    joblib.dump((model, X, model.predict_proba(X)), tmp_path / "model")
    code = (
        "import sys, joblib, numpy as np\n"
        "class Blocked:\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'skorch'):\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Blocked)\n"
        f"model, X, expected = joblib.load({str(tmp_path / 'model')!r})\n"
        "np.testing.assert_array_equal(model.predict_proba(X), expected)\n"
        "try:\n"
        "    type(model)().fit(X, X[:, 0] > X[:, 0].mean())\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "pip install 'skfocal[neural]'" in done.stdout
