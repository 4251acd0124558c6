"""The ways to derive a data set from another one: one record each, from which commands are made, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import UnknownName, UsageError
from mxt.core.params import Param
from mxt.ingestion import cuts, selections
from mxt.ingestion.parents import Made, Parent

MOST_SECONDS = 10_000_000.0
MOST_CLIPS = 1_000_000_000
MEASURES = ("rms", "peak", "lufs")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeriveOption(Param):
    """One option of a derivation: a parameter, and how it is typed.

    Parameters
    ----------
    metavar : str
        What help shows in place of a value.
    required : bool
        Whether it has to be given.
    argument : bool
        Whether it is typed without its name; it is required, then.
    same_as : str
        The option whose value it takes where it is not given.
    """

    metavar: str
    required: bool = False
    argument: bool = False
    same_as: str = ""

    def check(self, value: object) -> Any:
        """`value` as this option's type: lists of words are trimmed, paths made absolute."""
        if self.type == "list":
            words = value.split(",") if isinstance(value, str) else value or ()
            return tuple(word.strip() for word in Param.check(self, words) if word.strip())
        if self.type == "path" and isinstance(value, (str, Path)):
            return str(Path(value).expanduser().absolute())
        return Param.check(self, value)


@dataclass(frozen=True, slots=True)
class Derivation:
    """A way to derive a data set.

    Parameters
    ----------
    kind : str
        Its name, as typed.
    summary : str
        One line for help.
    make : callable
        From the parent and checked options to clips and targets.
    suffix : callable
        From checked options to what follows the parent's name in that of the new data set.
    options : tuple of DeriveOption
        In the order in which they are typed.
    cuts : bool
        Whether it makes other clips; where it does not, the parent's features are there already.
    reads_audio : bool
        Whether clips are read, so that ``--jobs`` matters.
    """

    kind: str
    summary: str
    make: Callable[[Parent, Mapping[str, Any]], Made]
    suffix: Callable[[Mapping[str, Any]], str]
    options: tuple[DeriveOption, ...]
    cuts: bool = False
    reads_audio: bool = False

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options with their types and defaults.

        Raises
        ------
        UsageError
            One is unknown, missing, of another type or out of range.
        """
        names = [option.name for option in self.options]
        for name in given:
            if name not in names:
                raise UnknownName(f"option of {self.kind}", name, names)
        values: dict[str, Any] = {}
        for option in self.options:
            name = option.name
            value = given.get(name, option.default)
            if value is None and option.same_as:
                value = given.get(option.same_as)
            if (option.required or option.argument) and value in (None, ""):
                raise UsageError(f"{self.kind} needs {name}")
            values[name] = option.check(value)
        return values

    def words(self, options: Mapping[str, Any]) -> list[str]:
        """The derivation as it is typed after ``mxt derive``; `options` are complete.

        Examples
        --------
        >>> DERIVATIONS["excerpt"].words({"start": 30.0, "length": 30.0})
        ['excerpt', '--start', '30', '--length', '30']
        >>> DERIVATIONS["classes"].words({"names": ("a", "b"), "target": None})
        ['classes', 'a,b']
        """
        words = [self.kind]
        for option in sorted(self.options, key=lambda option: not option.argument):
            value = options.get(option.name)
            if option.argument:
                words.append(_text(value))
            elif value not in (None, "", ()):
                words += [f"--{option.name}", _text(value)]
        return words


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(_text, value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _excerpt_suffix(options: Mapping[str, Any]) -> str:
    return f"excerpt{options['start']:g}-{options['start'] + options['length']:g}"


def _windows_suffix(options: Mapping[str, Any]) -> str:
    hop = f"-hop{options['hop']:g}" if options["hop"] != options["length"] else ""
    return f"windows{options['length']:g}{hop}"


def _loudness_suffix(options: Mapping[str, Any]) -> str:
    measure = "" if options["measure"] == "rms" else f"-{options['measure']}"
    only = f"-{'_'.join(options['only'])}" if options.get("only") else ""
    return f"loudness{options['parts']}{measure}{only}"


def _seconds(name: str, help: str, least: float, **more: Any) -> DeriveOption:
    default = more.pop("default", None)
    return DeriveOption(
        name, "float", default, help, minimum=least, maximum=MOST_SECONDS, metavar="SECONDS", **more
    )


def _words(name: str, help: str, metavar: str, **more: Any) -> DeriveOption:
    return DeriveOption(name, "list", (), help, item="str", metavar=metavar, **more)


_TARGET = DeriveOption(
    "target", "str", None, "Target that holds the classes (default: the first).", metavar="COLUMN"
)
_ALL = (
    Derivation(
        "excerpt",
        "A part of each clip, e.g. --start 30 --length 30.",
        cuts.excerpt,
        _excerpt_suffix,
        (
            _seconds("start", "Start within the clip.", 0.0, default=0.0),
            _seconds("length", "Longest excerpt; shorter where the clip ends.", 0.01, required=True),
        ),
        cuts=True,
    ),
    Derivation(
        "windows",
        "Windows of long recordings, grouped by recording; what follows the last whole window is not used.",
        cuts.windows,
        _windows_suffix,
        (
            _seconds("length", "Length of a window.", 0.01, required=True),
            _seconds("hop", "From one window to the next (default: --length).", 0.01, same_as="length"),
        ),
        cuts=True,
    ),
    Derivation(
        "loudness-classes",
        "Classes of equal size by loudness, from the quietest (Loud1) to the loudest.",
        selections.loudness_classes,
        _loudness_suffix,
        (
            DeriveOption("parts", "int", 5, "Number of classes.", minimum=2, maximum=1_000_000, metavar="N"),
            _words("only", "Classes to keep (default: all).", "Loud1,Loud5"),
            DeriveOption(
                "measure",
                "choice",
                "rms",
                "Measure of loudness.",
                choices=MEASURES,
                metavar="|".join(MEASURES),
            ),
        ),
        reads_audio=True,
    ),
    Derivation(
        "min-class-size",
        "The classes that have enough clips.",
        selections.min_class_size,
        lambda options: f"min{options['size']}",
        (
            DeriveOption(
                "size",
                "int",
                None,
                "Fewest usable clips of a class.",
                minimum=1,
                maximum=MOST_CLIPS,
                metavar="CLIPS",
                argument=True,
            ),
            _TARGET,
        ),
    ),
    Derivation(
        "classes",
        "Some classes; their column becomes the first target.",
        selections.classes,
        lambda options: "_".join(options["names"]),
        (_words("names", "Classes to keep.", "A,B", argument=True), _TARGET),
    ),
    Derivation(
        "without",
        "All clips except those that a file names: known faults, repeated recordings.",
        selections.without,
        lambda options: f"without-{Path(options['file']).stem}",
        (
            DeriveOption(
                "file",
                "path",
                None,
                "Clips or files to leave out, one per line; or a .csv, .tsv.",
                metavar="FILE",
                argument=True,
            ),
        ),
    ),
    Derivation(
        "nsynth",
        "A subset of NSynth as in Shtern et al. 2017: the two fullest instruments of each family.",
        selections.nsynth,
        lambda options: "_".join([options["subset"], *(options.get("families") or ())]),
        (
            DeriveOption(
                "subset",
                "str",
                None,
                "3 families, 8 families, or 2 organs.",
                metavar="family|instrument|organ",
                argument=True,
            ),
            _words("families", "Families to use (default: the fullest).", "A,B,C"),
        ),
    ),
)
DERIVATIONS: Mapping[str, Derivation] = {derivation.kind: derivation for derivation in _ALL}
