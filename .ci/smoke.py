"""Whether an installed skfocal works: run by the Python of a clean environment, away from here.

Only what `pip install skfocal` brings is there, so the neural estimators must name their extra.
"""

import importlib.metadata
from importlib.resources import files

import numpy as np

import skfocal

assert importlib.metadata.version("skfocal") == skfocal.__version__
assert files("skfocal").joinpath("py.typed").is_file()
assert "site-packages" in str(files("skfocal")), "the checkout was imported, not the package"

X = np.random.default_rng(0).normal(size=(500, 3))
y = np.where(X[:, 0] > 1.2, "rare", "common")
model = skfocal.FocalLogisticRegression().fit(X, y)
assert abs(model.predict_proba(X)[:, 1].mean() - (y == "rare").mean()) < 0.01

try:
    skfocal.LossModule("focal", "binary")
except ImportError as error:
    assert "pip install 'skfocal[neural]'" in str(error)
else:
    raise AssertionError("torch is not among the dependencies, yet LossModule works")
print("skfocal", skfocal.__version__, "works where only its dependencies are installed")
