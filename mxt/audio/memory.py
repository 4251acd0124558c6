"""Freed memory: kept for the next clip, or returned to the system."""

from __future__ import annotations

import ctypes


def keep_freed_memory() -> None:
    """Let the C library keep freed blocks of some MB for the next clip instead of returning them.

    glibc raises its thresholds to the largest block freed so far, for all threads. Otherwise buffers of a few
    MB are mapped anew for every clip, and the page faults cost as much as the arithmetic (convnet: 2,000
    faults and 7.6 ms a clip, none and 3.9 ms with this). The block itself is never touched. Elsewhere this
    does nothing.
    """
    import torch

    block = torch.empty(30 << 20, dtype=torch.uint8)
    del block


def return_freed_memory() -> None:
    """Return freed memory to the system, after work that is done once and needs much.

    What a network is made of lies between what it was made from; glibc keeps such holes unless it is told.
    Elsewhere this does nothing.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
