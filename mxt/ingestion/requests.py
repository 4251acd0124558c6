"""What `mxt ingest`, `derive` and `import` are asked for: values that know the command that repeats them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mxt.core.commands import typed
from mxt.core.errors import UnknownName, UsageError
from mxt.core.params import setting
from mxt.core.records import DatasetRecord
from mxt.ingestion.lineage import is_derived, parent_of
from mxt.registry import Registry, given_params, plugin_files

if TYPE_CHECKING:
    from mxt.ingestion.derivations import Derivation
    from mxt.store.features import FeatureTable

MEASURE = "mxt.audio.measure:measure"
SECONDS_A_FILE = 60.0


@dataclass(frozen=True, slots=True)
class Reading:
    """How one file is opened.

    Parameters
    ----------
    seconds_a_file : float
        Time limit; the file's size adds to it.
    work : str
        ``"package.module:function"`` from a path to a `Measurement`.
    """

    seconds_a_file: float = SECONDS_A_FILE
    work: str = MEASURE


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """Catalogue what lies in a folder or table.

    Parameters
    ----------
    path : Path
        A folder, or a table.
    loader : str, optional
        The loader (default: that of last time, else recognised).
    name : str, optional
        The data set's name (default: the folder's, or that of the features found).
    params : mapping
        Parameters of the loader.
    settings : sequence of str
        Further ones as ``NAME=VALUE``.
    unpack : Path, optional
        A folder to be made, into which recordings inside other files are written; it is what is catalogued.
    rehash : bool
        Read every file again, also those that look unchanged.
    dry_run : bool
        Say what was recognised; open no audio, write nothing.
    yes : bool
        Continue where many files are gone, or where another data set has the name.
    jobs : int, optional
        Files opened at a time (default: one per core).
    reading : Reading
        How each of them is opened.
    plugins : tuple of Path
        Files of plugins that the loader needs.

    Examples
    --------
    >>> IngestRequest(Path("digits"), params={"pattern": "{digit}_{take}.wav"}).command()
    "mxt ingest digits --set 'pattern={digit}_{take}.wav'"
    """

    path: Path
    loader: str | None = None
    name: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    settings: Sequence[str] = ()
    unpack: Path | None = None
    rehash: bool = False
    dry_run: bool = False
    yes: bool = False
    jobs: int | None = None
    reading: Reading = Reading()
    plugins: tuple[Path, ...] = ()

    @classmethod
    def from_dataset(cls, record: DatasetRecord, registry: Registry) -> Self:
        """The request that ingests a catalogued data set again as last time."""
        return cls(
            Path(record.root),
            record.loader,
            record.name,
            given_params(registry, "dataset", record.loader, record.params),
            plugins=plugin_files(registry, ("dataset", record.loader)),
        )

    @property
    def parameter_names(self) -> frozenset[str]:
        """Names of all parameters given."""
        names = (setting.partition("=")[0].strip().rpartition(".")[2] for setting in self.settings)
        return frozenset((*self.params, *names))

    def command(self) -> str:
        """The command line that asks for the same."""
        settings = [*(setting(name, value) for name, value in self.params.items()), *self.settings]
        return typed(
            "ingest",
            self.path,
            options=[
                ("--name", self.name),
                ("--loader", self.loader),
                *(("--plugin", file) for file in self.plugins),
                *(("--set", text) for text in settings),
                ("--unpack", self.unpack),
                ("--rehash", self.rehash),
                ("--dry-run", self.dry_run),
                ("--yes", self.yes),
                ("--jobs", self.jobs),
            ],
        )


@dataclass(frozen=True, slots=True)
class DeriveRequest:
    """Derive a data set from another one.

    Parameters
    ----------
    kind : str
        One of `DERIVATIONS`.
    options : mapping
        Its options as plain values; those left out take their defaults.
    parent : str, optional
        The data set to derive from (default: the one last ingested).
    name : str, optional
        Of the new data set (default: the parent's name and what was done).
    yes : bool
        Whether a data set of this name that was made in another way is replaced.
    jobs : int, optional
        Clips read at a time, where audio is measured (default: one per core).

    Examples
    --------
    >>> DeriveRequest("windows", {"length": 30.0}, parent="field").command()
    'mxt derive windows --length 30 --hop 30 --dataset field'
    """

    kind: str
    options: Mapping[str, Any]
    parent: str | None = None
    name: str | None = None
    yes: bool = False
    jobs: int | None = None

    def __post_init__(self) -> None:
        from mxt.ingestion.derivations import DERIVATIONS

        if self.kind not in DERIVATIONS:
            raise UnknownName("derivation", self.kind, DERIVATIONS)
        object.__setattr__(self, "options", self.derivation.checked(self.options))

    @classmethod
    def from_dataset(cls, record: DatasetRecord) -> Self:
        """The request that derives a catalogued data set again."""
        return cls(str(record.params["kind"]), _options_of(record), parent_of(record), record.name)

    @property
    def derivation(self) -> Derivation:
        """The way to derive."""
        from mxt.ingestion.derivations import DERIVATIONS

        return DERIVATIONS[self.kind]

    @property
    def how(self) -> str:
        """The derivation as it is typed, without data set and name."""
        return shlex.join(self.derivation.words(self.options))

    def matches(self, record: DatasetRecord, parent: str) -> bool:
        """Whether a catalogued data set was derived in this way from `parent`."""
        return is_derived(record) and (parent, self.kind, self.options) == (
            parent_of(record),
            record.params["kind"],
            _options_of(record),
        )

    def command(self) -> str:
        """The command line that asks for the same."""
        options = [
            ("--dataset", self.parent),
            ("--name", self.name),
            ("--yes", self.yes),
            ("--jobs", self.jobs if self.derivation.reads_audio else None),
        ]
        return typed("derive", *self.derivation.words(self.options), options=options)


def _options_of(record: DatasetRecord) -> dict[str, Any]:
    """Options as they were given: JSON made lists of tuples."""
    options: Mapping[str, Any] = record.params["options"]  # type: ignore[assignment]
    return {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Bring features that were computed elsewhere into the store.

    Parameters
    ----------
    file : Path
        npz, parquet or CSV with clip ids; npy, or one without ids, only with `in_catalogue_order`.
    dataset : str, optional
        Whose clips they are (default: the data set last ingested).
    label : str, optional
        Of the feature table (default: the file's name).
    id_column : str, optional
        Column or array of clip ids (default: recognised by its name).
    in_catalogue_order : bool
        The rows are the clips in the order of ``mxt ls --clips``.

    Examples
    --------
    >>> ImportRequest(Path("x.npy"), label="mine", in_catalogue_order=True).command()
    'mxt import x.npy --as mine --in-catalogue-order'
    """

    file: Path
    dataset: str | None = None
    label: str | None = None
    id_column: str | None = None
    in_catalogue_order: bool = False

    @classmethod
    def from_table(cls, table: FeatureTable, *, dataset: str | None = None) -> Self:
        """The request that imports a feature table again; its file is known by name only.

        Raises
        ------
        UsageError
            The table was not imported from a file.
        """
        about = table.attributes
        if "file" not in about:
            raise UsageError(f"{table.label} was not imported from a file")
        return cls(
            Path(about["file"]),
            dataset,
            table.label,
            about.get("id_column"),
            bool(about.get("in_catalogue_order")),
        )

    def command(self) -> str:
        """The command line that asks for the same."""
        return typed(
            "import",
            self.file,
            options=[
                ("--dataset", self.dataset),
                ("--as", self.label),
                ("--id-column", self.id_column),
                ("--in-catalogue-order", self.in_catalogue_order),
            ],
        )
