"""Features for every engine alike: groups that may interact."""

from itertools import combinations
from typing import Any


def interaction_groups(given: Any, n_features: int, owner: str) -> list[set[int]] | None:
    """Return the groups of features that may meet on the way to a leaf; None sets no bounds.

    Parameters
    ----------
    given : None, "pairwise", "no_interactions" or list of collections of int
        As in ``HistGradientBoostingClassifier``.
    n_features : int
    owner : str
        Name of the estimator, for messages.

    Returns
    -------
    list of sets of int, or None
    """
    if given is None:
        return None
    if isinstance(given, str):
        size = 2 if given == "pairwise" and n_features > 1 else 1
        return [set(group) for group in combinations(range(n_features), size)]
    groups, features = [set(group) for group in given], set(range(n_features))
    if not set().union(*groups) <= features:
        raise ValueError(
            f"{owner}: interaction_cst must hold positions of features, 0 to {n_features - 1}, "
            f"got {given!r}."
        )
    # As in scikit-learn, features that are in no group form one.
    rest = features.difference(*groups)
    return [*groups, rest] if rest else groups
