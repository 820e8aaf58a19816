"""The samplers of the arms: what stands before and what after the encoding of categories.

A function ``sampler(fold, ratio)`` returns two lists of steps. `ratio` is that of the smaller class
to the larger one after sampling; of several classes, each but the largest is raised to it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from skfocal.benchmark.arms._method import BINARY, SEVERAL, Method

__all__ = ["SAMPLERS", "sampler_arm", "with_ratio"]


def random_over(fold, ratio):
    from imblearn.over_sampling import RandomOverSampler

    sampler = RandomOverSampler(
        sampling_strategy=fold.oversampled(ratio), random_state=fold.random_state
    )
    return [sampler], []


def random_under(fold, ratio):
    from imblearn.under_sampling import RandomUnderSampler

    sampler = RandomUnderSampler(
        sampling_strategy=fold.undersampled(ratio), random_state=fold.random_state
    )
    return [sampler], []


def smote(fold, ratio):
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    if not fold.categorical:
        kind = SMOTE
    elif not fold.numeric:
        kind = SMOTEN
    else:
        kind = partial(SMOTENC, list(range(len(fold.numeric), fold.n_features)))
    sampler = kind(
        sampling_strategy=fold.oversampled(ratio),
        k_neighbors=fold.neighbours(),
        random_state=fold.random_state,
    )
    return [sampler], []


def adasyn(fold, ratio):
    from imblearn.over_sampling import ADASYN

    sampler = ADASYN(
        sampling_strategy=fold.oversampled(ratio),
        n_neighbors=fold.neighbours(),
        random_state=fold.random_state,
    )
    return [], [sampler]


def borderline(fold, ratio):
    from imblearn.over_sampling import BorderlineSMOTE

    sampler = BorderlineSMOTE(
        sampling_strategy=fold.oversampled(ratio),
        k_neighbors=fold.neighbours(),
        m_neighbors=min(10, sum(fold.counts) - 1),
        random_state=fold.random_state,
    )
    return [], [sampler]


def smoteenn(fold, ratio):
    from imblearn.under_sampling import EditedNearestNeighbours

    before, after = smote(fold, ratio)
    # SMOTEENN in its two parts, since between them the categories become indicator columns.
    return before, [*after, EditedNearestNeighbours(sampling_strategy="all")]


class Sampler(NamedTuple):
    """A way to resample: its name in a label, its steps, and the targets it is for."""

    label: str
    steps: Callable[..., Any]
    tasks: tuple[str, ...]


SAMPLERS = {
    "ros": Sampler("random oversampling", random_over, SEVERAL),
    "smote": Sampler("SMOTE", smote, SEVERAL),
    "adasyn": Sampler("ADASYN", adasyn, BINARY),
    "borderline": Sampler("BorderlineSMOTE", borderline, BINARY),
    "smoteenn": Sampler("SMOTEENN", smoteenn, BINARY),
    "rus": Sampler("random undersampling", random_under, BINARY),
}


def sampler_arm(sampler, model, label, build, configurations, **fields) -> Method:
    """Return the arm of a model behind a sampler; `build` takes ``samplers`` and ``ratio``."""
    entry = SAMPLERS[sampler]
    return Method(
        f"{model}_{sampler}",
        f"{label} + {entry.label}",
        "resampling",
        partial(build, samplers=entry.steps),
        configurations,
        tasks=entry.tasks,
        zero_point=model,
        **fields,
    )


def with_ratio(configurations):
    """Return the first four settings, each with two ratios of resampling."""
    pairs = configurations[:2], configurations[2:4]
    return tuple({"ratio": r} | c for pair in pairs for r in (1.0, 0.5) for c in pair)
