"""The comparison on a user's own table, with an answer in plain words."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from skfocal.benchmark._user_table import read_table
from skfocal.benchmark.methods import choose_methods, describe_arms
from skfocal.benchmark.protocol import Plan
from skfocal.benchmark.report import known_arms, write_report
from skfocal.benchmark.report._findings import find_leader, list_headlines, summarise_focal
from skfocal.benchmark.runner import run
from skfocal.benchmark.store import NOTES_FILE, Store

__all__ = ["Comparison", "compare"]

# Above this a fold has enough rows for its own noise to be small, and time is what is short.
LARGE = 20_000
# Below this every figure of a test fold hangs on a handful of rows.
FEW_POSITIVES = 30


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    results : pandas.DataFrame
        One row for each method and fold, as :func:`skfocal.benchmark.run` returns them.
    answer : str
        Which method won on which metric, by how much, and whether that exceeds the noise.
    notes : tuple of str
        What was done to the table, and what to keep in mind.
    path : pathlib.Path or None
        The report, in the folder asked for.
    summary : str
        What was read: rows, positives and kinds of columns, in a sentence.
    """

    results: pd.DataFrame
    answer: str
    notes: tuple[str, ...]
    path: Path | None
    summary: str = ""


def compare(
    table,
    target,
    *,
    positive=None,
    methods=None,
    max_rows=None,
    time_limit=None,
    n_jobs=None,
    out=None,
    random_state=0,
    progress=None,
):
    """Compare focal loss with resampling and others on a table of your own.

    Up to 20,000 rows are judged on 5 folds cut twice, larger tables on 3 folds.

    Parameters
    ----------
    table : str, path-like, DataFrame or table
        A CSV file, a Parquet file, a frame of pandas or polars, or an Arrow table; columns of
        numbers, dates and names, with missing values. :func:`skfocal.benchmark.read_table` reads
        it; what it dropped and what it doubted is in the notes.
    target : str
        Column of the class; it must hold two labels and no missing values. Of a file without a
        header, its position from 0.
    positive : object, default=None
        The label that counts as positive; None takes the rarer one.
    methods : list of str or Method, default=None
        Names from :func:`skfocal.benchmark.list_methods`, or arms of your own; None takes
        ``skfocal.benchmark.methods.DEFAULT_METHODS["binary"]``, which leaves out the slow ones.
    max_rows : int >= 2, default=None
        Rows to use at most, by a stratified sample.
    time_limit : float > 0, default=None
        Seconds after which no further fit begins; the answer rests on the folds done by then.
    n_jobs : int, default=None
        Fits at once, as joblib understands it.
    out : str or path-like, default=None
        Folder for the results and the report; a comparison that was stopped continues there.
        None keeps nothing on disk.
    random_state : int >= 0, default=0
        Seed of the sample, the folds and the methods.
    progress : callable, default=None
        Called as ``progress(done, total, label)`` after every finished fit.

    Returns
    -------
    Comparison

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file cannot be read, the target is absent, incomplete or not binary, a class has
        fewer rows than there are folds, a method is unknown, or `out` holds something else.
    TypeError
        If `table` is no table.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(300, 4, weights=[0.9], random_state=0)
    >>> table = pd.DataFrame(X, columns=list("abcd")).assign(sick=y)
    >>> comparison = compare(table, "sick", methods=["dummy", "logistic"])
    >>> print(comparison.answer)  # doctest: +ELLIPSIS
    Average precision: Logistic regression wins with ...
    """
    user = read_table(
        table, target, positive=positive, max_rows=max_rows, random_state=random_state
    )
    plan = _choose_plan(user)
    notes = user.notes + _warn(user)
    about = {"title": f"Comparison on {user.dataset.name}", "facts": _describe(user, target)}
    about["notes"] = list(notes)
    if out is not None:
        _claim(Path(out), user.dataset.name, about)
    results = run(
        datasets=[user.dataset],
        methods=methods,
        n_jobs=n_jobs,
        out=out,
        plan=plan,
        random_state=random_state,
        time_limit=time_limit,
        progress=progress,
    )
    path = None if out is None else _report(Path(out), about)
    with known_arms(describe_arms(choose_methods(methods, "binary"))):
        answer = _answer(results)
    return Comparison(results, answer, notes + _count_gaps(results), path, user.summary)


def _choose_plan(user):
    """Return five folds twice for a table that lets them run in minutes, else three folds."""
    y = user.dataset.y
    plan = Plan(5, 2, 3, 4) if len(y) <= LARGE else Plan(3, 1, 3, 4)
    for label, count in ((user.positive, y.sum()), (user.negative, len(y) - y.sum())):
        if count < plan.n_splits:
            raise ValueError(
                f"The class {label!r} has {count} rows, fewer than the {plan.n_splits} folds that "
                "judge the methods; every fold needs one to test on."
            )
    return plan


def _warn(user):
    n_positive = int(user.dataset.y.sum())
    if n_positive >= FEW_POSITIVES:
        return ()
    return (f"There are only {n_positive} positives: expect wide noise.",)


def _describe(user, target):
    y = user.y
    return [
        ("Table", user.name),
        ("Target", f"{target}, positive where it is {user.positive!r}, else {user.negative!r}"),
        ("Rows", f"{len(y):,}, of them {y.sum():,} positive ({y.mean():.1%})"),
        ("Columns", user.columns),
    ]


def _claim(folder, name, about):
    """Refuse the folder of another table, and note what a stopped comparison was about."""
    try:
        others = set(Store(folder).manifest()["datasets"]) - {name}
    except FileNotFoundError:
        others = set()
    if others:
        raise ValueError(
            f"{str(folder)!r} holds results on {sorted(others)[0]!r}; choose another folder."
        )
    if not (folder / NOTES_FILE).exists():
        _write_notes(folder, about)


def _report(folder, about):
    # Again after the run: only now is it sure that the folder's results are those of this table.
    _write_notes(folder, about)
    return write_report(folder)


def _write_notes(folder, about):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NOTES_FILE).write_text(json.dumps(about, indent=2), encoding="utf-8")


def _answer(results):
    leaders = [find_leader(results, metric) for metric in list_headlines(results)]
    lines = [leader.sentence for leader in leaders if leader]
    if not lines:
        return "There is no answer: no fold was finished by every method, or all of them failed."
    return "\n".join(lines + summarise_focal(results))


def _count_gaps(results):
    notes = []
    for status, text in (("failed", "failed"), ("skipped", "did not begin within the time limit")):
        count = int((results["status"] == status).sum())
        if count:
            notes.append(f"{count} of {len(results)} fits {text}.")
    return tuple(notes)
