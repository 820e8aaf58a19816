"""Files in the layouts people have: the same cells come out of each, or a sentence."""

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pyarrow as pa
import pytest

from skfocal.benchmark import read_table
from skfocal.benchmark.reading import name_table

N = 40
NUMBERS = [i % 9 + 0.5 for i in range(N)]
WORDS = [f"word {i % 3}" for i in range(N)]
LABELS = ["yes" if i % 5 == 0 else "no" for i in range(N)]
HEADER = ["word", "amount", "y"]


def write(
    separator=",",
    *,
    words=WORDS,
    header=HEADER,
    end="\n",
    quote=False,
    tail="",
    pad="",
    numbers=None,
):
    """Return the table as text; a cell that holds separator, quotes or line ends is quoted."""
    rows = zip(words, numbers or map(str, NUMBERS), LABELS, strict=True)

    def cell(text):
        needed = quote or any(sign in text for sign in (separator, '"', "\n", "\r"))
        return pad + ('"' + text.replace('"', '""') + '"' if needed else text) + pad

    lines = [separator.join(header)]
    lines += [separator.join(map(cell, row)) + tail for row in rows]
    return end.join(lines) + end


def zipped(text, *others):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("folder/t.csv", *others):
            archive.writestr(name, text)
    return buffer.getvalue()


def zstandard(content):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def backslashed():
    return "word,amount,y\n" + "".join(
        f'"{w}, \\"so\\"",{n},{t}\n' for w, n, t in zip(WORDS, NUMBERS, LABELS, strict=True)
    )


def several_lines(count):
    return ["\n".join([word] + ["more; of, it"] * count) for word in WORDS]


ODD = ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
inside = {sign: [word.replace(" ", sign) for word in WORDS] for sign in [*ODD, "\r", "'", "-"]}
STADT = [word.replace("word", "Köln") for word in WORDS]
german = [str(number).replace(".", ",") for number in NUMBERS]

# Name: content, the words to be read, how many notes.
ALIGNED = list(zip(inside["-"], NUMBERS, LABELS, strict=True))
LAYOUTS = {
    "comma": (write(","), WORDS, 0),
    "semicolon": (write(";"), WORDS, 0),
    "tab": (write("\t"), WORDS, 0),
    "bar": (write("|"), WORDS, 0),
    "blanks": (write("   ", words=inside["-"]), inside["-"], 0),
    "blanks, aligned": (
        "    word   amount \ty\n" + "".join(f" {w:9} {n:>9} {t:>5}\n" for w, n, t in ALIGNED),
        inside["-"],
        0,
    ),
    "crlf": (write(end="\r\n"), WORDS, 0),
    "cr of an old Mac": (write(end="\r"), WORDS, 0),
    "cr cr lf": (write(end="\r\r\n"), WORDS, 0),
    "no line end at the end": (write().rstrip("\n"), WORDS, 0),
    "blank lines between": (write(end="\n\n"), WORDS, 0),
    "rows of separators at the end": (write() + ",,\n" * 5, WORDS, 1),
    "end of file of DOS": (write(end="\r\n") + "\x1a", WORDS, 0),
    "all quoted": (write(quote=True, header=[f'"{n}"' for n in HEADER]), WORDS, 0),
    "padded": (write(pad="  "), WORDS, 0),
    "padded and quoted": (write(pad="  ", quote=True), WORDS, 0),
    "separator in quotes": (write(words=[w + ",;|" for w in WORDS]), [w + ",;|" for w in WORDS], 0),
    "doubled quotes": (write(words=[f'a "{w}"' for w in WORDS]), [f'a "{w}"' for w in WORDS], 0),
    "backslash before quotes": (backslashed(), [f'{w}, "so"' for w in WORDS], 0),
    "an inch mark": (
        write().replace("word 1", '1" pipe'),
        [w.replace("word 1", '1" pipe') for w in WORDS],
        0,
    ),
    "apostrophes": (write(words=inside["'"]), inside["'"], 0),
    "apostrophes as quotes": (
        write().replace("word 1", "'word, 1'"),
        [w.replace("word 1", "word, 1") for w in WORDS],
        0,
    ),
    "quoted cr": (write(words=inside["\r"]), inside["\r"], 0),
    "lone cr": (
        write(words=WORDS).replace("d 1", "d\r1"),
        [w.replace("d 1", "d\r1") for w in WORDS],
        0,
    ),
    "two lines a cell": (write(";", words=several_lines(1)), several_lines(1), 0),
    "thirty lines a cell": (write(";", words=several_lines(29)), several_lines(29), 0),
    "thirty lines a cell, crlf": (
        write(";", words=several_lines(29), end="\r\n"),
        several_lines(29),
        0,
    ),
    "line breaks in an old Mac's quotes": (
        write(words=several_lines(1), end="\r"),
        several_lines(1),
        0,
    ),
    **{f"{sign!r} in a cell": (write(words=inside[sign]), inside[sign], 0) for sign in ODD},
    "lines longer than a look-ahead": (
        write(words=[w + "x" * 60_000 for w in WORDS]),
        [w + "x" * 60_000 for w in WORDS],
        0,
    ),
    "sep=;": ("sep=;\r\n" + write(";", end="\r\n"), WORDS, 0),
    'quoted "sep=,"': ('"sep=,"\n' + write(","), WORDS, 0),
    "SEP=tab": ("SEP=\\t\n" + write("\t"), WORDS, 0),
    "sep=| after a mark": ("\ufeffsep=|\n" + write("|"), WORDS, 0),
    "utf-8 with a mark": (write(words=STADT).encode("utf-8-sig"), STADT, 0),
    "utf-16": (write("\t", words=STADT).encode("utf-16"), STADT, 0),
    "utf-16 little-endian, bare": (write("\t", words=STADT).encode("utf-16-le"), STADT, 0),
    "utf-16 big-endian, bare": (write(",", words=STADT).encode("utf-16-be"), STADT, 0),
    "utf-32": (write(words=STADT).encode("utf-32"), STADT, 0),
    "latin-1": (write(";", words=STADT).encode("latin-1"), STADT, 1),
    "cp1252": (
        write(words=[w + " €" for w in STADT]).encode("cp1252"),
        [w + " €" for w in STADT],
        1,
    ),
    "trailing separator in the rows": (write(tail=","), WORDS, 0),
    "several trailing separators": (write(tail=",,,"), WORDS, 0),
    "trailing separator everywhere": (
        write(tail=";", separator=";", header=[*HEADER, ""]),
        WORDS,
        0,
    ),
    "trailing separator in the header": (write(header=[*HEADER, ""]), WORDS, 1),
    "comments before": ("# by a program\n# y, amount: see manual\n" + write(), WORDS, 1),
    "title and blank line": ("Report of 2024\n\n" + write(";"), WORDS, 1),
    "comments among the rows": (
        write().replace("word 1,1.5,no\n", "# of May\nword 1,1.5,no\n") + "# the end\n",
        WORDS,
        1,
    ),
    "gzip": (gzip.compress(write(";").encode()), WORDS, 0),
    "gzip in two members": (
        gzip.compress(write()[:100].encode()) + gzip.compress(write()[100:].encode()),
        WORDS,
        0,
    ),
    "bzip2": (bz2.compress(write("|").encode()), WORDS, 0),
    "xz": (lzma.compress(write("\t").encode()), WORDS, 0),
    "zstandard": (zstandard(write(";").encode()), WORDS, 0),
    "zip": (zipped(write(";")), WORDS, 0),
    "zip of macOS": (zipped(write(), "__MACOSX/._t.csv", "empty/"), WORDS, 0),
    "gzip of utf-16": (gzip.compress(write("\t").encode("utf-16")), WORDS, 0),
    "decimal comma": (write(";", numbers=german), WORDS, 0),
    "decimal comma between commas": (write(numbers=german), WORDS, 0),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_same_table_comes_out_of_each_layout(tmp_path, name):
    content, words, n_notes = LAYOUTS[name]
    path = tmp_path / "t.dat"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    table = read_table(path, "y")
    assert list(table.X) == HEADER[:2]
    assert table.X["word"].dtype == "category"
    assert table.X["word"].tolist() == words
    assert table.X["amount"].dtype == np.float64
    np.testing.assert_array_equal(table.X["amount"], NUMBERS)
    np.testing.assert_array_equal(table.y, np.array(LABELS) == "yes")
    assert table.classes == ("no", "yes")
    assert len(table.notes) == n_notes, table.notes


def test_a_header_of_long_names(tmp_path):
    names = [f"{i}{'x' * 4000}" for i in range(300)]
    rows = [",".join(f"{i * j * 0.5}" for i in range(1, 301)) + f",{j % 2}\n" for j in range(1, 5)]
    text = ",".join([*names, "y"]) + "\n" + "".join(rows)
    (tmp_path / "t.csv").write_text(text.replace(",", "|"))
    assert list(read_table(tmp_path / "t.csv", "y").X) == names


@pytest.mark.parametrize(
    ("file", "name"),
    [("my.table.csv", "my"), (".hidden.csv.gz", "hidden"), (".csv", "csv"), ("..", "table")],
)
def test_the_name_of_a_table(file, name):
    assert name_table(file) == name
