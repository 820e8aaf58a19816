"""Threads over blocks of rows, each with single-threaded linear algebra.

Results do not depend on the number of threads: the work is cut the same way for any of them, and
every block is computed by a BLAS that is limited to one thread.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, TypeVar

import joblib
from threadpoolctl import ThreadpoolController

from skfocal.utils._shared_state import SharedState

Item = TypeVar("Item")
Result = TypeVar("Result")
BlockMap = Callable[[Callable[[Item], Result], Iterable[Item]], Iterable[Result]]


class _Limit(NamedTuple):
    """BLAS at one thread: how many it had, and how it gets them back."""

    n_threads: int
    limiter: Any


@cache  # looking up the loaded libraries takes milliseconds
def _find_blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@cache  # reads files of the system, which takes as long as a small fit's pass over its rows
def _count_cores() -> int:
    return joblib.cpu_count()


def _limit_blas() -> _Limit:
    blas = _find_blas()
    allowed = [library.num_threads for library in blas.lib_controllers]
    return _Limit(max(1, min([_count_cores(), *allowed])), blas.limit(limits=1))


_blas_limit = SharedState(_limit_blas, lambda limit: limit.limiter.restore_original_limits())


@contextmanager
def block_threads() -> Iterator[BlockMap]:
    """Give a ``map`` that runs in threads, as many as BLAS was allowed, with BLAS at one.

    Yields
    ------
    callable
        ``map(function, items)``, with results in the order of the items.
    """
    with _blas_limit.enter() as (limit, is_first):
        # A pool for each of several fits at once would be more threads than cores.
        if limit.n_threads == 1 or not is_first:
            yield map
        else:
            with ThreadPoolExecutor(limit.n_threads) as pool:
                yield pool.map
