"""Data sets turned into numbers: what is read how, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skfocal.benchmark import Dataset
from skfocal.benchmark._numeric import make_numeric
from tests.benchmark.toys import make_toy


def test_columns_of_every_kind():
    X = pd.DataFrame(
        {
            "float": [0.5, np.nan, 2.0],
            "integer": pd.array([1, None, 3], dtype="Int64"),
            "flag": [True, False, True],
            "text": ["b", "a", None],
            "level": pd.Categorical(["low", "high", "low"], categories=["low", "high", "never"]),
            "code": [30, 10, 20],
            "mixed": ["x", 1, "x"],
        }
    )
    table = make_numeric(Dataset("all", X, np.array([0, 1, 0]), "all", categorical=("code",)))
    assert table.categorical == (3, 4, 5, 6)
    nan = np.nan
    expected = [
        [0.5, nan, 2],
        [1, nan, 3],
        [1, 0, 1],
        [1, 0, -1],
        [1, 0, 1],
        [2, 0, 1],
        [1, 0, 1],
    ]
    assert_array_equal(table.X, np.transpose(expected))
    assert table.X.dtype == np.float64


def test_the_fingerprint_sees_values_targets_groups_and_kinds():
    toy = make_toy(categorical=True, missing=True)
    same = make_numeric(make_toy(categorical=True, missing=True)).fingerprint()
    assert make_numeric(toy).fingerprint() == same
    changed = [
        replace(toy, X=toy.X.assign(signal=toy.X["signal"] + 1)),
        replace(toy, y=1 - toy.y),
        replace(toy, groups=np.arange(120) // 2),
        replace(toy, categorical=("noise",)),
    ]
    prints = {make_numeric(dataset).fingerprint() for dataset in changed}
    assert len(prints | {same}) == 5


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": "ranking"}, "Unknown task 'ranking'"),
        ({"y": np.zeros(120)}, r"must hold 0 and 1 .* got \[0.0\]"),
        ({"y": np.arange(120) % 3}, r"must hold 0 and 1 .* got \[0, 1, 2\]"),
        ({"y": np.arange(10) % 2}, "X has 120 rows and y has 10"),
        ({"groups": np.zeros(7)}, "X has 120 rows and groups has 7"),
        ({"categorical": ("height",)}, r"no columns \['height'\]"),
        ({"X": pd.DataFrame(index=range(120))}, "is empty"),
        ({"X": pd.DataFrame({"t": pd.period_range("2020", periods=120)})}, "column 't' of type"),
        ({"X": pd.DataFrame({"v": [np.inf] * 120})}, "column 'v' holds infinite"),
        ({"X": pd.DataFrame([[1, 2]] * 120, columns=["v", "v"])}, "two columns of one name"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_sentence(fields, message):
    with pytest.raises(ValueError, match=message):
        make_numeric(replace(make_toy(), **fields))
