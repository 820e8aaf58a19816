"""Who may know what: the tasks are told apart in one place, and callees hold no caller."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import skfocal
from skfocal._classifier import LOSS_CONSTRAINTS, MarginClassifier
from skfocal.tasks import TASKS

ROOT = Path(skfocal.__file__).parent

# The benchmark has tasks of its own, of whole data sets.
TELLS_TASKS_APART = {"tasks", "benchmark"}
# Forms of tensors that only users of torch give, and a public function that tasks are made of.
TELL_THEM_APART_TOO = {
    "losses/_check.py",
    "margins.py",
    "nn/_bias.py",
    "nn/_function.py",
    "nn/_module.py",
    "nn/_targets.py",
    "nn/_weights.py",
}


def task_names(node):
    """Names of tasks that an expression writes out, in whatever collection."""
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and part.value in TASKS
    }


def comparisons(tree):
    """Lines on which something is compared with, or looked up by, the name of a task."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and task_names(node):
            yield node.lineno
        elif isinstance(node, ast.MatchValue) and task_names(node.value):
            yield node.lineno
        elif isinstance(node, ast.Dict) and any(task_names(key) for key in node.keys if key):
            yield node.lineno


def sources():
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def test_tasks_are_told_apart_in_one_place():
    found = {
        path
        for path, tree in sources()
        if path.split("/")[0] not in TELLS_TASKS_APART and list(comparisons(tree))
    }
    assert found == TELL_THEM_APART_TOO


@pytest.mark.parametrize(
    "code",
    [
        'task == "binary"',
        'setting.task != "multilabel"',
        'task in ("binary", "multilabel")',
        '{"binary": 1, "multiclass": k}.get(task)',
        'match task:\n case "binary":\n  pass',
    ],
)
def test_the_check_sees_every_form(code):
    assert len(list(comparisons(ast.parse(code)))) == 1


# --- loss settings --------------------------------------------------------------------------------


def classifiers():
    """Every public classifier that takes a loss, of whatever room that its packages allow."""
    rooms = ["skfocal", *(f"skfocal.{m.name}" for m in pkgutil.iter_modules(skfocal.__path__))]
    found = set()
    for room in rooms:
        try:
            module = importlib.import_module(room)
            public = [getattr(module, name) for name in getattr(module, "__all__", [])]
        except ImportError:  # an extra is missing
            continue
        found |= {c for c in public if isinstance(c, type) and issubclass(c, MarginClassifier)}
    return sorted(found, key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", classifiers(), ids=lambda cls: cls.__name__)
def test_loss_settings_are_the_first_parameters_in_one_order(cls):
    names = list(inspect.signature(cls).parameters)
    assert names[:6] == ["gamma", "alpha", "loss", "beta", "class_weight", "probabilities"]
    assert set(names) == set(cls._parameter_constraints)
    for name in set(LOSS_CONSTRAINTS) - {"gamma", "alpha"}:  # labels take one value each
        assert cls._parameter_constraints[name] == LOSS_CONSTRAINTS[name]


@pytest.mark.parametrize("cls", classifiers(), ids=lambda cls: cls.__name__)
def test_docstrings_have_all_parameters_in_their_order_with_their_defaults(cls):
    section = cls.__doc__.split("Parameters\n----------\n")[1].split("\n\n")[0]
    documented = dict(re.findall(r"^(\w+) : .*default=(.*)$", section, flags=re.MULTILINE))
    parameters = inspect.signature(cls).parameters
    assert list(documented) == list(parameters)
    for name, text in documented.items():
        assert ast.literal_eval(text) == parameters[name].default


# --- callees hold no caller -----------------------------------------------------------------------


def watched(cls):
    """A subclass that notes from which modules of ours its attributes are looked at."""
    seen = set()

    def look(self, name):
        module = sys._getframe(1).f_globals["__name__"]
        if module.startswith("skfocal."):
            seen.add(module)
        return object.__getattribute__(self, name)

    return type(cls.__name__, (cls,), {"__getattribute__": look}), seen


@pytest.mark.slow
@pytest.mark.parametrize("cls", classifiers(), ids=lambda cls: cls.__name__)
def test_an_estimator_is_known_to_its_own_classes_alone(cls):
    rng = np.random.default_rng(0)
    X, codes = rng.normal(size=(400, 3)), rng.integers(3, size=400)
    model, seen = watched(cls)
    # What asks an estimator for most, where it is there.
    wanted = {"early_stopping": True, "thresholds": "f1", "max_epochs": 1}
    settings = {k: v for k, v in wanted.items() if k in inspect.signature(cls).parameters}
    labels = "thresholds" in settings
    for y in (codes[:, None] == range(3) if labels else codes, codes > 1):
        fitted = model(**settings).fit(X, y)
        fitted.predict(X), fitted.predict_log_proba(X)
    assert seen - {base.__module__ for base in cls.__mro__} == set()
