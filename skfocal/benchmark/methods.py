"""The registry of arms: those with a name of their own, and two for each other registered loss."""

from skfocal.benchmark.arms import NAMED, Method, focal_arm, list_loss_arms
from skfocal.benchmark.scoring import SCORINGS, get_scoring

__all__ = [
    "DEFAULT_METHODS",
    "Method",
    "choose_methods",
    "describe_all_arms",
    "describe_arms",
    "focal_arm",
    "get_method",
    "list_methods",
]

#: The arms of a run that names none, by task. On binary tables these are the ones that take
#: seconds: networks and LightGBM are run when they are asked for.
DEFAULT_METHODS: dict[str, tuple[str, ...]] = {
    task: tuple(name for name, method in NAMED.items() if task in method.default_for)
    for task in SCORINGS
}


def _all() -> dict[str, Method]:
    """Return all arms; asked anew, since a loss may be registered at any time."""
    others = {method.name: method for method in list_loss_arms()}
    return NAMED | {name: method for name, method in others.items() if name not in NAMED}


def list_methods(task=None) -> list[str]:
    """Return the names of the arms, in the order of the tables; those of other losses come last.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel"} or None, default=None
        Names those for this kind of target; None names all.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If there is no such task.

    Examples
    --------
    >>> from skfocal.benchmark import list_methods
    >>> list_methods()[:2]
    ['dummy', 'logistic']
    >>> "poly_linear" in list_methods("multiclass")
    True
    """
    if task is not None:
        get_scoring(task)
    return [name for name, method in _all().items() if task is None or task in method.tasks]


def get_method(name) -> Method:
    """Return an arm by its name.

    Parameters
    ----------
    name : str
        One of :func:`list_methods`.

    Returns
    -------
    Method

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> get_method("logistic").label
    'Logistic regression'
    """
    methods = _all()
    if name not in methods:
        raise ValueError(f"Unknown method {name!r}; the methods are {list_methods()}.")
    return methods[name]


def describe_all_arms() -> dict[str, dict]:
    """Return what a report says of every arm that has a name."""
    return describe_arms(_all().values())


def choose_methods(methods, task) -> list[Method]:
    """Return the arms that a run asks for.

    Parameters
    ----------
    methods : list of str or Method, or None
        Names, or arms of one's own; None takes the defaults of the task.
    task : str
        Kind of target.

    Raises
    ------
    ValueError
        If a name is unknown or stands for two arms, or an arm is not for the task.
    """
    if methods is None:
        methods = DEFAULT_METHODS[task]
    if isinstance(methods, str | Method) or not (methods := list(methods)):
        raise ValueError("run: methods must be a list of names or Method objects, not empty.")
    chosen: dict[str, Method] = {}
    for method in methods:
        method = method if isinstance(method, Method) else get_method(method)
        namesakes = chosen.get(method.name), NAMED.get(method.name)
        if any(other is not None and other is not method for other in namesakes):
            raise ValueError(
                f"run: there is another method named {method.name!r}; give this one a name of "
                "its own."
            )
        if task not in method.tasks:
            raise ValueError(
                f"run: method {method.name!r} is for {' and '.join(method.tasks)} targets; "
                f"for {task} ones there are {list_methods(task)}."
            )
        chosen[method.name] = method
    return list(chosen.values())


def describe_arms(methods) -> dict[str, dict]:
    """Return what a report says of arms, by name, as JSON takes it."""
    fields = ("label", "kind", "zero_point")
    return {m.name: {field: getattr(m, field) for field in fields} for m in methods}
