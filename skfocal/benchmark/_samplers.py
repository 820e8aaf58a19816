"""The samplers of the arms: what stands before and what after the encoding of categories.

A function ``sampler(fold, ratio)`` returns two lists of steps. `ratio` is that of the smaller class
to the larger one after sampling; of several classes, each but the largest is raised to it.
"""

from functools import partial

__all__ = ["adasyn", "borderline", "random_over", "random_under", "smote", "smoteenn"]


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
