"""Tables that come with types: Parquet, Arrow, polars, and the many types of pandas."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from skfocal.benchmark import read_table

N = 60
LABELS = [int(i % 5 == 0) for i in range(N)]
NUMBERS = np.array([(i * i) % 17 + 0.5 for i in range(N)])
DAYS = np.array([(i * i) % 90 for i in range(N)])
DATES = [datetime.date(2024, 1, 1) + datetime.timedelta(days=int(d)) for d in DAYS]
STAMPS = [datetime.datetime(2024, 1, 1) + datetime.timedelta(days=int(d)) for d in DAYS]
TIMES = [datetime.time(int(d) % 24, 30) for d in DAYS]
SPANS = [datetime.timedelta(hours=int(d)) for d in DAYS]
WORDS = [f"word {i % 3}" for i in range(N)]
DECIMALS = [Decimal(str(v)) for v in NUMBERS]
HOLES = [None if i % 7 == 3 else v for i, v in enumerate(NUMBERS)]
WITH_HOLES = np.array([np.nan if v is None else v for v in HOLES])
TIME = np.array([(d % 24 + 0.5) / 24 for d in DAYS])

ARROW = {
    "double": (pa.array(NUMBERS), NUMBERS),
    "float": (pa.array(NUMBERS, pa.float32()), NUMBERS),
    "half": (pa.array(NUMBERS.astype(np.float16)), NUMBERS),
    "holes": (pa.array(HOLES), WITH_HOLES),
    "int8": (pa.array(DAYS, pa.int8()), DAYS),
    "uint64": (
        pa.array([2**63 + int(d) * 2**12 for d in DAYS], pa.uint64()),
        2.0**63 + DAYS * 2**12,
    ),
    "large ints": (pa.array([2**60 + int(d) * 2**9 for d in DAYS]), 2.0**60 + DAYS * 2**9),
    "large ints, holes": (
        pa.array([None if i == 3 else 2**53 + 1 for i in range(N)]),
        np.where(np.arange(N) == 3, np.nan, 2.0**53),
    ),
    "decimal": (pa.array(DECIMALS, pa.decimal128(12, 3)), NUMBERS),
    "decimal256": (pa.array(DECIMALS, pa.decimal256(40, 3)), NUMBERS),
    "bool": (pa.array([d % 2 == 0 for d in DAYS]), 1.0 - DAYS % 2),
    "date32": (pa.array(DATES, pa.date32()), DAYS),
    "date64": (pa.array(DATES, pa.date64()), DAYS),
    "timestamp": (pa.array(STAMPS, pa.timestamp("s")), DAYS),
    "timestamp ns": (pa.array(STAMPS, pa.timestamp("ns")), DAYS),
    "timestamp with zone": (pa.array(STAMPS, pa.timestamp("us", "Europe/Paris")), DAYS),
    "time32": (pa.array(TIMES, pa.time32("s")), TIME),
    "time64": (pa.array(TIMES, pa.time64("us")), TIME),
    "duration": (pa.array(SPANS, pa.duration("ms")), DAYS / 24),
    "dictionary of numbers": (pa.array(NUMBERS).dictionary_encode(), NUMBERS),
    "dictionary of words": (pa.array(WORDS).dictionary_encode(), WORDS),
    "dictionary of dates": (pa.array(DATES).dictionary_encode(), DAYS),
    "string": (pa.array(WORDS), WORDS),
    "large string": (pa.array(WORDS, pa.large_string()), WORDS),
    "string view": (pa.array(WORDS, pa.string_view()), WORDS),
    "bytes": (pa.array([w.encode() for w in WORDS]), WORDS),
    "numbers in strings": (pa.array([f"{v} €" for v in NUMBERS]), NUMBERS),
    "dates in strings": (pa.array([str(d) for d in DATES]), DAYS),
}
FROM_PARQUET = sorted(set(ARROW) - {"duration", "half"})  # Parquet has no such type, or had none


def check(table, expected, name="a"):
    assert table.X[name].dtype == ("category" if isinstance(expected[0], str) else np.float64)
    if isinstance(expected[0], str):
        assert table.X[name].tolist() == list(expected)
    else:
        np.testing.assert_allclose(table.X[name], expected, rtol=1e-12)
    assert_array_equal(table.y, LABELS)


@pytest.mark.parametrize("name", ARROW)
def test_arrow(name):
    column, expected = ARROW[name]
    check(read_table(pa.table({"a": column, "y": LABELS}), "y"), expected)


@pytest.mark.parametrize("name", FROM_PARQUET)
def test_parquet(name, tmp_path):
    column, expected = ARROW[name]
    pq.write_table(pa.table({"a": column, "y": LABELS}), tmp_path / "t.bin")
    check(read_table(tmp_path / "t.bin", "y"), expected)


@pytest.mark.parametrize("name", ARROW)
def test_pandas_on_arrow(name):
    column, expected = ARROW[name]
    frame = pd.DataFrame({"a": pd.Series(column, dtype=pd.ArrowDtype(column.type)), "y": LABELS})
    check(read_table(frame, "y"), expected)


def holed(values, dtype):
    return pd.array([None if i % 7 == 3 else v for i, v in enumerate(values)], dtype=dtype)


PANDAS = {
    "objects": (pd.Series(NUMBERS.tolist(), dtype=object), NUMBERS),
    "objects with holes": (pd.Series(HOLES, dtype=object), WITH_HOLES),
    "decimals": (pd.Series(DECIMALS), NUMBERS),
    "decimals with NaN": (pd.Series([Decimal("NaN"), *DECIMALS[1:]]), [np.nan, *NUMBERS[1:]]),
    "fractions": (pd.Series([Fraction(v) for v in NUMBERS]), NUMBERS),
    "integers beyond 64 bits": (
        pd.Series([2**70 + int(d) * 2**60 for d in DAYS]),
        2.0**70 + DAYS * 2.0**60,
    ),
    "texts and numbers": (
        pd.Series([str(v) if i % 2 else v for i, v in enumerate(NUMBERS)]),
        NUMBERS,
    ),
    "integers and texts": (
        pd.Series([str(v) if i % 2 else int(v) for i, v in enumerate(DAYS)]),
        DAYS,
    ),
    "numpy scalars": (pd.Series([np.float32(v) for v in NUMBERS], dtype=object), NUMBERS),
    "booleans as objects": (pd.Series([bool(d % 2) for d in DAYS], dtype=object), DAYS % 2),
    "booleans with holes": (
        pd.Series([None if i == 3 else bool(d % 2) for i, d in enumerate(DAYS)], dtype=object),
        np.where(np.arange(N) == 3, np.nan, DAYS % 2),
    ),
    "Int64": (holed(DAYS, "Int64"), np.where(np.arange(N) % 7 == 3, np.nan, DAYS)),
    "UInt8": (holed(DAYS, "UInt8"), np.where(np.arange(N) % 7 == 3, np.nan, DAYS)),
    "Float64": (holed(NUMBERS, "Float64"), WITH_HOLES),
    "boolean": (
        holed(DAYS % 2 == 0, "boolean"),
        np.where(np.arange(N) % 7 == 3, np.nan, 1 - DAYS % 2),
    ),
    "float32": (NUMBERS.astype(np.float32), NUMBERS),
    "sparse": (pd.arrays.SparseArray(NUMBERS), NUMBERS),
    "string[python]": (pd.array(WORDS, dtype="string[python]"), WORDS),
    "string[pyarrow]": (pd.array(WORDS, dtype="string[pyarrow]"), WORDS),
    "objects of words": (pd.Series(WORDS, dtype=object), WORDS),
    "bytes": (pd.Series([w.encode() for w in WORDS], dtype=object), WORDS),
    "category": (pd.Categorical(WORDS), WORDS),
    "category of integers": (pd.Categorical(DAYS % 3), [str(d % 3) for d in DAYS]),
    "dates": (pd.Series(DATES, dtype=object), DAYS),
    "stamps as objects": (pd.Series(STAMPS, dtype=object), DAYS),
    "numpy dates": (pd.Series([np.datetime64(d) for d in DATES], dtype=object), DAYS),
    "datetime64[ns]": (pd.Series(STAMPS).astype("datetime64[ns]"), DAYS),
    "datetime64[s]": (pd.Series(STAMPS).astype("datetime64[s]"), DAYS),
    "with time zone": (pd.Series(STAMPS).dt.tz_localize("UTC"), DAYS),
    "dates with holes": (
        pd.Series([None if i == 3 else d for i, d in enumerate(DATES)], dtype=object),
        np.where(np.arange(N) == 3, np.nan, DAYS),
    ),
    "dates and texts": (pd.Series([str(d) if i % 2 else d for i, d in enumerate(DATES)]), DAYS),
    "periods": (pd.Series(STAMPS).dt.to_period("D"), DAYS),
    "times": (pd.Series(TIMES, dtype=object), TIME),
    "spans": (pd.Series(SPANS), DAYS / 24),
    "spans as objects": (pd.Series(SPANS, dtype=object), DAYS / 24),
    "intervals": (
        pd.Series([pd.Interval(int(d) % 3, int(d) % 3 + 1) for d in DAYS]),
        [f"({d % 3}, {d % 3 + 1}]" for d in DAYS],
    ),
}


@pytest.mark.parametrize("name", PANDAS)
def test_pandas(name):
    column, expected = PANDAS[name]
    check(read_table(pd.DataFrame({"a": column, "y": LABELS}), "y"), expected)


POLARS = {
    "float": (NUMBERS, NUMBERS),
    "decimal": (pl.Series(DECIMALS), NUMBERS),
    "uint64": (pl.Series([int(d) for d in DAYS], dtype=pl.UInt64), DAYS),
    "bool": (DAYS % 2 == 0, 1 - DAYS % 2),
    "date": (DATES, DAYS),
    "datetime": (STAMPS, DAYS),
    "time": (TIMES, TIME),
    "duration": (SPANS, DAYS / 24),
    "string": (WORDS, WORDS),
    "categorical": (pl.Series(WORDS, dtype=pl.Categorical), WORDS),
    "enum": (
        pl.Series([str(d % 3) for d in DAYS], dtype=pl.Enum(["0", "1", "2"])),
        [str(d % 3) for d in DAYS],
    ),
}


@pytest.mark.parametrize("name", POLARS)
def test_polars(name):
    column, expected = POLARS[name]
    frame = pl.DataFrame({"a": column, "y": LABELS})
    check(read_table(frame, "y"), expected)
    check(read_table(frame.lazy(), "y"), expected)


def test_categories_of_pandas_stay_names_in_parquet(tmp_path):
    frame = pd.DataFrame({"a": pd.Categorical([str(d % 3) for d in DAYS]), "y": LABELS})
    frame.to_parquet(tmp_path / "t.parquet")
    for source in (frame, tmp_path / "t.parquet"):
        assert read_table(source, "y").X["a"].tolist() == frame["a"].tolist()


def test_numbers_declared_as_categories_but_different_in_every_row_stay_numbers():
    numbers = np.arange(N) + 0.5
    days = pd.date_range("2024-01-01", periods=N)
    for cells, expected in (
        (numbers, numbers),
        (numbers.astype(str), numbers),
        (days, np.arange(N)),
    ):
        frame = pd.DataFrame({"a": pd.Categorical(cells), "b": NUMBERS, "y": LABELS})
        assert read_table(frame, "y").X["a"].tolist() == list(expected)


@pytest.mark.parametrize(
    "column", [[[1, 2]] * N, [{"k": 1}] * N, [b"\xff\xfe%d" % i for i in range(N)]]
)
def test_lists_and_the_like_are_dropped_and_named(column):
    for table in (
        read_table(pd.DataFrame({"a": column, "b": NUMBERS, "y": LABELS}), "y"),
        read_table(pa.table({"a": column, "b": NUMBERS, "y": LABELS}), "y"),
    ):
        assert list(table.X) == ["b"]
        assert table.notes == ("Dropped because they hold neither numbers, dates nor names: 'a'.",)


def test_columns_of_several_levels():
    frame = pd.DataFrame({("sum", "a"): NUMBERS, ("mean", "a"): NUMBERS * 2, ("y", ""): LABELS})
    for target in ("y", ("y", "")):
        table = read_table(frame, target)
        assert list(table.X) == ["sum a", "mean a"]


def test_names_that_are_no_texts():
    frame = pd.DataFrame({0: NUMBERS, 1: DAYS, 2: LABELS})
    assert list(read_table(frame, 2).X) == ["0", "1"]
    with pytest.raises(ValueError, match="two columns of the same name, '1'"):
        read_table(pd.DataFrame({1: NUMBERS, "1": DAYS, "y": LABELS}), "y")


def test_the_index_does_not_matter_and_the_frame_is_left_alone():
    frame = pd.DataFrame({"a": HOLES, "w": WORDS, "y": LABELS}, index=[7] * N)
    before = frame.copy()
    table = read_table(frame, "y")
    assert table.X.index.equals(pd.RangeIndex(N))
    pd.testing.assert_frame_equal(frame, before)


def test_the_index_of_a_frame_is_no_column_of_its_file(tmp_path):
    for name in ("customer", None):
        frame = pd.DataFrame({"a": NUMBERS, "y": LABELS}, pd.Index(DAYS * 3, name=name))
        frame.to_parquet(tmp_path / "t.parquet")
        assert list(read_table(tmp_path / "t.parquet", "y").X) == ["a"]
        assert list(read_table(pa.Table.from_pandas(frame), "y").X) == ["a"]


def test_a_table_without_rows():
    empty = pd.DataFrame({"a": NUMBERS, "y": LABELS}).iloc[:0]
    for source in (empty, pa.Table.from_pandas(empty), pd.DataFrame()):
        with pytest.raises(ValueError, match="holds no rows of data"):
            read_table(source, "y")
