"""A program that forks after it made its mistake, and makes it again on both sides."""

from __future__ import annotations

import os
import threading

import shop

shop.names()
before = [thread.name for thread in threading.enumerate()]
child = os.fork()
print("child" if child == 0 else "parent", [thread.name for thread in threading.enumerate()], flush=True)
shop.names()
if child:
    os.waitpid(child, 0)
    print("before", before)
