"""Columns of numbers in text: decided from their cells, one column at a time."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skfocal.benchmark import read_table

N = 60
RNG = np.random.default_rng(0)
MONEY = np.round(RNG.gamma(2, 60_000, N), 2)
SMALL = np.array([(i % 9) + 0.25 for i in range(N)])
WHOLE = np.array([1000 * (i % 50 + 1) + i for i in range(N)])
LABELS = ["yes" if i % 5 == 0 else "no" for i in range(N)]


def swap(text):
    return text.translate(str.maketrans(",.", ".,"))


def grouped(sign, mark="."):
    return lambda v: f"{v:,.2f}".replace(".", "!").replace(",", sign).replace("!", mark)


FORMS = {
    "plain": str,
    "1,234.56": lambda v: f"{v:,.2f}",
    "1.234,56": lambda v: swap(f"{v:,.2f}"),
    "1234,56": lambda v: f"{v:.2f}".replace(".", ","),
    "1 234,56": grouped(" ", ","),
    "1 234.56": grouped(" "),
    "no-break blanks": grouped("\xa0", ","),
    "narrow no-break blanks": grouped("\u202f", ","),
    "thin blanks": grouped("\u2009"),
    "1'234.56": grouped("'"),
    "1\u2019234.56": grouped("\u2019"),
    "1'234,56": grouped("'", ","),
    "plus": lambda v: f"+{v}",
    "exponent": lambda v: f"{v:.10e}",
    "capital exponent": lambda v: f"{v:.10E}",
    "exponent with comma": lambda v: f"{v:.10E}".replace(".", ","),
    "padded": lambda v: f"  {v}\t",
    "padded with no-break blanks": lambda v: f"\xa0{v}\u202f",
    "zero-width blanks": lambda v: f"\ufeff{v}\u200b",
    "per cent": lambda v: f"{v}%",
    "per cent after a blank": lambda v: f"{v:.2f} %".replace(".", ","),
    "dollars": lambda v: f"${v:,.2f}",
    "US dollars": lambda v: f"US$ {v:,.2f}",
    "reais": lambda v: "R$ " + swap(f"{v:,.2f}"),
    "euros before": lambda v: "€" + swap(f"{v:,.2f}"),
    "euros after": lambda v: swap(f"{v:,.2f}") + " €",
    "euros after a no-break blank": lambda v: swap(f"{v:,.2f}") + "\xa0€",
    "pounds": lambda v: f"£{v:,.2f}",
    "code before": lambda v: f"USD {v:,.2f}",
    "code after": lambda v: f"{v:.2f} EUR",
    "code in lower case": lambda v: f"{v:.2f} eur",
    "Swiss francs": lambda v: "CHF " + grouped("'")(v),
    "kronor": lambda v: f"{v:.2f} kr".replace(".", ","),
    "zloty": lambda v: f"{v:.2f} zł".replace(".", ","),
}


def read(cells, separator=",", **others):
    """Read a frame of texts, as a file would give them."""
    frame = pd.DataFrame({"a": cells, **others, "y": LABELS})
    return read_table(frame.astype(object), "y")


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_numbers(form):
    table = read([FORMS[form](v) for v in MONEY])
    assert table.X["a"].dtype == np.float64
    np.testing.assert_allclose(table.X["a"], MONEY, rtol=1e-9)
    assert all("stand" in note for note in table.notes)  # a percentage, as it stands


NEGATIVES = {
    "minus": "-{}",
    "minus sign": "\N{MINUS SIGN}{}",
    "en dash": "\N{EN DASH}{}",
    "minus and blank": "- {}",
    "minus after": "{}-",
    "parentheses": "({})",
    "parentheses and dollars": "(${})",
    "dollars and parentheses": "$({})",
    "minus, dollars": "-${}",
    "dollars, minus": "$-{}",
    "minus, euros after": "-{} €",
    "euros in parentheses": "({} €)",
}


@pytest.mark.parametrize("form", NEGATIVES)
def test_a_form_of_negative_numbers(form):
    cells = [f"{v}" if i % 3 else NEGATIVES[form].format(v) for i, v in enumerate(SMALL)]
    if "$" in NEGATIVES[form] or "€" in NEGATIVES[form]:
        cells = [
            c if i % 3 == 0 else f"${c}" if "$" in NEGATIVES[form] else f"{c} €"
            for i, c in enumerate(cells)
        ]
    table = read(cells)
    assert_array_equal(table.X["a"], np.where(np.arange(N) % 3, SMALL, -SMALL))
    assert table.notes == ()


def test_every_column_has_its_own_mark():
    forms = {
        name: FORMS[name] for name in ("plain", "1,234.56", "1.234,56", "1 234,56", "1'234.56")
    }
    frame = pd.DataFrame({name: [form(v) for v in MONEY] for name, form in forms.items()})
    table = read_table(frame.assign(y=LABELS), "y")
    for name in forms:
        np.testing.assert_allclose(table.X[name], MONEY)
    assert table.notes == ()


@pytest.mark.parametrize(
    "marker",
    [
        *("", " ", "-", "--", " - ", "?", "n/a", "N/A", "NA", "#N/A", "NULL", "null", "nan", "NaN"),
        *("None", "\xa0", "\u202f", "\N{EN DASH}", "\N{EM DASH}", ".", "n.a.", "#DIV/0!", "\\N"),
        *("<NA>", "(null)"),
    ],
)
def test_markers_of_missing_cells(marker):
    hole = np.arange(N) % 10 == 7
    table = read([marker if h else str(v) for v, h in zip(MONEY, hole, strict=True)])
    assert_array_equal(table.X["a"], np.where(hole, np.nan, MONEY))
    one = read([marker if i == 7 else str(i + 0.5) for i in range(N)])
    assert_array_equal(one.X["a"], [np.nan if i == 7 else i + 0.5 for i in range(N)])


def test_unusual_markers_are_named():
    table = read(["-" if i % 10 == 7 else str(v) for i, v in enumerate(MONEY)])
    assert table.notes == ("6 cells of 'a' are no numbers and were taken as missing: '-'.",)


def test_unreadable_cells_are_counted_and_named():
    cells = [str(v) for v in MONEY]
    cells[3], cells[4], cells[9] = "unknown", "12 or 13", "unknown"
    table = read(cells)
    assert table.X["a"].isna().sum() == 3
    assert table.notes == (
        "3 cells of 'a' are no numbers and were taken as missing: 'unknown', '12 or 13'.",
    )


def test_names_of_which_half_are_numbers_are_pointed_out():
    cells = [f"word {i}" if i % 10 > 5 else str(i % 2) for i in range(N)]
    table = read(cells)
    assert table.X["a"].dtype == "category"
    assert table.notes[0].startswith("36 of 60 cells of 'a' are numbers; it was taken as names")
    cells = ["0" if i % 3 else f"word {i}" for i in range(N)]  # one number may be a name
    assert read(cells).notes == ()


def test_names_with_some_numbers_stay_names():
    cells = [f"A{i % 7}" if i % 3 else "12" for i in range(N)]
    table = read(cells)
    assert table.X["a"].dtype == "category" and table.notes == ()


@pytest.mark.parametrize(
    ("cells", "other", "expected", "doubt"),
    [
        (lambda v: f"{v:,}", None, WHOLE, True),
        (lambda v: f"{v:,}", SMALL.astype(str), WHOLE, False),
        (lambda v: f"{v:,}", [swap(str(v)) for v in SMALL], WHOLE / 1000, False),
        (lambda v: swap(f"{v:,}"), None, WHOLE / 1000, True),
        (lambda v: swap(f"{v:,}"), SMALL.astype(str), WHOLE / 1000, False),
        (lambda v: swap(f"{v:,}"), [swap(str(v)) for v in SMALL], WHOLE, False),
        (str, None, WHOLE, False),
        (lambda v: f"{v:,}".replace(",", " "), None, WHOLE, False),
    ],
)
def test_what_one_mark_leaves_open_the_other_columns_tell(cells, other, expected, doubt):
    others = {} if other is None else {"b": list(other)}
    table = read([cells(v) for v in WHOLE], **others)
    assert_array_equal(table.X["a"], expected)
    assert any("ambiguous" in note and "'a'" in note for note in table.notes) == doubt


@pytest.mark.parametrize(("small", "expected"), [(999, 1000), (1000, 1)])
def test_whole_numbers_beside_tell_thousands(small, expected):
    table = read([f"{small - i % 9}" if i % 2 else "1.250" for i in range(N)])
    assert table.X["a"][0] == expected * 1.25 and "ambiguous" in table.notes[0]


def test_an_odd_cell_turns_no_numbers_to_names():
    table = read(["1/2/24" if i == 3 else str(v) for i, v in enumerate(SMALL)])
    assert_array_equal(table.X["a"], np.where(np.arange(N) == 3, np.nan, SMALL))


def test_leading_zeros_are_pointed_out():
    table = read([f"0{1000 + i % 7}" for i in range(N)])
    assert table.X["a"][0] == 1000
    assert table.notes[0].startswith("'a' holds numbers with leading zeros, as codes have (01000)")


def test_three_decimals_in_a_file_of_semicolons(tmp_path):
    rows = [f"{v},125;{t}" for v, t in zip(range(100, 160), LABELS, strict=True)]
    (tmp_path / "t.csv").write_text("a;y\n" + "\n".join(rows))
    table = read_table(tmp_path / "t.csv", "y")
    assert_array_equal(table.X["a"], np.arange(100, 160) + 0.125)
    assert table.notes == (
        "Numbers such as 100,125 in 'a' are ambiguous; this one was read as 100.125 and not as "
        "100125.",
    )


def test_both_marks_in_a_column_are_each_read_as_they_stand():
    table = read([str(v) if i % 2 else swap(str(v)) for i, v in enumerate(SMALL)])
    assert_array_equal(table.X["a"], SMALL)
    assert "with a decimal point" in table.notes[0] and "with a decimal comma" in table.notes[0]


def test_codes_beside_real_numbers_are_names():
    codes = [f"{1 + i % 2},{3 + i % 3}" for i in range(N)]
    table = read(codes, amount=SMALL.astype(str).tolist())
    assert table.X["a"].tolist() == codes
    assert_array_equal(table.X["amount"], SMALL)
    assert len(table.notes) == 1 and "'a' holds pairs such as '1,3'" in table.notes[0]


def test_pairs_of_either_mark_are_doubted():
    halves = np.arange(N) % 9 + 0.5
    table = read([f"{1 + i % 2},{3 + i % 3}" for i in range(N)], amount=halves.astype(str).tolist())
    assert_array_equal(table.X["amount"], halves)
    assert table.notes == (
        "'a' was read with a decimal comma (1,3), though other columns have decimal points; "
        "are these codes?",
    )


def test_lists_of_codes_are_names():
    lists = [",".join("12345"[: i % 4 + 1]) for i in range(N)]
    table = read(lists)
    assert table.X["a"].tolist() == lists


def test_mixed_units_are_said():
    table = read([f"${v}" if i % 2 else f"€{v}" for i, v in enumerate(MONEY)])
    assert_array_equal(table.X["a"], MONEY)
    assert "'a' mixes '$', '€'" in table.notes[0]


@pytest.mark.parametrize("words", [("TRUE", "FALSE"), ("true", "false"), ("True", "False")])
def test_truths_are_one_and_zero(words):
    table = read([words[i % 2] for i in range(N)])
    assert_array_equal(table.X["a"], 1.0 - np.arange(N) % 2)


def test_numbers_beyond_the_range_are_missing():
    cells = [str(v) for v in MONEY]
    cells[:5] = ["1e999", "inf", "-Infinity", "1.8e308", "1.7e308"]
    table = read(cells)
    assert table.X["a"].isna().sum() == 5
    huge = read_table(pd.DataFrame({"a": [1.7e308, 1.0, 2.0] * 20, "y": LABELS}), "y")
    assert huge.X["a"].isna().sum() == 20
    assert huge.notes == ("Values beyond 3e+38 in 'a' were taken as missing.",)
