"""How each data set is read: a line per set where formats are shared, a function otherwise."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from skfocal.benchmark.datasets._formats import (
    MISSING,
    LoadedTable,
    Read,
    read_arff,
    read_challenge,
    read_delimited,
    split_target,
)
from skfocal.benchmark.datasets._rebuilt import (
    rebuild_car,
    rebuild_kr_vs_k,
    rebuild_page_blocks,
    rebuild_winequality_red,
    rebuild_yeast,
)

__all__ = ["Loader", "get_loader"]

Loader = Callable[[Read, Sequence[str]], LoadedTable]

_COSTS = ["C_FP", "C_FN", "C_TP", "C_TN"]


def get_loader(name: str) -> Loader:
    """Return the function that reads a data set; most of them are KEEL's text files."""
    return _LOADERS.get(name, read_arff)


def load_churn(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read TV churn; its costs per row are kept aside, as features they would give y away."""
    frame = pd.read_csv(read(members[0]), compression="gzip")
    costs = frame[_COSTS]
    churn = split_target(frame, "target", "1.0", drop=["id", *_COSTS])
    return LoadedTable(churn.X, churn.y, costs=costs)


def load_bank(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read bank marketing, in order of date, without the length of the call that it predicts."""
    frame = pd.read_csv(read(members[0]), compression="gzip", sep=";", na_values=["unknown"])
    frame["pdays"] = frame["pdays"].where(frame["pdays"] >= 0)
    return split_target(frame, "y", "yes", drop=["duration"])


def load_credit_default(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read PAKDD 2009 credit without its shifted rows and constant columns."""
    frame = pd.read_csv(
        read(members[0]), compression="gzip", sep="\t", encoding="latin1", low_memory=False
    )
    target = "TARGET_LABEL_BAD=1"
    # A tab too many shifts a dozen rows, which then hold fragments of names in the wrong columns.
    frame = frame[frame[target].isin(["0", "1"])].astype({"PERSONAL_NET_INCOME": float})
    constant = [name for name in frame if frame[name].nunique() < 2]
    return split_target(frame, target, "1", drop=constant)


def load_credit_score(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read Give Me Some Credit, its codes 96 and 98 for late payments left as they are."""
    frame = pd.read_csv(read(members[0]), compression="gzip")
    return split_target(frame, "SeriousDlqin2yrs", "1", drop=["id"])


def load_protein(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read KDD Cup 2004 protein homology; its columns EXAMPLE_ID and BLOCK_ID are swapped."""
    frame = pd.read_parquet(read(members[0]))
    protein = split_target(frame, "target", "1", drop=["EXAMPLE_ID", "BLOCK_ID"])
    return LoadedTable(protein.X, protein.y, groups=frame["EXAMPLE_ID"].to_numpy())


def load_adult(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read Adult without its survey weight."""
    frame = pd.read_parquet(read(members[0])).replace("?", np.nan)
    return split_target(frame, "income", ">50K", drop=["fnlwgt"])


def load_census(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read Census-Income, training file first; column 24 is the survey weight."""
    # Industry, occupation, self-employment, veteran and year are numbers that are names.
    codes = {place: str for place in (2, 3, 36, 38, 40)}
    parts = [
        pd.read_csv(read(member), header=None, dtype=codes, low_memory=False, **MISSING)
        for member in members
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame.columns = [f"x{place}" for place in frame.columns]
    census = split_target(frame, "x41", "50000+.", drop=["x24"])
    return LoadedTable(census.X, census.y, test_rows=_second_part(parts))


def load_ecoli(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read all ecoli classes but the three of 5, 2 and 2 rows."""
    frame = pd.read_parquet(read(members[0]))
    frame = frame[frame.groupby("class")["class"].transform("size") >= 10]
    return split_target(frame, "class", None, drop=["SequenceName"])


def load_birds(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read the birds heard in a recording, training part first; text is stored as bytes."""
    parts = [pd.read_parquet(read(member)) for member in members]
    frame = pd.concat(parts, ignore_index=True)
    X, labels = frame.iloc[:, :-19].copy(), frame.iloc[:, -19:]
    for name in ("hasSegments", "location"):
        X[name] = X[name].str.decode("ascii")
    return LoadedTable(
        X,
        (labels == b"1").to_numpy(np.int64),
        test_rows=_second_part(parts),
        label_names=tuple(name.replace("\\", "") for name in labels),
    )


def load_yeast_genes(read: Read, members: Sequence[str], label: str | None = None) -> LoadedTable:
    """Read the 14 functional classes of yeast genes, or one of them as a binary target."""
    frame = pd.read_csv(read(members[0]), compression="gzip")
    X, labels = frame.iloc[:, :-14], frame.iloc[:, -14:]
    if label is not None:
        return LoadedTable(X, labels[label].to_numpy(np.int64))
    return LoadedTable(X, labels.to_numpy(np.int64), label_names=tuple(labels))


def load_solar_flare(read: Read, members: Sequence[str]) -> LoadedTable:
    """Read solar flares; a label says that a region had any flare of that class."""
    frame = pd.read_csv(read(members[0]), compression="zip")
    X, counts = frame.iloc[:, :-3], frame.iloc[:, -3:]
    return LoadedTable(X, (counts > 0).to_numpy(np.int64), label_names=tuple(counts))


def _second_part(parts: Sequence[pd.DataFrame]) -> np.ndarray:
    """Return the mask of the rows that come from the second of two stacked parts."""
    training, test = map(len, parts)
    return np.arange(training + test) >= training


_LOADERS: dict[str, Loader] = {
    # Here the files call the majority positive.
    "ecoli-0_vs_1": partial(read_arff, positive="negative"),
    "cm1": partial(read_arff, positive="True"),
    "kc1": partial(read_arff, positive="True"),
    "pc1": partial(read_arff, positive="True"),
    "ada": read_challenge,
    "hiva": read_challenge,
    "sylva": read_challenge,
    "german": partial(read_delimited, positive="2"),
    "glass": partial(read_delimited, positive="3", drop=["x0"]),
    "hepatitis": partial(read_delimited, positive="1", target=0),
    "hypothyroid": partial(read_delimited, positive="hypothyroid", target=0),
    "satimage": partial(read_delimited, positive="4"),
    "spect_f": partial(read_delimited, positive="0", target=0),
    "vehicle": partial(read_delimited, positive="van"),
    "contraceptive": partial(read_delimited, positive="2"),
    "marketing": partial(read_delimited, positive="9"),
    "optdigits": partial(read_delimited, positive="8"),
    "penbased": partial(read_delimited, positive="5"),
    "letter": partial(read_delimited, positive="Z"),
    "churn_tv_subscriptions": load_churn,
    "bankmarketing": load_bank,
    "creditscoring1": load_credit_score,
    "creditscoring2": load_credit_default,
    "protein_homo": load_protein,
    "census_income": load_census,
    "adult": load_adult,
    "yeast-class9": partial(load_yeast_genes, label="Class9"),
    "yeast-9": rebuild_yeast,
    "winequality-red-6": rebuild_winequality_red,
    "page-blocks-4": rebuild_page_blocks,
    "kr-vs-k-7": rebuild_kr_vs_k,
    "glass-6": partial(read_delimited, drop=["x0"]),
    "ecoli-5": load_ecoli,
    "car-3": rebuild_car,
    "satimage-6": read_delimited,
    "contraceptive-3": read_delimited,
    "marketing-9": read_delimited,
    "yeast-genes": load_yeast_genes,
    "birds": load_birds,
    "solar-flare": load_solar_flare,
}
