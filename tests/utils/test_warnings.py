"""Where warnings point: at the user's own line, through any number of helpers."""

import ast
import warnings
from pathlib import Path

import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skfocal
from skfocal import FocalLogisticRegression
from skfocal.losses import HardTruncatedLoss
from skfocal.utils._warnings import warn_user

X = [[0.0], [1.0], [2.0], [3.0]] * 5
Y = [0, 0, 1, 1] * 5
WARNS = FocalLogisticRegression(loss=HardTruncatedLoss())


def caught(action):
    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always")
        action()
    return records


@pytest.mark.parametrize(
    "model",
    [
        WARNS,
        FocalLogisticRegression(max_iter=1, solver="lbfgs", tol=1e-12),
        make_pipeline(StandardScaler(), WARNS),
        GridSearchCV(WARNS, {"C": [1.0]}, cv=2),
    ],
    ids=["loss without inverse", "no convergence", "pipeline", "search"],
)
def test_a_warning_of_fit_points_at_the_line_that_called_it(model):
    records = caught(lambda: model.fit(X, Y))
    assert records
    assert {record.filename for record in records} == {__file__}


def test_a_line_warns_once():
    def ask():
        for _ in range(3):
            warn_user("look here", UserWarning)

    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("default")
        ask()
    assert [str(record.message) for record in records] == ["look here"]


def test_filters_by_module_see_the_module_of_the_user():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=__name__)
        warn_user("unheard", UserWarning)
    with pytest.raises(UserWarning, match="an error here"):
        warn_user("an error here", UserWarning)


def test_every_warning_of_the_package_is_given_this_way():
    root = Path(skfocal.__file__).parent
    found = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"warn", "warn_explicit"}
    ]
    assert found == ["utils/_warnings.py"]
