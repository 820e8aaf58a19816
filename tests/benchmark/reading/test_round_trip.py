"""Any table, written in any layout, comes back as it was."""

import bz2
import datetime
import gzip
import lzma

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skfocal.benchmark import read_table

N = 24
LABELS = ["yes" if i % 4 == 0 else "no" for i in range(N)]
# Two letters around it make it a name; what a cell begins or ends with is not kept if blank.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Co"], exclude_characters="\0"), max_size=8)
WORDS = st.lists(TEXT.map(lambda text: f"w{text}w"), min_size=N, max_size=N)
CENTS = st.lists(st.integers(-(10**9), 10**9), min_size=N - 1, max_size=N - 1)
DAYS = st.lists(st.integers(0, 20_000), min_size=N - 1, max_size=N - 1)

FORMS = {
    ".": "{:.2f}".format,
    ",": lambda v: f"{v:.2f}".replace(".", ","),
    "1,234.56": "{:,.2f}".format,
    "1.234,56": lambda v: f"{v:,.2f}".translate(str.maketrans(",.", ".,")),
    "1 234,56": lambda v: f"{v:,.2f}".translate(str.maketrans(",.", "\u202f,")),
    "1'234.56": lambda v: f"{v:,.2f}".replace(",", "'"),
    "€": lambda v: f"{v:,.2f} €".translate(str.maketrans(",.", ".,")),
    "exponent": "{:.15e}".format,
}
LAYOUTS = st.fixed_dictionaries(
    {
        "separator": st.sampled_from(",;\t|"),
        "end": st.sampled_from(["\n", "\r\n", "\r"]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
        "pack": st.sampled_from([bytes, gzip.compress, bz2.compress, lzma.compress]),
        "number": st.sampled_from(sorted(FORMS)),
        "date": st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d %b %Y"]),
        "quote": st.booleans(),
        "trailing": st.booleans(),
        "declared": st.booleans(),
    }
)


def write(columns, layout):
    separator, end = layout["separator"], layout["end"]

    def cell(text):
        special = any(sign in text for sign in (separator, '"', "\n", "\r"))
        return '"' + text.replace('"', '""') + '"' if special or layout["quote"] else text

    lines = [f"sep={separator}"] if layout["declared"] else []
    lines += [separator.join(map(cell, columns))]
    tail = separator if layout["trailing"] else ""
    lines += [separator.join(map(cell, row)) + tail for row in zip(*columns.values(), strict=True)]
    return layout["pack"]((end.join(lines) + end).encode(layout["encoding"]))


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=WORDS, cents=CENTS, days=DAYS, layout=LAYOUTS)
@example(
    words=[f"w{sign}w" for sign in "\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029\r\n\"',;|\t#\\%abcde"][
        :N
    ],
    cents=[125] * (N - 1),
    days=list(range(N - 1)),
    layout={
        **{"separator": ";", "end": "\r\n", "encoding": "utf-8", "pack": bytes, "number": ","},
        **{"date": "%d/%m/%Y", "quote": False, "trailing": True, "declared": True},
    },
)
def test_a_table_comes_back_from_its_file(tmp_path_factory, words, cents, days, layout):
    amounts = np.array([0.25, *cents]) / [1, *[100] * (N - 1)]
    first = datetime.date(1990, 12, 31)  # a day that tells the order
    dates = [first, *(first + datetime.timedelta(days=day) for day in days)]
    columns = {
        "words": words,
        "when": [date.strftime(layout["date"]) for date in dates],
        "y": LABELS,
        "amount": list(map(FORMS[layout["number"]], amounts)),
    }
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(write(columns, layout))
    table = read_table(path, "y")
    expected = {"words": words, "when": [0, *days], "amount": amounts}
    for name, values in expected.items():
        gone = f"'{name}'" in "".join(note for note in table.notes if note.startswith("Dropped"))
        assert gone or table.X[name].tolist() == [*values], name
        assert not gone or len(set(values)) in (1, N)
    np.testing.assert_array_equal(table.y, np.array(LABELS) == "yes")
    assert not any("ambiguous" in note or "no number" in note for note in table.notes)
