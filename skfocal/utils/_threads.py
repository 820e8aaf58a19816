"""Threads over blocks of rows, each with single-threaded linear algebra.

Results do not depend on the number of threads: the work is cut the same way for any of them, and
every block is computed by a BLAS that is limited to one thread.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

import joblib
from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")
BlockMap = Callable[[Callable[[Item], Result], Iterable[Item]], Iterable[Result]]


class _BlasLimit:
    """Limit BLAS to one thread while at least one user is inside.

    The limit is global to the process. Fits that overlap in time would restore each other's
    limit if each stored what it found, so the first one in stores and the last one out restores.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._controller: ThreadpoolController | None = None
        self._limiter: Any = None

    def enter(self) -> int:
        """Set the limit and return the number of threads that the caller may start itself."""
        with self._lock:
            if self._controller is None:
                # Looking up the loaded libraries takes milliseconds: once a process.
                self._controller = ThreadpoolController().select(user_api="blas")
            self._users += 1
            if self._users > 1:
                return 1  # others run beside this one: a pool each would be a thread storm
            allowed = [library.num_threads for library in self._controller.lib_controllers]
            self._limiter = self._controller.limit(limits=1)
        return max(1, min([joblib.cpu_count(), *allowed]))

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limiter.restore_original_limits()


_blas_limit = _BlasLimit()


@contextmanager
def block_threads() -> Iterator[BlockMap]:
    """Give a ``map`` that runs in threads, as many as BLAS was allowed, with BLAS at one.

    Yields
    ------
    callable
        ``map(function, items)``, with results in the order of the items.
    """
    n_threads = _blas_limit.enter()
    try:
        if n_threads == 1:
            yield map
        else:
            with ThreadPoolExecutor(n_threads) as pool:
                yield pool.map
    finally:
        _blas_limit.leave()
