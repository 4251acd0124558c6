"""What a worker of a Dask cluster runs of a command: calls, if it can."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mxt.core.errors import no_ctrl_c
from mxt.core.provenance import versions


class Unfit(Exception):
    """Raised where a worker cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker gives back for a call.

    Parameters
    ----------
    worker : str
        Its address.
    value : object
        What the call returned; ``None`` where there is a `problem`.
    problem : str
        Why this worker cannot be used.
    """

    worker: str
    value: Any = None
    problem: str = ""


def answer(pickled: bytes, needed: Mapping[str, str]) -> Answer:
    """Carry out a call, if the software here has the versions that are `needed`; a worker runs this."""
    from distributed import get_worker

    here = get_worker().address
    for name, version in needed.items():
        if (own := _versions().get(name)) != version:
            return Answer(here, problem=f"it has {name} {own}, and the command {version}")
    try:
        with no_ctrl_c():
            return Answer(here, pickle.loads(pickled)())
    except Unfit as error:
        return Answer(here, problem=str(error))
    except SystemExit as error:  # of a plugin; it would end the worker
        raise RuntimeError(f"SystemExit: {error}") from error


_versions = lru_cache(maxsize=1)(versions)


def seen_here(path: Path) -> Path:
    """A file of the command as this worker sees it: where it lies, or as it was sent here.

    Raises
    ------
    Unfit
        Neither.
    """
    from distributed import get_worker

    if os.access(path, os.R_OK):
        return path
    sent = Path(get_worker().local_directory, path.name)
    if sent.exists():
        return sent
    raise Unfit(f"it does not see {path}")
