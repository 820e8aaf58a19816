"""The two labels: as they stand in the table, however they are written, or a sentence."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skfocal.benchmark import read_table

N = 40
RARE = np.arange(N) % 5 == 0
X = [i % 9 + 0.5 for i in range(N)]


def make_labels(rare, common):
    return [rare if r else common for r in RARE]


def read_file(folder, labels, **options):
    rows = "".join(f"{x},{label}\n" for x, label in zip(X, labels, strict=True))
    (folder / "t.csv").write_text("a,y\n" + rows)
    return read_table(folder / "t.csv", "y", **options)


@pytest.mark.parametrize(
    ("rare", "common", "classes"),
    [
        ("yes", "no", ("no", "yes")),
        (" yes ", "\xa0no", ("no", "yes")),
        ("1", "0", (0, 1)),
        ("1.0", "0.0", (0.0, 1.0)),
        ("-1", "+1", (1, -1)),
        ("2", "1", (1, 2)),
        ("1e0", "0", (0.0, 1.0)),
        ("01", "02", ("02", "01")),
        ("TRUE", "FALSE", ("FALSE", "TRUE")),
        ("true", "false", ("false", "true")),
        ("Yes", "No", ("No", "Yes")),
        ("Y", "y", ("y", "Y")),
        ("+", "-", ("-", "+")),
        (">50K", "<=50K", ("<=50K", ">50K")),
        ("9007199254740993", "9007199254740992", (9007199254740992, 9007199254740993)),
    ],
)
def test_labels_of_a_file(tmp_path, rare, common, classes):
    table = read_file(tmp_path, make_labels(rare, common))
    assert table.classes == classes
    assert list(map(type, table.classes)) == list(map(type, classes))
    assert table.positive == classes[1] and table.negative == classes[0]
    assert table.y.dtype == np.int64
    np.testing.assert_array_equal(table.y, RARE)


@pytest.mark.parametrize(
    "word", ["None", "NA", "null", "nan", "NaN", "N/A", "NULL", "none", "-", "missing"]
)
def test_a_word_for_missing_may_be_a_class(tmp_path, word):
    table = read_file(tmp_path, make_labels("Fraud", word))
    assert table.classes == (word, "Fraud")
    assert table.notes == (f"'{word}' was taken as a class of 'y', not as a missing value.",)
    np.testing.assert_array_equal(table.y, RARE)
    frame = pd.DataFrame({"a": X, "y": make_labels("Fraud", word)}, dtype=object)
    assert read_table(frame, "y").classes == (word, "Fraud")


@pytest.mark.parametrize("word", ["", " ", "?", "NA", "nan", "NULL", "-"])
def test_beside_two_classes_it_is_missing(tmp_path, word):
    labels = make_labels("Fraud", "fine")
    labels[3] = labels[4] = word
    with pytest.raises(ValueError, match="'y' is missing in 2 of 40 rows"):
        read_file(tmp_path, labels)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, Decimal("NaN")])
def test_missing_objects_are_missing(missing):
    labels = make_labels("Fraud", "fine")
    labels[3] = missing
    with pytest.raises(ValueError, match="'y' is missing in 1 of 40 rows"):
        read_table(pd.DataFrame({"a": X, "y": pd.Series(labels, dtype=object)}), "y")


@pytest.mark.parametrize(
    ("rare", "common", "asked"),
    [
        *[("TRUE", "FALSE", word) for word in ("TRUE", "true", "True", True)],
        *[("true", "false", word) for word in ("TRUE", "true", True)],
        *[("1", "0", word) for word in ("1", 1, 1.0, "1.0", True)],
        *[("1.0", "0.0", word) for word in ("1", 1, "1.0")],
        *[("Yes", "No", word) for word in ("Yes", "yes", " Yes ")],
        ("None", "Fraud", "None"),
        ("a", "A", "a"),
    ],
)
def test_positive_as_asked(tmp_path, rare, common, asked):
    table = read_file(tmp_path, make_labels(rare, common), positive=asked)
    np.testing.assert_array_equal(table.y, RARE)
    other = read_file(tmp_path, make_labels(common, rare), positive=asked)
    np.testing.assert_array_equal(other.y, ~RARE)


OBJECTS = {
    "booleans": pd.Series(make_labels(True, False)),
    "nullable booleans": pd.array(make_labels(True, False), dtype="boolean"),
    "booleans as objects": pd.Series(make_labels(True, False), dtype=object),
    "integers": pd.Series(make_labels(1, 0)),
    "floats": pd.Series(make_labels(1.0, 0.0)),
    "decimals": pd.Series(make_labels(Decimal(1), Decimal(0))),
    "mixed numbers and texts": pd.Series(
        [1 if i % 10 == 0 else "1" if i % 5 == 0 else "0" for i in range(N)]
    ),
    "ones of several types": pd.Series(
        [1 if i % 10 == 0 else 1.0 if i % 5 == 0 else 0 for i in range(N)], dtype=object
    ),
    "categories": pd.Categorical(make_labels("1", "0"), categories=["0", "1", "2"]),
    "strings": pd.array(make_labels("1", "0"), dtype="string"),
    "bytes": pd.Series(make_labels(b"1", b"0")),
    "uint64": pd.Series(make_labels(1, 0), dtype="uint64"),
    "on Arrow": pd.Series(make_labels(1, 0), dtype=pd.ArrowDtype(pa.int8())),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_labels_of_a_frame(name):
    table = read_table(pd.DataFrame({"a": X, "y": OBJECTS[name]}), "y", positive="1")
    np.testing.assert_array_equal(table.y, RARE)


def test_labels_of_other_tables(tmp_path):
    for labels in (make_labels(1, 0), make_labels("b", "a"), make_labels(True, False)):
        for table in (pa.table({"a": X, "y": labels}), pl.DataFrame({"a": X, "y": labels})):
            found = read_table(table, "y")
            assert found.classes == (labels[1], labels[0])
            np.testing.assert_array_equal(found.y, RARE)
    encoded = pa.table({"a": X, "y": pa.array(make_labels("b", "a")).dictionary_encode()})
    assert read_table(encoded, "y").classes == ("a", "b")


def test_large_integers_beside_missing_ones_are_told_apart():
    labels = pa.array([*make_labels(2**53 + 1, 2**53)])
    assert read_table(pa.table({"a": X, "y": labels}), "y").classes == (2**53, 2**53 + 1)


def test_labels_that_are_none():
    frame = pd.DataFrame({"a": X, "y": [[1]] * N})
    with pytest.raises(ValueError, match="The target 'y' holds no labels"):
        read_table(frame, "y")
    with pytest.raises(ValueError, match=r"has 3 classes \('yes', 'Yes', 'no'\)"):
        read_table(pd.DataFrame({"a": X, "y": ["yes", "no", "Yes", "no"] * 10}), "y")


def test_equal_classes_are_settled_and_said():
    table = read_table(pd.DataFrame({"a": X, "y": ["yes", "no"] * 20}), "y")
    assert table.positive == "yes"
    assert table.notes == (
        "Both classes of 'y' have 20 rows; 'yes' was taken as the positive one.",
    )


def test_a_label_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="no label 'maybe'; its labels are 'yes', 'no'"):
        read_file(tmp_path, make_labels("yes", "no"), positive="maybe")
