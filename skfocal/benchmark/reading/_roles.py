"""What the columns of a table are for: targets, groups, time, names, and what is left out."""

from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from skfocal.benchmark.reading._columns import decide_columns, read_names
from skfocal.benchmark.reading._layout import looks_like_data
from skfocal.benchmark.reading._words import BLANKS, join, quote

__all__ = ["Roles", "ask_for_header", "read_groups", "read_time"]


@dataclass(frozen=True)
class Roles:
    """Which column is for what, as names of the table.

    Attributes
    ----------
    targets : tuple of str
        One, or several labels.
    groups, time : str or None
        Columns that decide the folds.
    drop, categorical : tuple of str
        Columns to leave out, and columns of names whatever they look like.
    """

    targets: tuple[str, ...]
    groups: str | None = None
    time: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()

    def find(self, raw) -> dict[str, int]:
        """Return the position of every column that has a role; refuse doubled and absent names."""
        if not raw.columns or not len(raw.columns[0]):
            raise ValueError("The table holds no rows of data.")
        names = [name.strip(BLANKS) for name in raw.names]
        for wanted in self._list():
            _check_name(names, wanted)
        doubled = [name for name, count in Counter(names).items() if count > 1]
        if doubled:
            raise ValueError(
                f"The table has two columns of the same name, {join(doubled)}; rename one of them."
            )
        self._check_conflicts()
        raw.names = names
        return {wanted: names.index(wanted) for wanted in self._list()}

    def is_feature(self, name) -> bool:
        """Whether a column may be learnt from."""
        return name not in (*self.targets, self.groups, self.time, *self.drop)

    def _list(self):
        named = (*self.targets, self.groups, self.time, *self.drop, *self.categorical)
        return [name for name in named if name is not None]

    def _check_conflicts(self):
        uses = {
            "a target": self.targets,
            "the groups": (self.groups,),
            "the time": (self.time,),
            "dropped": self.drop,
        }
        found = [(name, use) for use, names in uses.items() for name in names if name is not None]
        for place, (name, use) in enumerate(found):
            for other, earlier in found[:place]:
                if other == name:
                    both = "a target twice" if use == earlier else f"both {earlier} and {use}"
                    raise ValueError(f"The column {name!r} cannot be {both}.")
        for name in self.categorical:
            if not self.is_feature(name):
                raise ValueError(
                    f"The column {name!r} is no feature, so it cannot be a categorical one."
                )


def _check_name(names, wanted):
    alike = [name for name in names if name.casefold() == wanted.casefold()]
    if len(alike) > 1 and wanted in alike:
        raise ValueError(f"The table has several columns {wanted!r}; rename all but one.")
    if wanted in names:
        return
    near = alike or get_close_matches(wanted, names, n=3)
    if not near and looks_like_data(names):
        raise ValueError(ask_for_header(names))
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {join(names)}."
    raise ValueError(f"The table has no column {wanted!r}: {hint}")


def ask_for_header(names) -> str:
    """Say that the first row looks like data."""
    return (
        f"The first row ({join(names, 5)}) looks like data and not like a header; add a line of "
        f"names to the file, or give the target's position, 0 to {len(names) - 1}."
    )


def read_groups(name, column) -> np.ndarray:
    """Return the number of the group of each row.

    Raises
    ------
    ValueError
        If some are missing, or all rows are of one group.
    """
    names = read_names(name, column)
    codes = names.codes.astype(np.int64)
    if (codes < 0).any():
        raise ValueError(
            f"The groups {name!r} are missing in {int((codes < 0).sum()):,} of {len(codes):,} "
            "rows; drop or complete them."
        )
    if len(names.categories) < 2:
        raise ValueError(f"All rows are of one group, {quote(names[0])} in {name!r}.")
    return codes


def read_time(name, column, separator) -> tuple[np.ndarray, list[str]]:
    """Return when each row was, as a number, and what was doubtful.

    Raises
    ------
    ValueError
        If the column holds neither dates nor numbers, or some are missing.
    """
    (found,) = decide_columns([name], [column], separator)
    if found.kind not in ("date", "number"):
        raise ValueError(
            f"The time {name!r} must hold dates or numbers; it holds "
            f"{'names' if found.kind == 'name' else 'neither'}."
        )
    values = np.asarray(found.values, dtype=np.float64)
    missing = int((~np.isfinite(values)).sum())
    if missing:
        raise ValueError(
            f"The time {name!r} is missing or not a date in {missing:,} of {len(values):,} rows; "
            "drop or complete them."
        )
    return values, found.notes
