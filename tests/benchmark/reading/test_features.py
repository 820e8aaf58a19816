"""Columns that can only mislead: dropped or pointed out, each in a note."""

import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark import read_table

N = 60
Y = (np.arange(N) % 5 == 0).astype(int)
NOISE = np.random.default_rng(0).normal(size=N)


def read(**columns):
    return read_table(pd.DataFrame({"noise": NOISE, **columns, "y": Y}), "y")


@pytest.mark.parametrize(
    "column",
    [
        Y,
        1 - Y,
        np.where(Y, "paid", "open"),
        NOISE + 10 * Y,
        NOISE - 10 * Y,
        np.where(Y, NOISE, np.nan),
        np.where(Y, np.nan, NOISE),
        np.where(Y, np.arange(N) % 3, 3 + np.arange(N) % 4),
        np.where(Y, 1, np.arange(N) % 3 * 2),
        pd.Series(np.where(Y, "a", None)),
    ],
)
def test_a_column_that_predicts_the_target_is_pointed_out(column):
    table = read(answer=column)
    assert list(table.X) == ["noise", "answer"]
    (note,) = table.notes
    assert note.startswith("'answer' predicts the target without an error") and "leak?" in note


@pytest.mark.parametrize(
    "column", [NOISE + Y, np.where(Y, 1, np.arange(N) % 2), np.arange(N) % 30 + 0.5]
)
def test_others_are_not(column):
    assert read(other=column).notes == ()


@pytest.mark.parametrize("name", ["Unnamed: 0", "", "index", "ROW_ID"])
def test_a_row_number_with_gaps_is_dropped_by_its_name(name, tmp_path):
    frame = pd.DataFrame({name: np.arange(N) * 3 + np.arange(N) % 2, "noise": NOISE, "y": Y})
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = read_table(tmp_path / "t.csv", "y")
    assert list(table.X) == ["noise"]
    shown = name or "Unnamed: 0"
    assert table.notes == (f"Dropped because different in every row, as a name is: '{shown}'.",)


def test_the_index_of_a_part_of_a_frame(tmp_path):
    frame = pd.DataFrame({"noise": NOISE, "y": Y}).iloc[np.r_[0:20, 30:60]]
    frame.to_csv(tmp_path / "t.csv")
    assert list(read_table(tmp_path / "t.csv", "y").X) == ["noise"]


def test_whole_numbers_that_grow_are_pointed_out():
    table = read(number=np.arange(N) * 3 + np.arange(N) % 2)
    assert list(table.X) == ["noise", "number"]
    assert table.notes[0].startswith("'number' holds another whole number in every row")


@pytest.mark.parametrize("name", ["id", "ID", "customer_id", "customerId", "PassengerId", "row-id"])
def test_whole_numbers_of_an_id_are_pointed_out(name):
    number = np.random.default_rng(0).permutation(N * 3)[:N]
    table = read(**{name: number})
    assert name in table.X and "another whole number in every row" in table.notes[0]
    assert read(**{name: number % 7}).notes == ()
    assert read(paid=number).notes == ()


def test_row_numbers_and_names_are_dropped():
    table = read(id=np.arange(7, 7 + N), mail=[f"u{i}" for i in range(N)], k=1, none=np.nan)
    assert list(table.X) == ["noise"]
    assert table.notes == (
        "Dropped because constant: 'k', 'none'.",
        "Dropped because different in every row, as a name is: 'id', 'mail'.",
    )


def test_numbers_that_differ_in_every_row_are_kept():
    cells = [f"{i + 0.001:.3f}" if i != 7 else "unknown" for i in range(N)]
    assert "amount" in read(amount=cells).X


def test_a_column_of_missing_cells_is_constant():
    assert list(read(a=["-"] * N, b=[""] * N, c=["n/a"] * N).X) == ["noise"]


def test_infinite_numbers_are_missing_and_said():
    table = read(wild=[np.inf, 1.0, 2.0, -np.inf] * 15)
    assert table.X["wild"].isna().sum() == 30
    assert table.notes == ("Infinite values in 'wild' were taken as missing.",)


def test_a_table_of_row_numbers_alone():
    frame = pd.DataFrame({"y": Y, "id": range(N), "k": 1})
    with pytest.raises(ValueError, match="no usable column besides the target"):
        read_table(frame, "y")
