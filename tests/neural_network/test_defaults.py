"""The defaults: what the study that chose them calls shipped is what is shipped."""

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier
from skfocal.neural_network._budget import BUDGET


@pytest.fixture(scope="module")
def study():
    path = Path(__file__).parents[2] / "benchmarks" / "choose_defaults.py"
    spec = importlib.util.spec_from_file_location("choose_defaults", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("cls", [FocalMLPClassifier, MultiLabelFocalClassifier])
def test_shipped_settings_are_the_defaults(study, cls):
    defaults = {name: p.default for name, p in inspect.signature(cls).parameters.items()}
    assert study.SHIPPED == {name: defaults[name] for name in study.SHIPPED}
    assert study.CANDIDATES["shipped"] == {}


@pytest.mark.parametrize("n_rows", [1, 155, 3_000, 12_000, 45_211, 1_000_000])
def test_shipped_budget_is_what_auto_means(study, n_rows):
    shipped = study.make_network({}, n_rows, seed=0)._training_settings(n_rows, 0, partial=False)
    auto = FocalMLPClassifier()._training_settings(n_rows, 0, partial=False)
    assert (shipped.batch_size, shipped.epochs) == (auto.batch_size, auto.epochs)


def test_both_classifiers_have_the_same_defaults():
    one, many = (
        inspect.signature(cls).parameters for cls in (FocalMLPClassifier, MultiLabelFocalClassifier)
    )
    assert set(many) - set(one) == {"thresholds"}
    assert {name: p.default for name, p in one.items()} == {
        name: p.default for name, p in many.items() if name in one
    }


def test_the_docstring_states_the_budget():
    text = FocalMLPClassifier.__doc__
    stated = text[text.index("batch_size : ") : text.index("early_stopping : ")]
    numbers = {int(number) for number in re.findall(r"\d+", stated)}
    assert set(BUDGET) <= numbers
