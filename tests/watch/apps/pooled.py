"""A program that leaves its work to child processes, begun in the way that it is told."""

from __future__ import annotations

import multiprocessing
import sys

import shop


def work(_number: int) -> int:
    """Make the mistake once."""
    return len(shop.names())


if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(pool.map(work, range(4)))
        pool.close()
        pool.join()
