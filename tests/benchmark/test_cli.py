"""The command line: what it prints where, its exit status, and that it starts light."""

import gzip
import html
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import skfocal
from skfocal.benchmark import cli, list_datasets, list_methods, list_suites, load_results
from skfocal.benchmark.cli._commands import app
from skfocal.benchmark.cli._folders import default_folder

TINY = ["benchmark", "run", "--suite", "tiny", "--datasets", "wine", "--jobs", "1"]


def call(*arguments):
    """Run the command in this process and make sure that no traceback is hidden in the result."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "store"
    return folder, call(*TINY, "--methods", "dummy,logistic", "--out", folder)


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=60), "sick": [1] * 12 + [0] * 48})
    frame["x"] += 2 * frame["sick"]
    frame.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def test_version():
    result = call("--version")
    assert (result.exit_code, result.stdout) == (0, f"skfocal {skfocal.__version__}\n")


def test_list_names_everything():
    result = call("benchmark", "list")
    words = set(result.stdout.replace(",", " ").split())
    assert result.exit_code == 0
    assert {*list_suites(), *list_datasets(), *list_methods()} <= words


def test_run_ranks_the_methods_and_says_how_long_it_took(finished):
    folder, result = finished
    assert result.exit_code == 0
    means = load_results(folder).groupby("method")["average_precision"].mean()
    lines = {line.split("  ")[0]: line.split() for line in result.stdout.splitlines()}
    assert f"{means['logistic']:.3f}" in lines["Logistic regression"]
    assert f"{means['dummy']:.3f}" in lines["Class frequencies"]
    assert "6 cells in " in result.stdout
    assert "6/6" in result.stderr


def test_run_continues(finished):
    folder, _ = finished
    stamp = (folder / "cells" / "wine" / "dummy" / "r0f0.json").stat().st_mtime_ns
    result = call(*TINY, "--methods", "dummy", "--out", folder, "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{folder}\n"
    assert (folder / "cells" / "wine" / "dummy" / "r0f0.json").stat().st_mtime_ns == stamp


def test_report_prints_its_path(finished):
    folder, _ = finished
    result = call("benchmark", "report", folder)
    assert (result.exit_code, result.stdout) == (0, f"{folder / 'report.html'}\n")
    assert (folder / "results.csv").exists()


@pytest.mark.slow
def test_compare_answers(table, tmp_path):
    result = call(
        *("compare", table, "--target", "sick", "--methods", "dummy,logistic", "--jobs", 1),
        *("--max-rows", 50, "--out", tmp_path / "out", "--seed", 1),
    )
    assert result.exit_code == 0
    assert "Note: A stratified sample of 50 of the 60 rows was used (seed 1)." in result.stdout
    assert "Ship Logistic regression: " in result.stdout
    assert result.stdout.endswith(f"Report: {tmp_path / 'out' / 'report.html'}\n")
    assert "20/20" in result.stderr


MESSY = {
    "semicolons.csv": (
        "sep=;\r\nname;paid;since;k;y\r\n",
        "m{i};1.{i:03},50 €;{d:02}/03/2024;1;{t}\r\n",
        ["Note: Dropped because constant: 'k'.", "Note: Dropped because different in every row"],
    ),
    "report.txt": (
        "Report of May\n\nid,since,amount,y\n",
        "{i},{m:02}/{m:02}/2024,{a},{t},\n",
        [
            "Note: 1 line before the header was left out: 'Report of May'",
            "Note: 3 cells of 'amount' are no numbers",
            "'id'",
        ],
    ),
    "tabs.csv.gz": (
        "when\tanswer\ty\n",
        "0{m}-0{n}-2024\t{t}\t{t}\n",
        ["in 'when' are ambiguous", "Note: 'answer' predicts the target without an error"],
    ),
    "stadt.csv": (
        "stadt|betrag|y\n",
        "K\xf6ln {m}|{i},125|{n}\n",
        ["is not valid UTF-8", "in 'betrag' are ambiguous"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MESSY)
def test_compare_prints_what_it_read_dropped_and_doubted(name, tmp_path):
    head, row, notes = MESSY[name]
    rows = [
        row.format(
            **{"i": i, "d": i % 28 + 1, "m": i % 7 + 1, "n": i % 2 + 1, "t": "yn"[i % 4 > 0]},
            a="soon" if i % 20 == 3 else i * 0.25,
        )
        for i in range(100, 160)
    ]
    content = (head + "".join(rows)).encode("latin-1" if name == "stadt.csv" else "utf-8")
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    result = call(
        *("compare", tmp_path / name, "--target", "y", "--methods", "dummy", "--jobs", 1),
        *("--out", tmp_path / "out"),
    )
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"Read '{name.partition('.')[0]}': 60 rows, ")
    for note in notes:
        assert note in result.stdout
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    written = html.unescape(report)
    assert all(line[6:] in written for line in lines if line.startswith("Note: "))


@pytest.mark.slow
def test_compare_on_a_hidden_file(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table.rename(tmp_path / ".hidden.csv")
    result = call("compare", ".hidden.csv", "--target", "sick", "--methods", "dummy", "--quiet")
    assert result.exit_code == 0
    assert "Report: benchmark-results/hidden-sick/report.html" in result.stdout


@pytest.mark.slow
def test_compare_quietly(table, tmp_path):
    options = ["--methods", "dummy", "--jobs", 1, "--out", tmp_path / "out", "--quiet"]
    result = call("compare", table, "--target", "sick", "--positive", "0", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Class frequencies has ")
    assert "Note" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["compare", "none.csv", "--target", "y"], "There is no file 'none.csv'."),
        (["compare", "TABLE", "--target", "sik"], "no column 'sik': did you mean 'sick'?"),
        (["compare", "TABLE", "--target", "x"], "60 classes"),
        (["compare", "TABLE", "--target", "sick", "--positive", "2"], "no label '2'"),
        (["compare", "TABLE", "--target", "sick", "--methods", "magic"], "Unknown method 'magic'"),
        (["compare", "ONE", "--target", "y"], "only one class, 1"),
        (["compare", "TABLE"], "Give either --target COLUMN or --targets"),
        (["compare", "TABLE", "--targets", "sick,sick"], "'sick' cannot be a target twice"),
        (["compare", "TABLE", "--target", "sick", "--groups", "y"], "no column 'y'"),
        (["compare", "TABLE", "--target", "sick", "--time", "sick"], "both a target and the time"),
        (["compare", "TABLE", "--target", "sick", "--drop", "x"], "no usable column"),
        (["compare", "TABLE", "--target", "sick", "--preset", "slow"], "preset must be one of"),
        (["compare", "TABLE", "--target", "sick", "--costs", "fn=1"], "costs must name 'fn' and"),
        (["compare", "TABLE", "--target", "sick", "--costs", "fn:1"], "--costs takes names and"),
        (["compare", "TABLE", "--target", "sick", "--save-model", "m.pkl"], "ends in .skops"),
        (["compare", "TABLE", "--target", "sick", "--method", "focal"], "--save-model FILE.skops"),
        (["compare", "TABLE", "--target", "sick", "--at-least", "auc=1"], "must name one of"),
        (["compare", "EMPTY", "--target", "y"], "the file is empty"),
        (["compare", "SURPLUS", "--target", "y"], "row 2 has 3 fields and the header 2"),
        (["compare", "DOUBLED", "--target", "y"], "several columns 'y'"),
        (["compare", "LABELS", "--target", "y"], "'y' is missing in 1 of 3 rows ('NA')"),
        (["benchmark", "run", "--suite", "huge"], "Unknown suite 'huge'"),
        (["benchmark", "run", "--datasets", "nothing"], "nothing"),
        (["benchmark", "run", "--suite", "tiny", "--methods", "magic"], "Unknown method 'magic'"),
        (["benchmark", "report", "nowhere"], "no benchmark results"),
    ],
)
def test_bad_input_gets_one_sentence_and_status_2(
    table, tmp_path, monkeypatch, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.csv").write_text("x,y\n1,1\n2,1\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "surplus.csv").write_text("x,y\n1,1\n2,1,3\n")
    (tmp_path / "doubled.csv").write_text("x,y,Y\n1,1,1\n2,0,0\n")
    (tmp_path / "labels.csv").write_text("x,y\n1,1\n2,0\n3,NA\n")
    files = {
        name.upper(): f"{name}.csv" for name in ("one", "empty", "surplus", "doubled", "labels")
    }
    files["TABLE"] = str(table)
    result = call(*(files.get(argument, argument) for argument in arguments))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.strip().count("\n") == 0
    assert result.stdout == ""


def test_comparisons_do_not_share_a_folder_unless_they_are_the_same():
    folders = [
        default_folder("data/t.csv", "a", {"preset": "standard", "drop": []}),
        default_folder("data/t.csv", "b", {}),
        default_folder("data/t.csv", ["a", "b"], {}),
        default_folder("data/t.csv", "a", {"groups": "g"}),
        default_folder("data/t.csv", "a", {"drop": ["g"]}),
        default_folder("data/t.csv", "a/b", {}),
        default_folder("data/t.csv", "a_b", {}),
    ]
    assert folders[0].as_posix() == "benchmark-results/t-a"
    assert len(set(folders)) == len(folders)
    assert all(len(folder.parts) == 2 for folder in folders)


def test_wrong_options_have_status_2():
    assert call("compare").exit_code == 2
    assert call("benchmark", "run", "--time-limit", "-1").exit_code == 2
    assert call("dance").exit_code == 2


def test_interrupt_says_how_to_continue(monkeypatch, tmp_path):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("skfocal.benchmark.runner.run", interrupt)
    result = call(*TINY, "--out", tmp_path / "store", "--quiet")
    assert result.exit_code == 130
    assert result.stderr == (
        f"Interrupted. Finished cells are kept in {tmp_path / 'store'}; "
        "the same command continues.\n"
    )


def test_failed_cells_are_told(monkeypatch, tmp_path, finished):
    failed = load_results(finished[0]).assign(status="failed", error="ValueError: [no] luck")
    monkeypatch.setattr("skfocal.benchmark.runner.run", lambda *_, **__: failed)
    result = call(*TINY, "--out", tmp_path, "--quiet")
    assert result.stderr == "wine: 6 cells failed. ValueError: [no] luck\n"


@pytest.mark.slow
def test_missing_extra_gets_an_install_hint():
    code = (
        "import sys; sys.modules['typer'] = None; sys.argv = ['skfocal', '--version']\n"
        "from skfocal.benchmark.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "The command skfocal needs typer: pip install 'skfocal[benchmark]'\n"


@pytest.mark.slow
def test_command_starts_without_what_only_some_commands_need():
    code = (
        "import sys; import skfocal.benchmark.cli._commands\n"
        "heavy = {'matplotlib', 'imblearn', 'jinja2', 'torch', 'skfocal.benchmark.runner'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "\n"


def test_console_script(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["skfocal", "--version"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"skfocal {skfocal.__version__}\n"


@pytest.mark.slow
def test_compare_saves_a_model_that_predicts(table, tmp_path, monkeypatch):
    pytest.importorskip("skops")
    monkeypatch.chdir(tmp_path)
    result = call(
        *("compare", table, "--target", "sick", "--methods", "dummy,logistic", "--jobs", 1),
        *("--preset", "fast", "--save-model", "m.skops", "--method", "logistic"),
    )
    assert result.exit_code == 0
    assert result.stdout.endswith("Model: m.skops (logistic, fitted to all rows)\n")
    assert "This will take less than half a minute." in result.stderr
    result = call("predict", "m.skops", table, "--keep", "x")
    assert result.exit_code == 0
    assert result.stdout.endswith("60 rows: table-predictions.csv\n")
    assert pd.read_csv("table-predictions.csv")["decision"].isin([0, 1]).all()
    pd.DataFrame({"y": [1]}).to_csv("other.csv")
    for arguments in (["m.skops", "other.csv"], ["other.csv", table], ["no.skops", table]):
        result = call("predict", *arguments)
        assert result.exit_code == 2 and result.stderr.count("\n") == 1
