"""What is asked of `predict`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mxt.core.commands import typed
from mxt.core.errors import InputError, Refused, UsageError
from mxt.extraction.direct import Cut
from mxt.workflows.predict_files import FOLDERS, format_of

REJECT = 0.01


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """What is asked of `predict`; each field is an option of ``mxt predict``.

    Parameters
    ----------
    bundles : tuple of Path
        Every one says what it has to say of every recording.
    paths : tuple of Path
        Files and folders.
    dataset : str, optional
        In place of paths: a data set of the store. `unlabelled`: of it (or of the one last ingested) the
        clips without the target.
    out : Path, optional
        Where it is written: a file, or for Raven and Audacity a folder.
    format : str, optional
        Default: by the suffix of `out`.
    window, hop : float, optional
        Seconds: a timeline. `hop` is by default as long as the window.
    top : int
        Classes that are named.
    precision, threshold : float, optional
        What to label only: with this precision on clips not learnt from; with at least this probability.
    reject : float
        Sounds are unlike what was learnt where at most this share of learning clips lie so far off; 0: never.
    weights_files : tuple of Path
        Weights of one's own that bundles need.

    Examples
    --------
    >>> PredictRequest((Path("birds.mxt"),), (Path("forest"),), window=5.0, hop=2.5).command()
    'mxt predict birds.mxt forest --window 5.0 --hop 2.5'
    """

    bundles: tuple[Path, ...]
    paths: tuple[Path, ...] = ()
    dataset: str | None = None
    unlabelled: bool = False
    out: Path | None = None
    format: str | None = None
    window: float | None = None
    hop: float | None = None
    top: int = 1
    precision: float | None = None
    threshold: float | None = None
    reject: float = REJECT
    weights_files: tuple[Path, ...] = ()
    device: str = "auto"
    jobs: int | None = None
    yes: bool = False
    plugins: tuple[Path, ...] = ()

    def command(self) -> str:
        """The command that asks the same."""
        return typed(
            "predict",
            *self.bundles,
            *self.paths,
            options=[
                ("--dataset", self.dataset),
                ("--unlabelled", self.unlabelled),
                ("--out", self.out),
                ("--format", self.format),
                ("--window", self.window),
                ("--hop", self.hop),
                ("--top", self.top if self.top > 1 else None),
                ("--precision", self.precision),
                ("--threshold", self.threshold),
                ("--reject", None if self.reject == REJECT else self.reject),
                *(("--weights-file", path) for path in self.weights_files),
                ("--device", None if self.device == "auto" else self.device),
                ("--jobs", self.jobs),
                *(("--plugin", path) for path in self.plugins),
            ],
        )

    @property
    def from_dataset(self) -> bool:
        """Whether the clips are those of a data set."""
        return self.dataset is not None or self.unlabelled

    @property
    def cut(self) -> Cut | None:
        """How recordings are cut into windows; ``None``: not at all."""
        return None if self.window is None else Cut(self.window, self.hop or self.window)

    @property
    def journal(self) -> Path | None:
        """Where what has been said so far is kept, beside what is written at the end."""
        return None if self.out is None else self.out.with_name(f".{self.out.name}.partial")

    def check(self) -> None:
        """Refuse what does not go together, and what could not be written, before the work.

        Raises
        ------
        UsageError, InputError, Refused
        """
        if not self.bundles:
            raise UsageError("name a bundle: mxt predict BUNDLE.mxt PATH… (mxt fit makes one)")
        if bool(self.paths) == self.from_dataset:
            raise UsageError("name files or folders to label, or a data set with --dataset; one of the two")
        if self.precision is not None and self.threshold is not None:
            raise UsageError("--precision chooses a threshold: leave out --threshold")
        if self.hop is not None and (self.window is None or self.hop > self.window):
            raise UsageError("--hop goes with --window, and is not longer")
        if self.out is None:
            if self.format is not None:
                raise UsageError("--format goes with --out")
            return
        kind = format_of(self.out, self.format)
        if not self.out.absolute().parent.is_dir():
            raise InputError(f"--out {self.out}: there is no folder {self.out.absolute().parent}")
        if kind in FOLDERS and self.out.exists() and not self.out.is_dir():
            raise UsageError(f"--out {self.out}: {kind} writes a file for each recording, into a folder")
        if kind not in FOLDERS and self.out.exists() and not self.yes:
            raise Refused(f"{self.out} already exists; add --yes to replace it")
