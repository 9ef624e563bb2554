"""Cases side by side: kernels without the interpreter's lock, in threads of Python's own.

Numba's parallel loops would do the same, but take two to four times as long to compile, and not
every threading layer of them may be entered by two threads at once.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np


def side_by_side(
    run: Callable[[slice], None], size: int, each: int, threads: int | None = None
) -> None:
    """Run parts of many cases in threads of their own.

    Parameters
    ----------
    run : callable
        Does the cases of a slice, without the interpreter's lock for the most part.
    size : int
        Number of cases.
    each : int
        Cases that make a thread worth its start: a millisecond of work.
    threads : int, optional
        By default as many as numba may use.
    """
    threads = min(threads or numba.get_num_threads(), max(1, size // each))
    if threads == 1:
        run(slice(0, size))
        return
    edges = np.linspace(0, size, threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, map(slice, edges[:-1], edges[1:])))
