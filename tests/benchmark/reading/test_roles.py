"""Columns with a role: several targets, groups, time, what is dropped, what is taken as names."""

import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark import read_table

FRAME = pd.DataFrame(
    {
        "x": [1.5, 2.5, 0.5, 3.5, 1.0, 2.0],
        "zip": [10, 20, 10, 20, 10, 30],
        "customer": ["a", "a", "b", "c", "c", "b"],
        "day": ["03/02/2024", "28/02/2024", "01/01/2023", "05/06/2024", "03/02/2024", "07/08/2025"],
        "late": ["yes", "no", "no", "yes", "yes", "yes"],
        "lost": [0, 1, 0, 0, 0, 0],
    }
)


def test_groups_and_time_are_no_features():
    table = read_table(FRAME, "lost", groups="customer", time="day", drop=["late"])
    assert list(table.X) == ["x", "zip"]
    assert table.groups.tolist() == [0, 0, 1, 2, 2, 1]
    days = pd.to_datetime(FRAME["day"], dayfirst=True)
    assert table.time.tolist() == ((days - days.min()) / pd.Timedelta(days=1)).tolist()
    assert table.dataset.groups is table.groups and table.dataset.time is table.time


def test_numbers_may_be_names():
    table = read_table(FRAME, "lost", categorical=["zip"])
    assert table.X["zip"].tolist() == ["10", "20", "10", "20", "10", "30"]
    text = FRAME.assign(zip=["010", "020", "010", "020", None, "030"])
    assert read_table(text, "lost", categorical=["zip"]).X["zip"].cat.categories[0] == "010"
    gaps = FRAME.assign(zip=[10, 20, 10, 20, np.nan, 30])
    assert read_table(gaps, "lost", categorical=["zip"]).X["zip"].tolist()[:2] == ["10", "20"]


def test_several_targets_are_labels_and_yes_is_positive():
    table = read_table(FRAME, ["late", "lost"])
    assert table.y.tolist() == [[1, 0], [0, 1], [0, 0], [1, 0], [1, 0], [1, 0]]
    assert table.classes == (("no", "yes"), (0, 1))
    assert table.dataset.task == "multilabel" and table.dataset.label_names == ("late", "lost")
    assert "positive for 'late' 4, 'lost' 1" in table.summary


@pytest.mark.parametrize(
    ("roles", "sentence"),
    [
        ({"groups": "customers"}, "no column 'customers': did you mean 'customer'"),
        ({"time": "x", "groups": "x"}, "'x' cannot be both the groups and the time"),
        ({"drop": ["lost"]}, "'lost' cannot be both a target and dropped"),
        ({"categorical": ["lost"]}, "'lost' is no feature, so it cannot be a categorical one"),
        ({"time": "customer"}, "'customer' must hold dates or numbers; it holds names"),
        ({"time": "gap"}, "'gap' is missing or not a date in 1 of 6 rows"),
        ({"groups": "gap"}, "'gap' are missing in 1 of 6 rows"),
        ({"groups": "one"}, "All rows are of one group, '1' in 'one'"),
    ],
)
def test_roles_that_cannot_be(roles, sentence):
    frame = FRAME.assign(gap=[1, 2, 3, 4, 5, None], one=1)
    with pytest.raises(ValueError, match=sentence):
        read_table(frame, "lost", **roles)


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        (["lost"], "Several targets are two columns or more"),
        (["lost", "lost"], "'lost' cannot be a target twice"),
        (["lost", "customer"], "'customer' has 3 classes"),
    ],
)
def test_targets_that_cannot_be(targets, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_table(FRAME, targets)
