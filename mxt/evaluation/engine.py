"""Engines of an evaluation: where its fits are computed. The one that asks keeps what is finished."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

from mxt.core.errors import no_ctrl_c
from mxt.core.progress import Step

Item = TypeVar("Item")
Given = TypeVar("Given")
Item_contra = TypeVar("Item_contra", contravariant=True)
Given_co = TypeVar("Given_co", covariant=True)
OnFit = Callable[[], None]  # called after every fit; may raise to stop


class Work(Protocol[Item_contra, Given_co]):
    """What is done with each of some items: plain values, which another process can be sent."""

    def prepared(self) -> Callable[[Item_contra, OnFit], Given_co]:
        """What computes an item; asked for once in a process, so that items share what it holds."""

    def workers(self, jobs: int, *, apart: bool) -> int:
        """How many workers, at most `jobs`, fit into memory: in one process, or each in one of its own."""


class Engine(Protocol):
    """Somewhere that fits are computed. Results do not depend on it."""

    @property
    def apart(self) -> bool:
        """Whether workers are processes of their own, which small items keep equally busy."""

    def run(
        self, work: Work[Item, Given], items: Sequence[Item], step: Step
    ) -> Generator[tuple[Item, Given], None, None]:
        """Compute items, and yield them as they are finished; an error or the generator's end stops the rest.

        Parameters
        ----------
        work : Work
        items : sequence
            Those that take longest come first.
        step : Step
            Told of every fit.
        """


class Threads:
    """Threads of this process: support vector machines and linear algebra release the interpreter lock.

    Parameters
    ----------
    jobs : int
        Items computed at a time.
    """

    apart = False

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs

    def run(
        self, work: Work[Item, Given], items: Sequence[Item], step: Step
    ) -> Generator[tuple[Item, Given], None, None]:
        """Compute items, one per thread, and yield them as they are finished."""
        stop, lock = threading.Event(), threading.Lock()

        def on_fit() -> None:
            if stop.is_set():
                raise _Stopped
            with lock:
                step.advance(1)

        def guarded(item: Item) -> tuple[Given] | None:
            try:
                with no_ctrl_c():
                    return None if stop.is_set() else (compute(item, on_fit),)
            except _Stopped:
                return None
            except BaseException:
                stop.set()
                raise

        compute = work.prepared()
        jobs = work.workers(self.jobs, apart=False)
        with ThreadPoolExecutor(max_workers=max(1, min(jobs, len(items)))) as pool:
            running = {pool.submit(guarded, item): item for item in items}
            try:
                while running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED, timeout=0.5)
                    # what is finished comes before an error
                    for future in sorted(done, key=lambda future: future.exception() is not None):
                        item, given = running.pop(future), future.result()
                        if given is not None:
                            yield item, given[0]
            finally:
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)


class _Stopped(Exception):
    """Ends the other threads when one has failed or the user has had enough."""
