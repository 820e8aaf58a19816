"""Readers and loaders on small tables written here: formats, orientation, leaks, rebuilding."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark.datasets import list_datasets
from skfocal.benchmark.datasets._formats import read_arff, read_challenge, read_delimited
from skfocal.benchmark.datasets._loaders import get_loader


def reader(**contents):
    """Return a `read` function over members given as text or bytes."""
    members = {
        name: text.encode("latin1") if isinstance(text, str) else text
        for name, text in contents.items()
    }
    return lambda name: io.BytesIO(members[name])


def gzipped(text):
    return gzip.compress(text.encode("latin1"))


def parquet(**columns):
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


ARFF = """% a comment, with the word @data in it
@RELATION demo
@attribute sex {M, F}
@attribute class {positive, negative}
@DATA
% another comment
M, 0.5, <null>, positive
F, ?, 3, negative

None, 1e2, -1, negative
"""


def test_arff_starts_after_data_and_knows_missing_marks():
    table = read_arff(reader(m=ARFF), ["m"])
    assert list(table.X) == ["x0", "x1", "x2"]
    assert list(table.X["x0"]) == ["M", "F", "None"]  # "None" is a name here, not a gap
    np.testing.assert_array_equal(table.X["x1"], [0.5, np.nan, 100])
    np.testing.assert_array_equal(table.X["x2"], [np.nan, 3, -1])
    np.testing.assert_array_equal(table.y, [1, 0, 0])


def test_arff_orientation_follows_the_positive_label():
    np.testing.assert_array_equal(read_arff(reader(m=ARFF), ["m"], "negative").y, [0, 1, 1])
    swapped = get_loader("ecoli-0_vs_1")(reader(m=ARFF), ["m"])
    np.testing.assert_array_equal(swapped.y, [0, 1, 1])


def test_defect_tables_are_read_by_their_truth():
    table = get_loader("pc1")(reader(m="@data\n1,2,false\n3,4,true\n"), ["m"])
    np.testing.assert_array_equal(table.y, [0, 1])


def test_table_stacks_members_split_by_blanks_or_commas():
    blanks = read_delimited(reader(a="A1 6 van \nA2 7 bus \n", b="A3 8 van \n"), ["a", "b"], "van")
    commas = read_delimited(reader(a="A1,6,van\r\nA2,7,bus", b="A3,8,van\n"), ["a", "b"], "van")
    for table in (blanks, commas):
        assert list(table.X["x0"]) == ["A1", "A2", "A3"]
        np.testing.assert_array_equal(table.X["x1"], [6, 7, 8])
        np.testing.assert_array_equal(table.y, [1, 0, 1])
        np.testing.assert_array_equal(table.X.index, [0, 1, 2])


def test_table_takes_the_class_from_the_front_and_drops_ids():
    table = read_delimited(reader(a="0,10,5\n1,11,6\n"), ["a"], "0", target=0, drop=["x1"])
    assert list(table.X) == ["x2"]
    np.testing.assert_array_equal(table.y, [1, 0])


def test_table_without_positive_keeps_labels_as_text():
    table = read_delimited(reader(a="5,3\n6,1\n"), ["a"])
    assert table.y.tolist() == ["3", "1"]


def test_challenge_joins_data_and_labels():
    table = read_challenge(reader(x="0 4 1 \n2 0 3 \n", y="-1\n1\n"), ["x", "y"])
    np.testing.assert_array_equal(table.X.to_numpy(), [[0, 4, 1], [2, 0, 3]])
    np.testing.assert_array_equal(table.y, [0, 1])


def test_churn_keeps_costs_out_of_the_features():
    text = "id,x1,C_FP,C_FN,C_TP,C_TN,target\n7,0.5,1,2,3,4,1.0\n8,0.6,5,6,7,8,0.0\n"
    table = get_loader("churn_tv_subscriptions")(reader(m=gzipped(text)), ["m"])
    assert list(table.X) == ["x1"]
    np.testing.assert_array_equal(table.costs, [[1, 2, 3, 4], [5, 6, 7, 8]])
    np.testing.assert_array_equal(table.y, [1, 0])


def test_bank_drops_the_leak_and_reads_its_missing_marks():
    text = 'job;duration;pdays;y\n"unknown";9;-1;"no"\n"admin.";8;30;"yes"\n'
    table = get_loader("bankmarketing")(reader(m=gzipped(text)), ["m"])
    assert list(table.X) == ["job", "pdays"]
    assert table.X["job"].isna().tolist() == [True, False]
    np.testing.assert_array_equal(table.X["pdays"], [np.nan, 30])
    np.testing.assert_array_equal(table.y, [0, 1])


def test_credit_default_drops_shifted_rows_and_constants():
    text = (
        "SEX\tFLAG\tPERSONAL_NET_INCOME\tTARGET_LABEL_BAD=1\t\n"
        "F\tN\t300\t1\t\n"
        "M\tY\tA NAME\tN\t0\n"
        "M\tN\t450.5\t0\t\n"
    )
    table = get_loader("creditscoring2")(reader(m=gzipped(text)), ["m"])
    assert list(table.X) == ["SEX", "PERSONAL_NET_INCOME"]
    np.testing.assert_array_equal(table.X["PERSONAL_NET_INCOME"], [300, 450.5])
    np.testing.assert_array_equal(table.y, [1, 0])
    np.testing.assert_array_equal(table.X.index, [0, 1])


def test_credit_score_drops_the_id_and_reads_na():
    text = "id,SeriousDlqin2yrs,MonthlyIncome\n1,1,NA\n2,0,10\n"
    table = get_loader("creditscoring1")(reader(m=gzipped(text)), ["m"])
    assert list(table.X) == ["MonthlyIncome"]
    np.testing.assert_array_equal(table.X["MonthlyIncome"], [np.nan, 10])


def test_protein_groups_are_the_column_called_example():
    content = parquet(EXAMPLE_ID=[9, 9, 4], BLOCK_ID=[1, 2, 3], target=[0, 1, 0], a=[0.0, 1, 2])
    table = get_loader("protein_homo")(reader(m=content), ["m"])
    assert list(table.X) == ["a"]
    np.testing.assert_array_equal(table.groups, [9, 9, 4])
    np.testing.assert_array_equal(table.y, [0, 1, 0])


def test_adult_drops_the_survey_weight():
    content = parquet(work=["?", "State"], fnlwgt=[5, 6], income=["<=50K", ">50K"])
    table = get_loader("adult")(reader(m=content), ["m"])
    assert list(table.X) == ["work"] and table.X["work"].isna().tolist() == [True, False]
    np.testing.assert_array_equal(table.y, [0, 1])


def test_census_marks_the_official_test_rows():
    row = [str(place) for place in range(41)]
    row[11], row[25] = "NA", "?"
    train = ", ".join([*row, "- 50000."]) + "\n"
    test = ", ".join([*row, "50000+."]) + "\n"
    table = get_loader("census_income")(reader(a=train, b=test), ["a", "b"])
    assert table.X.shape == (2, 40) and "x24" not in table.X
    assert list(table.X["x11"]) == ["NA", "NA"]  # an answer of the survey
    assert list(table.X["x2"]) == ["2", "2"]  # a code: text, so that it counts as categorical
    assert table.X["x25"].isna().all()
    np.testing.assert_array_equal(table.y, [0, 1])
    np.testing.assert_array_equal(table.test_rows, [False, True])


def test_ecoli_drops_names_and_classes_of_few_rows():
    labels = ["cp"] * 10 + ["im"] * 11 + ["omL"] * 5
    content = parquet(SequenceName=["s"] * 26, mcg=np.arange(26.0), **{"class": labels})
    table = get_loader("ecoli-5")(reader(m=content), ["m"])
    assert list(table.X) == ["mcg"]
    assert table.y.tolist() == labels[:21]


def test_birds_are_decoded():
    columns = {"audio": [0.5, 0.7], "hasSegments": [b"1", b"0"], "location": [b"4", b"11"]}
    labels = {f"Bird\\'{place}": [b"0", b"1"] for place in range(19)}
    content = parquet(**columns, **labels)
    table = get_loader("birds")(reader(a=content, b=content), ["a", "b"])
    assert list(table.X["location"]) == ["4", "11"] * 2
    np.testing.assert_array_equal(table.y, np.tile([[0], [1]], (2, 19)))
    assert table.label_names[0] == "Bird'0" and len(table.label_names) == 19
    np.testing.assert_array_equal(table.test_rows, [False, False, True, True])


def test_yeast_genes_serve_all_labels_or_one():
    names = [f"Class{place}" for place in range(1, 15)]
    header = ",".join(["Att1", *names])
    text = f"{header}\n0.5,{','.join('10' * 7)}\n0.7,{','.join('01' * 7)}\n"
    every = get_loader("yeast-genes")(reader(m=gzipped(text)), ["m"])
    assert every.label_names == tuple(names) and list(every.X) == ["Att1"]
    np.testing.assert_array_equal(every.y, [[1, 0] * 7, [0, 1] * 7])
    nine = get_loader("yeast-class9")(reader(m=gzipped(text)), ["m"])
    np.testing.assert_array_equal(nine.y, [1, 0])


def keel_file(positive, negative):
    """Write rows as a KEEL file, negatives and positives mixed up."""
    lines = [f"{a}, {b}, positive" for a, b in positive]
    lines += [f"{a}, {b}, negative" for a, b in negative]
    return "@data\n" + "\n".join(np.random.default_rng(1).permutation(lines)) + "\n"


@pytest.fixture
def parent():
    """Classes of a parent table with rows repeated within and across classes."""
    rng = np.random.default_rng(0)
    names = ["CYT", "NUC", "MIT", "ME3", "ME2", "ME1", "EXC", "VAC", "POX", "ERL"]
    return {name: rng.integers(0, 4, size=(12, 2)).tolist() for name in names}


def as_multiset(table):
    rows = zip(*(table.X[column] for column in table.X), table.y, strict=True)
    return sorted((int(a), int(b), str(label)) for a, b, label in rows)


def test_yeast_is_rebuilt_from_its_pieces(parent):
    def against(name, others=tuple(parent)):
        rest = [row for other in others if other != name for row in parent[other]]
        return keel_file(parent[name], rest)

    pieces = {
        "yeast1": against("NUC"),
        "yeast3": against("ME3"),
        "yeast4": against("ME2"),
        "yeast5": against("ME1"),
        "yeast6": against("EXC"),
        "2_vs_4": keel_file(parent["ME2"], parent["CYT"]),
        "1-2-8-9_vs_7": against("VAC", ("NUC", "CYT", "POX", "ERL")),
        "2_vs_8": keel_file(parent["POX"], parent["CYT"]),
    }
    table = get_loader("yeast-9")(reader(**pieces), list(pieces))
    expected = [(*row, name) for name in parent if name != "ERL" for row in parent[name]]
    assert as_multiset(table) == sorted(expected)


def test_other_parents_are_rebuilt_from_their_pieces(parent):
    one, two, three, four, five, six, seven = list(parent.values())[:7]
    cases = {
        "winequality-red-6": (
            [(four, one), (three, five), ([[9, 8]], six), ([[9, 8]], six + seven)],
            {"3": three, "4": four, "5": five, "6": six, "7": seven, "8": [[9, 8]]},
        ),
        "page-blocks-4": (
            [(one, two), (one + two + three, four)],
            {"graphic": one, "line-or-picture": two, "vertical": three, "text": four},
        ),
        "car-3": (
            [(one, two + three), (two, one + three)],
            {"good": one, "vgood": two, "unacc-or-acc": three},
        ),
        "kr-vs-k-7": (
            [(one, two), (three, four), (one + five, six), (five, seven)],
            {
                **{"one": one, "fifteen": two, "three": three, "eleven": four},
                **{"zero": five, "draw": six, "eight": seven},
            },
        ),
    }
    for name, (pieces, classes) in cases.items():
        members = {f"m{place}": keel_file(*piece) for place, piece in enumerate(pieces)}
        table = get_loader(name)(reader(**members), list(members))
        expected = [(*row, label) for label, rows in classes.items() for row in rows]
        assert as_multiset(table) == sorted(expected), name


def test_most_of_kovacs_needs_no_loader_of_its_own():
    plain = [name for name in list_datasets("kovacs") if get_loader(name) is read_arff]
    assert len(plain) == 113 - 14  # 13 tables of other makers or formats, and ecoli-0_vs_1
