"""What must happen before pytest collects anything.

The package is imported first: otherwise the first module of ``skfocal.losses`` to be collected for
its doctests is executed twice, and the registry holds a class that nobody else has.
"""

from importlib.util import find_spec

import pytest

import skfocal.losses  # noqa: F401 (the import is the purpose)
from skfocal.utils._optional import MissingExtraError

NO_TORCH = find_spec("torch") is None

if NO_TORCH:  # what is left must pass without it: `make test-no-torch`
    collect_ignore = [
        "skfocal/inspection/_learning_curve_display.py",
        "skfocal/nn",
        "skfocal/neural_network",
        "tests/inspection/test_learning_curve_display.py",
        "tests/neural_network",
        "tests/nn",
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Skip a test that asks for torch where it is not installed."""
    try:
        return (yield)
    except (MissingExtraError, ValueError) as error:
        # Cross-validation raises an error of its own, with those of its fits in the text.
        reason = str(error).strip().rpartition("\n")[2]
        if NO_TORCH and (isinstance(error, MissingExtraError) or "MissingExtraError" in reason):
            pytest.skip(reason)
        raise
