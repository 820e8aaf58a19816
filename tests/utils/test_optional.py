"""What is said when a package of an extra is missing."""

import ast
import pickle
from pathlib import Path

import pytest

import skfocal
from skfocal.utils._optional import MissingExtraError, needs_extra


def test_the_message_names_who_needs_what_and_the_command():
    with pytest.raises(MissingExtraError) as caught:
        with needs_extra("neural", "FocalMLPClassifier", otherwise=", or use gamma=0"):
            import no_such_package.inside  # noqa: F401
    assert str(caught.value) == (
        "FocalMLPClassifier needs no_such_package: pip install 'skfocal[neural]', or use gamma=0"
    )
    assert isinstance(caught.value, ImportError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    "failure",
    [
        ImportError("libgomp.so.1: cannot open shared object file"),
        ModuleNotFoundError("No module named 'skfocal.gone'", name="skfocal.gone"),
    ],
    ids=["installed but broken", "one of ours"],
)
def test_what_an_installation_would_not_mend_is_left_as_it_is(failure):
    with pytest.raises(type(failure)) as caught, needs_extra("neural", "This"):
        raise failure
    assert caught.value is failure


def test_the_sentence_is_written_once():
    root = Path(skfocal.__file__).parent
    found = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr) and "pip install 'skfocal[" in ast.unparse(node)
    ]
    assert found == ["utils/_optional.py"]
