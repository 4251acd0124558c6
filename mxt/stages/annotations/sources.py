"""Files of annotations as read, the recordings they belong to, and what is to be said of them."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mxt.core.errors import listed
from mxt.core.records import Annotation, Remark
from mxt.core.text import plural
from mxt.stages.annotations.recordings import recording_of
from mxt.stages.datasets.matching import FileIndex, Match


@dataclass(frozen=True)
class Source:
    """A file of annotations as read.

    Parameters
    ----------
    path : str
        Below the root.
    annotations : list of Annotation
        In its order.
    label : str
        Heading of the labels; empty where there is none.
    headings : tuple of str
        Of a table.
    remarks : list of Remark
        What could not be read.
    """

    path: str
    annotations: list[Annotation]
    label: str
    headings: tuple[str, ...] = ()
    remarks: list[Remark] = field(default_factory=list)

    def matches(self, index: FileIndex) -> dict[str, Match]:
        """The recording of each name that annotations give: a column's, else that of the file itself."""
        own, folder = recording_of(self.path, index), posixpath.dirname(self.path)
        matches = {}
        for name in dict.fromkeys(annotation.file for annotation in self.annotations):
            match = own if name == self.path else index.find(name, folder=folder)
            matches[name] = own if own.path and match.how in ("none", "ambiguous") else match
        return matches


def unmatched(source: Source, matches: Mapping[str, Match]) -> Iterator[Remark]:
    """Remarks about annotations whose recording is not there, or unclear."""
    counts = Counter(annotation.file for annotation in source.annotations)
    for name, match in matches.items():
        what = source.path if name == source.path else f"{source.path}, {name}"
        number = plural(counts[name], "annotation")
        if match.how == "ambiguous":
            yield Remark("annotations left out", f"{what}: {number} of {' or '.join(match.candidates)}")
        elif match.how == "none":
            yield Remark("annotations of a recording that is not there", f"{what}: {number}")


def described(source: Source) -> Iterator[Remark]:
    """Remarks about a file without annotations, or without labels."""
    if not source.annotations:
        yield Remark("file without annotations", source.path)
    elif not source.label:
        columns = listed(source.headings)
        yield Remark("no label column found", f"{source.path}: columns are {columns}; name one with --target")
