"""How many threads one computation may use."""

import torch

from ecgcore.checks import check_range


def use_threads(n_threads: int) -> None:
    """Let torch compute with so many threads, in the whole process.

    A server does best with 1: a recording takes about 20 ms either way, and threads that wait
    for one another on a busy machine make it ten times as long.

    Raises
    ------
    InvalidArgumentError
        If the number is not from 1 to 1024.
    """
    torch.set_num_threads(int(check_range("threads", n_threads, 1, 1024)))
