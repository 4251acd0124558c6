"""The evaluation of Shtern et al. 2017: that of TensorFlow's image retraining tutorial, run five times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mxt.core.errors import UsageError
from mxt.core.records import Task
from mxt.core.stages import Evaluation

NOISE = 0.02


@dataclass(frozen=True, slots=True)
class Shtern2017:
    """One split by the hash of the file names, kept when files are added; several runs of the head, averaged.

    The validation part watches and learns nothing; where a head has parameters to choose, it chooses them.

    Parameters
    ----------
    runs : int
        Of the head, each with a seed of its own.
    valid, test : float
        Percent of the files; the others are learnt from.
    hash : {"name", "path"}
        The file's own name, or its path below the data set's root (where names repeat in folders). What
        follows ``_nohash_`` is left out, so that variants of a file keep to its side.
    standardise : bool
        Whether columns are standardised on the learning part; the paper's are as the network gives them.

    References
    ----------
    Shtern et al. 2017, section 3; tensorflow/examples/image_retraining/retrain.py, create_image_lists (which
    hashes the whole path: there a split changes with the folder it lies in)
    """

    runs: int = 5
    valid: float = 10.0
    test: float = 10.0
    hash: Literal["name", "path"] = "name"
    standardise: bool = False

    def choices(self, task: Task) -> Evaluation:
        """The same for every task.

        Raises
        ------
        UsageError
            Nothing is left to learn from.
        """
        if self.valid + self.test >= 100:
            raise UsageError(
                f"valid and test leave nothing to learn from: {self.valid:g} % and {self.test:g} %"
            )
        return Evaluation(
            outer="hash",
            hash_of=self.hash,
            hash_percent=(self.valid, self.test),
            runs=self.runs,
            standardise=self.standardise,
            noise=NOISE,
            head="linear" if task != "regression" else "",
            head_params=(("preset", "tutorial"),) if task != "regression" else (),
        )
