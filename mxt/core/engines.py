"""Which engine computes, as it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mxt.core.errors import UsageError

AUTO = "auto"
ENGINES = ("threads", "dask")  # those to ask for by name


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What computes, as plain values: the options ``--engine`` and ``--scheduler``.

    Parameters
    ----------
    name : str
        One of `ENGINES`: threads of this process, or the workers of a Dask cluster; `AUTO`: threads, unless
        processes are measured to be faster.
    scheduler : str, optional
        Address of the scheduler of that cluster, which is then used whatever the name; by default, a cluster
        is started on this machine.
    plugins : tuple of Path
        Plugins that were named, which workers load as well.

    Raises
    ------
    UsageError
        There is no such engine.

    Examples
    --------
    >>> EngineChoice(scheduler="tcp://host:8786").is_dask, EngineChoice().is_dask
    (True, False)
    """

    name: str = AUTO
    scheduler: str | None = None
    plugins: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in (AUTO, *ENGINES):
            raise UsageError(f"--engine is {' or '.join(ENGINES)}, not {self.name!r}")

    @property
    def is_dask(self) -> bool:
        """Whether the workers of a cluster compute."""
        return self.name == "dask" or self.scheduler is not None


THREADS = EngineChoice("threads")
