"""Files and tables that cannot be read: one sentence says why."""

import bz2
import gzip
import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark import read_table

ROWS = "".join(f"{i % 7},{i % 9 + 0.5},{'yes' if i % 5 == 0 else 'no'}\n" for i in range(40))
TABLE = "k,a,y\n" + ROWS


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("_", "."), text)
    return buffer.getvalue()


def workbook():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/workbook.xml", "<x/>")
    return buffer.getvalue()


BAD = {
    "empty": (b"", "the file is empty"),
    "blanks": (b" \n\t\n\xc2\xa0", "the file is empty"),
    "empty, compressed": (gzip.compress(b""), "the file is empty"),
    "header alone": ("k,a,y\n", "holds no rows of data"),
    "header and separators": ("k,a,y\n,,\n", "holds no rows of data"),
    "surplus field": (TABLE + "1,2,no,9\n", "row 41 has 4 fields and the header 3; '9' belongs to"),
    "surplus field in all": ("k,a,y\n" + ROWS.replace("\n", ",x\n"), "row 1 has 4 fields"),
    "names of the rows without a header": (
        "k,a,y\n" + "".join(f"r,{line}\n" for line in ROWS.split()),
        "row 1 has",
    ),
    "unclosed quotation": (TABLE + '"1,2,no\n3,4,no\n', "a quotation is never closed"),
    "no text": (bytes(range(256)) * 4, "it is neither CSV nor Parquet"),
    "broken Parquet": (b"PAR1garbage", "cannot be read as a table"),
    "broken zip": (b"PK\x03\x04\0\0\0", "neither CSV nor Parquet"),
    "broken gzip": (gzip.compress(TABLE.encode())[:50], "it cannot be unpacked"),
    "broken bzip2": (bz2.compress(TABLE.encode())[:50], "it cannot be unpacked"),
    "broken xz": (b"\xfd7zXZ\x00" + b"x" * 50, "it cannot be unpacked"),
    "broken zstandard": (b"\x28\xb5\x2f\xfd" + b"x" * 50, "it cannot be unpacked"),
    "two files in a zip": (zipped(a_csv=TABLE, b_csv=TABLE), r"holds 2 files \('a.csv', 'b.csv'\)"),
    "empty zip": (b"PK\x05\x06" + bytes(18), "neither CSV nor Parquet"),
    "workbook": (workbook(), "it is a spreadsheet"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "it is a spreadsheet"),
    "odd number of bytes in UTF-16": (TABLE.encode("utf-16")[:-1], "it is not valid UTF-16"),
    "doubled target": (TABLE.replace("a,y", "y,y"), "several columns 'y'"),
    "target and its twin in capitals": (TABLE.replace("a,y", "Y,y"), "several columns 'y'"),
    "target and its twin with a blank": (TABLE.replace("a,y", " y ,y"), "several columns 'y'"),
    "target and its twin after a mark": ("y,\ufeffy,a\n" + ROWS, "several columns 'y'"),
    "doubled feature": (TABLE.replace("k,a", "a,a"), "two columns of the same name, 'a'"),
    "doubled feature with blanks": (
        TABLE.replace("k,a", "a,\xa0a"),
        "two columns of the same name",
    ),
    "no header": (ROWS, r"The first row \('0', '0.5', 'yes'\) looks like data"),
    "another name": (TABLE.replace(",y", ",why"), "no column 'y': it has 'k', 'a', 'why'"),
    "another case": (TABLE.replace(",y", ",Y"), r"no column 'y': did you mean 'Y'\?"),
    "the target alone": ("y\n" + "yes\nno\nno\n" * 10, "no usable column besides the target"),
    "a label is missing": (TABLE + "1,2,\n", "'y' is missing in 1 of 41 rows; drop or complete"),
    "labels are missing": (TABLE + "1,2,NA\n1,2,?\n", r"missing in 2 of 42 rows \('\?', 'NA'\)"),
    "a short row without label": (TABLE + "1,2\n", "'y' is missing in 1 of 41 rows"),
    "three classes": (TABLE + "1,2,maybe\n", r"has 3 classes \('maybe', 'yes', 'no'\)"),
    "the header again": (TABLE + TABLE, "has 3 classes"),
    "one class": (TABLE.replace("yes", "no"), "only one class, 'no'"),
    "a number": (
        "y,a,yy\n" + "".join(f"{i * 1.5},{i},{i}\n" for i in range(200)),
        "has 200 classes",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_sentence_says_why(tmp_path, name):
    content, message = BAD[name]
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message) as caught:
        read_table(path, "y")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_misspelt_target_beside_years_for_names(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE.replace("k,a,y", "2019,2020,target"))
    with pytest.raises(ValueError, match=r"no column 'traget': did you mean 'target'\?"):
        read_table(tmp_path / "t.csv", "traget")


def test_a_header_that_is_a_row_of_data(tmp_path):
    (tmp_path / "t.csv").write_text(ROWS)
    with pytest.raises(ValueError, match="looks like data"):
        read_table(tmp_path / "t.csv", "yes")


def test_a_row_of_words_that_its_columns_hold_too(tmp_path):
    words = "".join(f"{['red', 'blue'][i % 2]},{['yes', 'no'][i % 3 > 0]}\n" for i in range(40))
    (tmp_path / "t.csv").write_text(words)
    with pytest.raises(ValueError, match=r"The first row \('red', 'yes'\) looks like data"):
        read_table(tmp_path / "t.csv", "yes")


def test_a_target_named_as_its_class(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE.replace(",y\n", ",yes\n", 1))
    assert read_table(tmp_path / "t.csv", "yes").classes == ("no", "yes")


def test_names_that_differ_in_capitals_are_pointed_out(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE.replace("k,a", "a,A"))
    table = read_table(tmp_path / "t.csv", "y")
    assert list(table.X) == ["a", "A"]
    assert table.notes == ("The names 'a', 'A' differ in capitals only; both were kept.",)


def test_long_cells_are_cut_in_a_sentence(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE + "1,2,no," + "x" * 5000)
    with pytest.raises(ValueError, match=r"'xxxxx.*\.\.\.' belongs to no column") as caught:
        read_table(tmp_path / "t.csv", "y")
    assert len(str(caught.value)) < 300


def test_a_file_without_header_by_the_position_of_the_target(tmp_path):
    (tmp_path / "t.csv").write_text(ROWS)
    table = read_table(tmp_path / "t.csv", "2")
    assert list(table.X) == ["0", "1"] and len(table.y) == 40
    assert table.notes == (
        "The file has no header: its columns are called by their position, from 0.",
    )


def test_a_header_of_positions_is_a_header(tmp_path):
    (tmp_path / "t.csv").write_text("0,1,2\n" + ROWS.replace("yes", "2").replace("no", "0"))
    table = read_table(tmp_path / "t.csv", "2")
    assert len(table.y) == 40 and table.classes == (0, 2) and table.notes == ()


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_table(tmp_path / "t.csv", "y")
    with pytest.raises(FileNotFoundError, match="it is a folder"):
        read_table(tmp_path, "y")


@pytest.mark.parametrize("source", [None, 3, [[1, 2]], np.zeros((3, 2)), pd.Series([1, 2])])
def test_what_is_no_table(source):
    with pytest.raises(TypeError, match=r"must be a path or a table .* got"):
        read_table(source, "y")
