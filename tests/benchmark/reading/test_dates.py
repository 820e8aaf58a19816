"""Columns of dates and times in text: numbers of days, and a note where day and month may swap."""

import datetime

import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark import read_table

N = 60
DAYS = np.array([(i * i) % 300 + 3 for i in range(N)])
DATES = [datetime.date(2024, 1, 1) + datetime.timedelta(days=int(d)) for d in DAYS]
SECONDS = np.array([(i * 4321) % 86_400 for i in range(N)])
STAMPS = [
    datetime.datetime.combine(d, datetime.time()) + datetime.timedelta(seconds=int(s))
    for d, s in zip(DATES, SECONDS, strict=True)
]
LABELS = ["yes" if i % 5 == 0 else "no" for i in range(N)]


def read(cells, **others):
    return read_table(pd.DataFrame({"a": cells, **others, "y": LABELS}), "y")


@pytest.mark.parametrize(
    "form",
    [
        *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"),
        *("%m-%d-%Y", "%d.%m.%y", "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y"),
        *("%b %d, %Y", "%B %d, %Y", "%a, %d %b %Y", "%A, %B %d, %Y", " %Y-%m-%d ", "%d%b%Y"),
    ],
)
def test_a_form_of_dates(form):
    table = read([day.strftime(form) for day in DATES])
    np.testing.assert_array_equal(table.X["a"], DAYS - DAYS.min())
    assert table.X["a"].dtype == np.float64 and table.notes == ()


@pytest.mark.parametrize(
    "form",
    [
        *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.%f"),
        *("%Y-%m-%dT%H:%M:%S+02:00", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"),
        *("%d/%m/%Y, %H:%M:%S", "%Y-%m-%d %H:%M:%S-0530", "%d %b %Y %H:%M:%S"),
    ],
)
def test_a_form_of_times_of_a_day(form):
    table = read([stamp.strftime(form) for stamp in STAMPS])
    expected = DAYS + SECONDS / 86_400
    np.testing.assert_allclose(table.X["a"], expected - expected.min(), atol=1e-9)


def test_times_without_a_date_are_fractions_of_a_day():
    table = read([f"{s // 3600}:{s // 60 % 60:02}:{s % 60:02}" for s in SECONDS])
    np.testing.assert_allclose(table.X["a"], SECONDS / 86_400)


def test_hours_beyond_a_day():
    table = read([f"{30 + i}:30" for i in range(N)])
    np.testing.assert_allclose(table.X["a"], (30.5 + np.arange(N)) / 24)


def test_months():
    table = read([f"2024-{i % 12 + 1:02}" for i in range(N)])
    assert table.X["a"].tolist()[:3] == [0, 31, 60]


def test_time_zones_count():
    cells = ["2024-03-01T10:00:00+02:00", "2024-03-01T10:00:00Z"] * 30
    np.testing.assert_allclose(read(cells).X["a"][:2], [0, 2 / 24], atol=1e-9)


SOME = [f"{i % 12 + 1:02}/{i * 7 % 12 + 1:02}/2024" for i in range(N)]


def test_an_order_that_nothing_tells_is_said():
    slashes, dashes = read(SOME), read([cell.replace("/", "-") for cell in SOME])
    for table, first in ((slashes, "month"), (dashes, "day")):
        (note,) = table.notes
        assert f"in 'a' are ambiguous; they were read with the {first} first." in note
        order = ["%m-%d-%Y", "%d-%m-%Y"][first == "day"]
        days = pd.to_datetime(pd.Series(SOME).str.replace("/", "-"), format=order)
        np.testing.assert_array_equal(table.X["a"], (days - days.min()).dt.days)


def test_points_have_the_day_first():
    table = read([cell.replace("/", ".") for cell in SOME])
    days = pd.to_datetime(pd.Series(SOME), format="%d/%m/%Y")
    np.testing.assert_array_equal(table.X["a"], (days - days.min()).dt.days)
    assert table.notes == ()


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y"])
def test_another_column_tells_the_order(form):
    table = read(SOME, b=[day.strftime(form) for day in DATES])
    days = pd.to_datetime(pd.Series(SOME), format=form)
    np.testing.assert_array_equal(table.X["a"], (days - days.min()).dt.days)
    assert table.notes == ()


def test_both_orders_in_a_column_are_said():
    cells = [d.strftime("%d/%m/%Y" if i % 3 else "%m/%d/%Y") for i, d in enumerate(DATES)]
    (note,) = read(cells).notes
    assert "with the day first" in note and "those that allow both" in note


def test_cells_that_are_no_dates():
    cells = [day.isoformat() for day in DATES]
    cells[:4] = ["", "-", "2023-02-30", "soon"]
    table = read(cells)
    assert table.X["a"].isna().sum() == 4
    assert table.notes == (
        "3 cells of 'a' are no dates and were taken as missing: '-', '2023-02-30', 'soon'.",
    )


def test_dates_that_differ_in_every_row_are_kept():
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=i) for i in range(N)]
    for cells in (days, [str(day) for day in days], pd.to_datetime(days)):
        table = read(cells, b=np.sqrt(DAYS))
        np.testing.assert_array_equal(table.X["a"], np.arange(N))


def test_other_texts_are_no_dates():
    for cell in ("10.1.2.3", "3:4", "1/2", "A-12-2024", "12-2024", "555-1234", "may be {}"):
        table = read([cell.format(i % 7) + "x"[: i % 2] for i in range(N)])
        assert table.X["a"].dtype == "category", cell
