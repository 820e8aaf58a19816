"""Who may know what: the tasks are told apart in one place, and callees hold no caller."""

import ast
from pathlib import Path

import pytest

import skfocal
from skfocal.tasks import TASKS

ROOT = Path(skfocal.__file__).parent

# The benchmark has tasks of its own, of whole data sets.
TELLS_TASKS_APART = {"tasks", "benchmark"}
# Forms of tensors that only torch users give, and a public function below the tasks.
NOT_YET = {
    "margins.py",
    "nn/_bias.py",
    "nn/_density.py",
    "nn/_function.py",
    "nn/_module.py",
    "nn/_reduction.py",
    "nn/_targets.py",
    "nn/_weights.py",
    "linear_model/_objective.py",
    "neural_network/_objective.py",
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
    assert found <= NOT_YET | {"losses/_check.py"}


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
