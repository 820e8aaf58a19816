"""Multiclass tables put together again from KEEL's binary pieces, as multisets of rows.

KEEL cuts one parent table into many "these classes against those" files. Sums and differences of
the pieces, each row counted as often as it occurs, give back whole classes of the parent. The
numbers of rows that come out are the parent's own, which the registry records.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from skfocal.benchmark.datasets._formats import LoadedTable, Read, read_arff, split_target

__all__ = [
    "rebuild_car",
    "rebuild_kr_vs_k",
    "rebuild_page_blocks",
    "rebuild_winequality_red",
    "rebuild_yeast",
]


def rebuild_yeast(read: Read, members: Sequence[str]) -> LoadedTable:
    """Rebuild yeast without ERL, a class of five rows."""
    (nuc, rest), (me3, _), (me2, _), (me1, _), (exc, _), (_, cyt), (vac, mixed), (pox, _) = (
        _sides(read, member) for member in members
    )
    erl = mixed - nuc - cyt - pox
    mit = rest - me3 - me2 - me1 - exc - cyt - vac - pox - erl
    classes = {"CYT": cyt, "NUC": nuc, "MIT": mit, "ME3": me3, "ME2": me2}
    return _stack(classes | {"ME1": me1, "EXC": exc, "VAC": vac, "POX": pox})


def rebuild_winequality_red(read: Read, members: Sequence[str]) -> LoadedTable:
    """Rebuild the six grades of red wine."""
    (four, _), (three, five), (eight, six), (_, six_seven) = (
        _sides(read, member) for member in members
    )
    low = {"3": three, "4": four, "5": five}
    return _stack(low | {"6": six, "7": six_seven - six, "8": eight})


def rebuild_page_blocks(read: Read, members: Sequence[str]) -> LoadedTable:
    """Rebuild page blocks; horizontal lines and pictures are never told apart by the pieces."""
    (graphic, line_or_picture), (other, text) = (_sides(read, member) for member in members)
    vertical = other - graphic - line_or_picture
    lines = {"line-or-picture": line_or_picture, "vertical": vertical}
    return _stack({"text": text, "graphic": graphic} | lines)


def rebuild_kr_vs_k(read: Read, members: Sequence[str]) -> LoadedTable:
    """Unite seven depths of the king-and-rook endgame; a side found in two files counts once."""
    (one, fifteen), (three, eleven), (_, draw), (zero, eight) = (
        _sides(read, member) for member in members
    )
    shallow = {"zero": zero, "one": one, "three": three}
    return _stack(shallow | {"eight": eight, "eleven": eleven, "fifteen": fifteen, "draw": draw})


def rebuild_car(read: Read, members: Sequence[str]) -> LoadedTable:
    """Rebuild car evaluation; the classes unacc and acc stay one."""
    (good, others), (vgood, _) = (_sides(read, member) for member in members)
    return _stack({"unacc-or-acc": others - vgood, "good": good, "vgood": vgood})


def _sides(read: Read, member: str) -> tuple[Counter, Counter]:
    """Return the positive and the negative rows of one file as multisets."""
    piece = read_arff(read, [member])
    rows = piece.X.itertuples(index=False, name=None)
    sides: tuple[Counter, Counter] = (Counter(), Counter())
    for row, positive in zip(rows, piece.y, strict=True):
        sides[1 - positive][row] += 1
    return sides


def _stack(classes: Mapping[str, Counter]) -> LoadedTable:
    """Lay the classes one below the other."""
    rows = [(*row, label) for label, content in classes.items() for row in content.elements()]
    frame = pd.DataFrame(rows)
    frame.columns = [f"x{place}" for place in frame.columns]
    return split_target(frame, frame.columns[-1], None)
