"""The main job: every method on every fold of every data set, written to disk as it goes."""

import tempfile
import time
from contextlib import nullcontext
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from numbers import Integral
from typing import NamedTuple

from joblib import Parallel, delayed

from skfocal import __version__
from skfocal.benchmark._estimate import estimate_seconds
from skfocal.benchmark._numeric import NumericTable, make_numeric
from skfocal.benchmark.datasets import (
    Dataset,
    DatasetUnavailableError,
    dataset_info,
    list_datasets,
    load_dataset,
)
from skfocal.benchmark.methods import Method, choose_methods, describe_arms
from skfocal.benchmark.protocol import (
    Cell,
    Fold,
    Plan,
    default_plan,
    describe,
    evaluate,
    make_folds,
)
from skfocal.benchmark.scoring import get_scoring
from skfocal.benchmark.store import Store, make_frame, unavailable_rows
from skfocal.utils._optional import needs_extra
from skfocal.utils._warnings import warn_user

__all__ = ["run"]

# What every run needs; an arm names what it needs besides.
_PACKAGES = ("numpy", "scipy", "scikit-learn", "imbalanced-learn", "pandas", "joblib")


def run(
    suite="quick",
    *,
    datasets=None,
    methods=None,
    n_jobs=None,
    out=None,
    plan=None,
    random_state=0,
    time_limit=None,
    progress=None,
    announce=None,
):
    """Compare methods by nested cross-validation on imbalanced data sets.

    Parameters
    ----------
    suite : str, default="quick"
        A name from :func:`skfocal.benchmark.list_suites`; gives the data sets and the plan.
    datasets : list of str or Dataset, default=None
        Data sets by name, or tables of your own, all of one task; takes the place of those of the
        suite.
    methods : list of str or Method, default=None
        Names from :func:`skfocal.benchmark.list_methods`, or arms of your own; None takes those
        of :data:`skfocal.benchmark.methods.DEFAULT_METHODS` for the task.
    n_jobs : int, default=None
        Cells computed at once, as in joblib: -1 is one per core, None obeys
        ``joblib.parallel_config``, by which Dask or Ray run the cells on a cluster.
    out : str or path-like, default=None
        Folder of the results. A run that was stopped, by whatever, continues there with the cells
        that are missing; methods and data sets may be added. None keeps nothing on disk.
    plan : Plan, default=None
        Folds, repeats and tuning budget; None takes that of the suite.
    random_state : int >= 0, default=0
        Seed of folds and methods. The results do not depend on `n_jobs`.
    time_limit : float > 0, default=None
        Seconds after which no further cell begins; a later run can continue.
    progress : callable, default=None
        Called in this process as ``progress(done, total, label)`` after every finished cell.
    announce : callable, default=None
        Called in this process as ``announce(seconds)`` before the first cell, with a rough
        estimate of the time that all will take, from one fit of every method on a few rows.

    Returns
    -------
    DataFrame
        One row for each data set, method, repeat and fold, with the columns that
        :func:`skfocal.benchmark.protocol.get_columns` names; ``status`` is ``"ok"``, ``"failed"``
        (the column ``error`` says why) or ``"skipped"`` (out of time).

    Raises
    ------
    ValueError
        If an argument is wrong, the data sets are of different tasks, a method is not for their
        task, or `out` holds results of another task, plan, seed or version of a data set.
    ImportError
        If imbalanced-learn is not installed.

    Examples
    --------
    >>> from skfocal import benchmark
    >>> results = benchmark.run("tiny", datasets=["wine"], methods=["dummy", "logistic"])
    >>> results.groupby("method")["roc_auc"].mean().round(2).to_dict()
    {'dummy': 0.5, 'logistic': 1.0}
    """
    _check_arguments(random_state, time_limit, progress, announce)
    _require_imblearn()
    plan = default_plan(suite) if plan is None else plan
    if not isinstance(plan, Plan):
        raise ValueError(f"run: plan must be a Plan or None; got {plan!r}.")
    datasets = _choose_datasets(suite, datasets)
    task = _find_task(datasets)
    methods = choose_methods(methods, task)
    deadline = None if time_limit is None else time.monotonic() + time_limit

    tables, unavailable = _load(datasets)
    jobs = []
    for table in tables:
        try:
            folds = make_folds(table, plan, random_state)
        except ValueError as error:
            unavailable[table.name] = f"No folds: {error}"
            continue
        jobs += [_Job(method, table, fold) for fold in folds for method in methods]

    request = {
        "suite": suite,
        "task": task,
        "plan": asdict(plan),
        "random_state": int(random_state),
        "methods": [method.name for method in methods],
        "arms": describe_arms(methods),
        "datasets": {table.name: table.describe() for table in tables},
        "unavailable": unavailable,
        "versions": _list_versions(methods),
    }
    with tempfile.TemporaryDirectory() if out is None else nullcontext(out) as folder:
        store = Store(folder)
        _note_request(store, request)
        if announce is not None:
            missing = [job for job in jobs if job.cell not in store]
            announce(estimate_seconds(missing, plan, n_jobs))
        _compute_missing(store, jobs, plan, n_jobs, deadline, progress)
        return _collect(store, jobs, request)


class _Job(NamedTuple):
    method: Method
    table: NumericTable
    fold: Fold

    @property
    def cell(self):
        return Cell(self.table.name, self.method.name, self.fold.repeat, self.fold.fold)


def _check_arguments(random_state, time_limit, progress, announce):
    if not isinstance(random_state, Integral) or random_state < 0:
        raise ValueError(f"run: random_state must be an integer >= 0; got {random_state!r}.")
    if time_limit is not None and not (isinstance(time_limit, int | float) and time_limit > 0):
        raise ValueError(f"run: time_limit must be a number of seconds > 0; got {time_limit!r}.")
    for name, value in (("progress", progress), ("announce", announce)):
        if value is not None and not callable(value):
            raise ValueError(f"run: {name} must be callable or None; got {value!r}.")


def _require_imblearn():
    with needs_extra("benchmark", "The benchmark"):
        import imblearn  # noqa: F401 (whether it can be)


def _choose_datasets(suite, datasets):
    if datasets is None:
        return list_datasets(suite)
    if isinstance(datasets, str | Dataset) or not (datasets := list(datasets)):
        raise ValueError("run: datasets must be a list of names or Dataset objects, not empty.")
    names = [d.name if isinstance(d, Dataset) else d for d in datasets]
    known = set(list_datasets())
    for name, dataset in zip(names, datasets, strict=True):
        if names.count(name) > 1:
            raise ValueError(f"run: two data sets are named {name!r}.")
        if not isinstance(dataset, Dataset) and name not in known:
            raise ValueError(
                f"run: unknown data set {name!r}; list_datasets() names all {len(known)}."
            )
    return datasets


def _find_task(datasets):
    """Return the task that all data sets share."""
    tasks = {
        dataset.name: dataset.task
        for dataset in (d if isinstance(d, Dataset) else dataset_info(d) for d in datasets)
    }
    (name, task), *others = tasks.items()
    get_scoring(task)
    for other, other_task in others:
        if other_task != task:
            raise ValueError(
                f"run: the data sets must be of one task; {name!r} is {task} and {other!r} is "
                f"{other_task}."
            )
    return task


def _load(datasets):
    """Return the tables, and the reason for each that is missing."""
    tables, unavailable = [], {}
    for dataset in datasets:
        try:
            loaded = dataset if isinstance(dataset, Dataset) else load_dataset(dataset)
        except DatasetUnavailableError as error:
            unavailable[dataset] = str(error)
            continue
        tables.append(make_numeric(loaded))
    return tables, unavailable


def _list_versions(methods):
    versions = {"skfocal": __version__}
    for name in dict.fromkeys([*_PACKAGES, *(name for arm in methods for name in arm.requires)]):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _note_request(store, request):
    """Write the manifest, or extend the one that is there if both ask for the same."""
    try:
        found = store.manifest()
    except FileNotFoundError:
        store.write_manifest(request)
        return
    _check_agreement(found, request, store)
    shared = found["versions"].keys() & request["versions"].keys()
    if any(found["versions"][name] != request["versions"][name] for name in shared):
        warn_user(
            f"{store} was begun with {found['versions']} and goes on with {request['versions']}.",
            UserWarning,
        )
    datasets = found["datasets"] | request["datasets"]
    missing = found["unavailable"] | request["unavailable"]
    merged = found | {
        "methods": list(dict.fromkeys(found["methods"] + request["methods"])),
        "arms": found.get("arms", {}) | request["arms"],
        "versions": request["versions"] | found["versions"],
        "datasets": datasets,
        "unavailable": {
            name: reason
            for name, reason in missing.items()
            if name in request["unavailable"] or name not in datasets
        },
    }
    store.write_manifest(merged)


def _check_agreement(found, request, store):
    way_out = "Choose another folder as `out`, or ask for the same."
    found = {"task": "binary"} | found  # early stores knew no other task
    for key in ("task", "plan", "random_state"):
        if found[key] != request[key]:
            raise ValueError(
                f"{str(store.path)!r} holds results with {key}={found[key]}; "
                f"this run asks for {request[key]}. {way_out}"
            )
    for name in found["datasets"].keys() & request["datasets"].keys():
        if found["datasets"][name]["fingerprint"] != request["datasets"][name]["fingerprint"]:
            raise ValueError(
                f"{str(store.path)!r} holds results for a data set {name!r} whose contents "
                f"differ from the one given now. {way_out}"
            )


def _compute_missing(store, jobs, plan, n_jobs, deadline, progress):
    missing = [job for job in jobs if job.cell not in store]
    if not missing:
        return
    done = len(jobs) - len(missing)

    def in_time():
        for job in missing:
            if deadline is not None and time.monotonic() >= deadline:
                return
            yield delayed(evaluate)(*job, plan)

    # No batches and nothing dispatched ahead: a cell comes back, and is written, when it is done,
    # and the time limit is looked at when the next one is about to begin.
    parallel = Parallel(
        n_jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs"
    )
    for row, predictions in parallel(in_time()):
        store.save(row, predictions)
        done += 1
        if progress is not None:
            progress(done, len(jobs), str(Cell.of(row)))


def _collect(store, jobs, request):
    rows = [
        store.load(job.cell)
        if job.cell in store
        else describe(*job) | {"status": "skipped", "error": "Not begun within the time limit."}
        for job in jobs
    ]
    for name, reason in request["unavailable"].items():
        rows += unavailable_rows(name, reason, request)
    return make_frame(rows, request)
