"""Readers of the text formats: headerless tables, ARFF-like files, data with labels apart."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

__all__ = [
    "MISSING",
    "LoadedTable",
    "Read",
    "read_arff",
    "read_challenge",
    "read_delimited",
    "split_target",
]

Read = Callable[[str], io.BytesIO]

# pandas' own list holds words ("None", "NA", "nan") that are honest categories in these files.
MISSING = {"na_values": ["?", "<null>", ""], "keep_default_na": False, "skipinitialspace": True}


@dataclass(frozen=True)
class LoadedTable:
    """What a loader returns: raw columns, the target and what the archive says about rows."""

    X: pd.DataFrame
    y: np.ndarray
    groups: np.ndarray | None = None
    test_rows: np.ndarray | None = None
    costs: pd.DataFrame | None = None
    label_names: tuple[str, ...] = ()


def split_target(
    frame: pd.DataFrame, target: str, positive: str | None, drop: Sequence[str] = ()
) -> LoadedTable:
    """Split a frame into features and target.

    Parameters
    ----------
    frame : pandas.DataFrame
        Features and target together.
    target : str
        Column of the class.
    positive : str or None
        Label that becomes 1; None keeps all labels, as text.
    drop : sequence of str, default=()
        Identifiers and leaks.
    """
    labels = frame[target].astype(str).str.strip()
    y = labels.to_numpy(str) if positive is None else (labels == positive).to_numpy(np.int64)
    return LoadedTable(frame.drop(columns=[target, *drop]).reset_index(drop=True), y)


def read_arff(read: Read, members: Sequence[str], positive: str = "positive") -> LoadedTable:
    """Read an ARFF-like file: a header that ends in ``@data``, rows with the class last."""
    (member,) = members
    text = read(member).getvalue().decode("latin1")
    body = re.split(r"^@data.*\n", text, maxsplit=1, flags=re.IGNORECASE | re.MULTILINE)[1]
    frame = _read_csv(io.StringIO(body), sep=",", comment="%")
    return split_target(frame, frame.columns[-1], positive)


def read_delimited(
    read: Read,
    members: Sequence[str],
    positive: str | None = None,
    target: int = -1,
    drop: Sequence[str] = (),
) -> LoadedTable:
    """Read one headerless table that lies in one or several files, separated by commas or blanks.

    Parameters
    ----------
    read : callable
        From a member's path to its bytes.
    members : sequence of str
        The files, stacked in this order.
    positive : str or None, default=None
        Label that becomes 1; None keeps all labels.
    target : int, default=-1
        Position of the class.
    drop : sequence of str, default=()
        Columns to leave out.
    """
    contents = [read(member) for member in members]
    frame = pd.concat([_read_csv(content, _separator(content)) for content in contents])
    return split_target(frame, frame.columns[target], positive, drop)


def read_challenge(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read a challenge set: a dense numeric file, and a file of labels that are 1 or -1."""
    data, labels = members
    X = _read_csv(read(data), sep=r"\s+", dtype=np.float32)
    y = (np.loadtxt(read(labels)) > 0).astype(np.int64)
    return LoadedTable(X, y)


def _read_csv(file: Any, sep: str, **options: Any) -> pd.DataFrame:
    """Read a headerless table; the columns are called x0, x1, ... by their place in the file."""
    frame = pd.read_csv(file, header=None, sep=sep, low_memory=False, **MISSING, **options)
    frame.columns = [f"x{place}" for place in frame.columns]
    return frame


def _separator(file: io.BytesIO) -> str:
    """Return what separates the fields of the first line, a comma or blanks."""
    return "," if b"," in file.getvalue().partition(b"\n")[0] else r"\s+"
