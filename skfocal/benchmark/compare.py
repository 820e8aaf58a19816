"""The comparison on a user's own table, with an answer in plain words."""

import json
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from skfocal.benchmark._decisions import Decisions
from skfocal.benchmark._numeric import make_numeric
from skfocal.benchmark._presets import choose_arms, choose_plan
from skfocal.benchmark._refit import Refit
from skfocal.benchmark._user_table import read_table
from skfocal.benchmark.methods import Method, describe_arms
from skfocal.benchmark.report import find_answer, known_arms, write_report
from skfocal.benchmark.runner import run
from skfocal.benchmark.store import NOTES_FILE, Store

__all__ = ["Comparison", "compare"]

# Below this every figure of a test fold hangs on a handful of rows.
FEW_POSITIVES = 30


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    results : pandas.DataFrame
        One row for each method and fold, as :func:`skfocal.benchmark.run` returns them, with
        the figures of costs and constraint.
    answer : str
        Which method to ship, whether focal loss helps, what resampling does and what time it
        takes, a sentence a line; then what to keep in mind.
    notes : tuple of str
        What was done to the table, and what to keep in mind.
    path : pathlib.Path or None
        The report, in the folder asked for.
    summary : str
        What was read: rows, positives and kinds of columns, in a sentence.
    winner : str or None
        Name of the method that the answer says to ship; None if no fold was finished.
    """

    results: pd.DataFrame
    answer: str
    notes: tuple[str, ...]
    path: Path | None
    summary: str = ""
    winner: str | None = None
    _arms: tuple[Method, ...] = field(default=(), repr=False)
    _refit: Refit | None = field(default=None, repr=False)

    def fit_best(self, method=None) -> Pipeline:
        """Fit the winner, or another method, to all rows.

        Parameters
        ----------
        method : str, default=None
            Name of a method of the comparison; None takes the winner.

        Returns
        -------
        sklearn.pipeline.Pipeline
            It takes the raw table, of pandas, polars or Arrow, with or without the target; columns
            are found by name and read as the table of the comparison was. ``predict`` returns its
            labels (of several targets an indicator), ``predict_proba`` their probabilities.
            ``skops.io.dump`` writes it to a file, :func:`skfocal.load_model` reads that, and
            :func:`skfocal.benchmark.predict_file` takes tables of any size.

        Raises
        ------
        ValueError
            If the comparison has no winner and no method is named, or the method was not part of
            it.

        Examples
        --------
        >>> from sklearn.datasets import make_classification
        >>> X, y = make_classification(300, 4, weights=[0.9], random_state=0)
        >>> table = pd.DataFrame(X, columns=list("abcd")).assign(sick=y)
        >>> model = compare(table, "sick", methods=["dummy", "logistic"], preset="fast").fit_best()
        >>> model.predict_proba(table[["d", "c", "b", "a"]][:3]).round(2)[:, 1]
        array([0.3 , 0.06, 0.08])
        """
        name = self.winner if method is None else method
        if name is None:
            raise ValueError("The comparison has no winner; name a method to fit.")
        known = {arm.name: arm for arm in self._arms}
        if name not in known or self._refit is None:
            raise ValueError(
                f"{name!r} was not part of the comparison; its methods are {', '.join(known)}."
            )
        return self._refit.fit(known[name])


def compare(
    table,
    target,
    *,
    positive=None,
    groups=None,
    time=None,
    drop=(),
    categorical=(),
    preset="standard",
    methods=None,
    costs=None,
    at_least=None,
    max_rows=None,
    time_limit=None,
    n_jobs=None,
    out=None,
    random_state=0,
    progress=None,
    announce=None,
):
    """Compare focal loss with resampling and others on a table of your own.

    Parameters
    ----------
    table : str, path-like, DataFrame or table
        A CSV file, a Parquet file, a frame of pandas or polars, or an Arrow table; columns of
        numbers, dates and names, with missing values. :func:`skfocal.benchmark.read_table` reads
        it; what it dropped and what it doubted is in the notes.
    target : str or list of str
        Column of the class; it must hold two labels and no missing values. Of a file without a
        header, its position from 0. A list names several such columns, the labels of a multilabel
        target.
    positive : object, default=None
        The label that counts as positive; None takes the rarer one, and of several targets first
        of all 1, true or yes.
    groups : str, default=None
        Column of what several rows belong to, such as a customer: none has rows both to train and
        to test on. It is no feature.
    time : str, default=None
        Column of dates, or of numbers that grow with time: every fold trains on the past and tests
        on what follows. It is no feature.
    drop : list of str, default=()
        Columns to leave out, such as those that are known only after the target is.
    categorical : list of str, default=()
        Columns of names that look like numbers, such as codes.
    preset : {"fast", "standard", "thorough"}, default="standard"
        How much is computed. ``"fast"``: linear models, resampling and ensembles, on 5 folds, and 4
        settings each. ``"standard"``: focal boosting, LightGBM and networks too, on 5 folds cut
        twice.
        ``"thorough"``: every arm that has a name of its own, 5 folds cut four times, and 8
        settings each. Above 20,000 rows there are 3 folds (``"thorough"``: 5), cut once. Arms
        that need a package which is not installed are left out.
    methods : list of str or Method, default=None
        Names from :func:`skfocal.benchmark.list_methods`, or arms of your own; None takes those
        of the preset.
    costs : dict of str to float, default=None
        ``{"fn": 50, "fp": 1}``: what a missed positive and a false alarm cost, in any unit;
        ``"tp"`` and ``"tn"`` may cost or, if negative, bring something too. The answer then goes
        by the cost of 1,000 rows, at the threshold that follows from the costs and at a tuned one.
    at_least : dict of str to float, default=None
        ``{"recall": 0.9}`` or ``{"precision": 0.5}``: thresholds keep it on inner folds, and the
        answer goes by the precision, or the recall, that is left.
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
    announce : callable, default=None
        Called as ``announce(seconds)`` before the start, with a rough estimate of the time.

    Returns
    -------
    Comparison

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file cannot be read, a column is absent or has two roles, the target is incomplete
        or not binary, rows, groups or times are too few for the folds, a method or the preset is
        unknown, costs or constraint make no sense, or `out` holds something else.
    TypeError
        If `table` is no table.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(300, 4, weights=[0.9], random_state=0)
    >>> table = pd.DataFrame(X, columns=list("abcd")).assign(sick=y)
    >>> comparison = compare(table, "sick", methods=["dummy", "logistic"], preset="fast")
    >>> print(comparison.answer)  # doctest: +ELLIPSIS
    Ship Logistic regression: ...
    """
    decisions = Decisions(costs, at_least)
    user = read_table(
        table,
        target,
        positive=positive,
        groups=groups,
        time=time,
        drop=drop,
        categorical=categorical,
        max_rows=max_rows,
        random_state=random_state,
    )
    numeric = make_numeric(user.dataset)
    arms, arm_notes = choose_arms(preset, methods, numeric.task)
    plan, plan_notes = choose_plan(numeric, preset)
    _check_counts(user, plan)
    if user.several and at_least is not None:
        raise ValueError("at_least is for one target; several may have different rates.")
    notes = (*user.notes, *_warn(user), *arm_notes, *plan_notes)
    about = {
        "title": f"Comparison on {user.dataset.name}",
        "facts": _describe(user) + decisions.facts(),
        "notes": list(notes),
        "decisions": decisions.describe(),
    }
    if out is not None:
        _claim(Path(out), user.dataset.name, about)
    with TemporaryDirectory() if out is None else nullcontext(out) as folder:
        results = run(
            datasets=[user.dataset],
            methods=arms,
            n_jobs=n_jobs,
            out=folder,
            plan=plan,
            random_state=random_state,
            time_limit=time_limit,
            progress=progress,
            announce=announce,
        )
        path = None if out is None else _report(Path(out), about)
        with known_arms(describe_arms(arms)):
            results, answer = find_answer(Store(folder), results, decisions)
    return Comparison(
        results,
        answer.text,
        (*notes, *_count_gaps(results)),
        path,
        user.summary,
        answer.winner,
        tuple(arms),
        Refit(user, numeric, plan, random_state, decisions, answer.metric),
    )


def _check_counts(user, plan):
    """Refuse a class that cannot be in every fold."""
    if user.several:
        return  # labels that are too rare are left out of the figures, and the report names them
    y = user.y
    for label, count in ((user.positive, y.sum()), (user.negative, len(y) - y.sum())):
        if count < plan.n_splits:
            raise ValueError(
                f"The class {label!r} has {count} rows, fewer than the {plan.n_splits} folds that "
                "judge the methods; every fold needs one to test on."
            )


def _warn(user):
    counts = user.y.sum(axis=0).reshape(-1)
    return [
        f"There are only {count} positives{f' of {name!r}' if user.several else ''}: expect wide "
        "noise."
        for name, count in zip(user.roles.targets, counts, strict=True)
        if count < FEW_POSITIVES
    ]


def _describe(user):
    y, roles = user.y, user.roles
    facts = [("Table", user.name)]
    if user.several:
        shares = [
            f"{name} ({positive!r}, {count:,} rows, {count / len(y):.1%})"
            for name, (_, positive), count in zip(
                roles.targets, user.classes, y.sum(axis=0), strict=True
            )
        ]
        facts += [("Targets", ", ".join(shares)), ("Rows", f"{len(y):,}")]
    else:
        labels = f"positive where it is {user.positive!r}, else {user.negative!r}"
        facts += [
            ("Target", f"{roles.targets[0]}, {labels}"),
            ("Rows", f"{len(y):,}, of them {y.sum():,} positive ({y.mean():.1%})"),
        ]
    facts.append(("Columns", user.columns))
    if roles.groups is not None:
        n_groups = len(np.unique(user.groups))
        facts.append(
            (
                "Groups",
                f"{n_groups:,} by {roles.groups}; none straddles a fold, so figures are for groups "
                "that a model has not met",
            )
        )
    if roles.time is not None:
        facts.append(("Time", f"{roles.time}; every fold trains on the past of its test rows"))
    if roles.drop:
        facts.append(("Left out", ", ".join(roles.drop)))
    return facts


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


def _count_gaps(results):
    notes = []
    for status, text in (("failed", "failed"), ("skipped", "did not begin within the time limit")):
        count = int((results["status"] == status).sum())
        if count:
            notes.append(f"{count} of {len(results)} fits {text}.")
    return tuple(notes)
