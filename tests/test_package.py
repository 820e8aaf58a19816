"""The package as a whole: what importing it costs, and rules that its source keeps everywhere."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import skfocal
import skfocal.losses
from tests.estimators import SUBJECTS

ROOT = Path(skfocal.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))

OPTIONAL = (
    "torch skorch lightgbm xgboost imblearn pandas polars pyarrow matplotlib jinja2 typer rich dask"
).split()

LINEAR_FIT = """
import numpy as np
from {package} import {estimator}

X = np.random.default_rng(0).normal(size=(200, 3))
y = np.where(X[:, 0] > 1, "yes", "no")
assert {estimator}().fit(X, y).predict_proba(X).shape == (200, 2)
"""


def trees():
    """Pairs of the path below skfocal/ and the syntax tree of each source file."""
    return [(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())) for path in SOURCES]


def imported_names(tree):
    """Dotted names that a tree imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def loaded_after(code):
    """Optional packages in sys.modules of a fresh process that has run `code`."""
    code += f"\nimport sys\nprint(*[name for name in {OPTIONAL} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.fixture(scope="module")
def loaded_by_scikit_learn():
    """scikit-learn itself imports pandas, and rich for progress bars, where it finds them."""
    code = LINEAR_FIT.format(package="sklearn.linear_model", estimator="LogisticRegression")
    return loaded_after(code) - {"torch", "skorch", "imblearn", "matplotlib"}


# --- imports --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_import_loads_no_optional_package(loaded_by_scikit_learn):
    code = "import skfocal, skfocal.losses, skfocal.nn, skfocal.posterior, skfocal.weights"
    assert loaded_after(code) <= loaded_by_scikit_learn


@pytest.mark.slow
def test_a_linear_fit_loads_no_optional_package(loaded_by_scikit_learn):
    code = LINEAR_FIT.format(package="skfocal", estimator="FocalLogisticRegression")
    assert loaded_after(code) <= loaded_by_scikit_learn


def test_public_names_exist():
    assert skfocal.__all__ == sorted(skfocal.__all__)
    for name in skfocal.__all__:
        assert getattr(skfocal, name) is not None
        assert name in dir(skfocal)
    with pytest.raises(AttributeError, match="no attribute 'FocalLogisticRegresion'"):
        skfocal.FocalLogisticRegresion  # noqa: B018


@pytest.mark.parametrize(
    "name", [m.name for m in pkgutil.iter_modules(skfocal.__path__, "skfocal.") if m.ispkg]
)
def test_subpackages_list_their_public_names(name):
    package = importlib.import_module(name)
    for public in getattr(package, "__all__", []):
        assert isinstance(public, str)
        assert hasattr(package, public)


# --- rules of the source --------------------------------------------------------------------------


@pytest.mark.slow
def test_private_scikit_learn_names_come_through_one_file():
    found = [
        (path, name)
        for path, tree in trees()
        for name in imported_names(tree)
        if name.split(".")[0] == "sklearn"
        and any(part.startswith("_") and not part.startswith("__") for part in name.split("."))
        and path != "utils/_compat.py"
    ]
    assert found == []


def test_imports_keep_the_contracts_of_the_layers(capsys):
    """Layers, circles, private modules and torch: [tool.importlinter] in pyproject.toml."""
    linter = pytest.importorskip("importlinter.cli")
    kept = linter.lint_imports(str(ROOT.parent / "pyproject.toml"), no_cache=True) == 0
    assert kept, capsys.readouterr().out


def is_epsilon(node):
    """Whether an expression holds a small constant, or the name of one."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, float):
            if 0 < abs(part.value) < 0.01:
                return True
        named = getattr(part, "id", getattr(part, "attr", ""))
        if named.lower() in {"eps", "epsilon"}:
            return True
    return False


def epsilons(tree):
    """Lines that add a constant inside a logarithm or clip by a small one."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = getattr(node.func, "attr", getattr(node.func, "id", ""))
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if function in {"log", "log2", "log10", "log1p", "logit"} and arguments:
            for part in ast.walk(arguments[0]):
                if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
                    if any(isinstance(s, ast.Constant) for s in (part.left, part.right)):
                        yield node.lineno
                    elif is_epsilon(part):
                        yield node.lineno
        if function in {"clip", "clamp", "maximum", "minimum"} and any(map(is_epsilon, arguments)):
            yield node.lineno


def test_no_epsilon_in_logarithms_or_clips():
    assert [(path, line) for path, tree in trees() for line in epsilons(tree)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "np.log(p + 1e-8)",
        "torch.log(1 - p + self.eps)",
        "np.log(np.clip(p, 1e-7, 1 - 1e-7))",
        "p.clamp(min=eps)",
        "math.log(2 * (x + 1))",
        "np.maximum(p, np.finfo(p.dtype).eps)",
    ],
)
def test_the_check_sees_the_usual_forms(wrong):
    assert list(epsilons(ast.parse(wrong))) != []


def public_estimators():
    losses = [getattr(skfocal.losses, name) for name in skfocal.losses.__all__]
    losses = [c for c in losses if inspect.isclass(c) and issubclass(c, BaseEstimator)]
    return [subject.cls for subject in SUBJECTS] + losses


@pytest.mark.parametrize("cls", public_estimators(), ids=lambda cls: cls.__name__)
def test_arguments_after_the_second_are_keyword_only(cls):
    parameters = list(inspect.signature(cls).parameters.values())
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return  # no constructor of its own
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert len(positional) <= 2, positional
    assert all(p.kind is not p.VAR_KEYWORD for p in parameters)


def test_test_names_speak_for_themselves():
    """The catalogue of pitfalls links to the tests, and not the other way round."""
    numbered = re.compile(r"def (test\w*_[A-J]\d\d(?:_\w*)?)\(")
    tests = Path(__file__).parent.rglob("test_*.py")
    assert [name for path in tests for name in numbered.findall(path.read_text())] == []
