"""Bundles in Python: ``mxt.load("genres.mxt").predict(paths)``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.models.bundle import read_bundle

if TYPE_CHECKING:
    from mxt.models.model import Card
    from mxt.workflows.predict import Predicted


class OpenBundle:
    """A bundle opened from Python.

    Parameters
    ----------
    path : str or Path
        As ``mxt fit`` wrote it.

    Raises
    ------
    BundleError
        It cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.model = read_bundle(self.path)

    def __repr__(self) -> str:
        model = self.model
        return f"<bundle {model.name}: {model.target} from {model.view}, {len(model.classes)} classes>"

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes or labels; empty where numbers are predicted."""
        return self.model.classes

    @property
    def card(self) -> Card:
        """What it learnt from, and how."""
        return self.model.card

    def predict(
        self, paths: str | Path | Iterable[str | Path], *, store: str | Path = "mxt-store", **options: Any
    ) -> Predicted:
        """Label recordings.

        Parameters
        ----------
        paths : path or iterable of paths
            Files and folders.
        store : path
            Whose features are used, where there is one.
        **options
            As of `mxt.workflows.predict_request.PredictRequest`: `window`, `hop`, `top`, `precision`, ….

        Returns
        -------
        Predicted
            With `rows`, and `failures` for what could not be used.
        """
        from mxt.registry import build_registry
        from mxt.workflows.predict import predict
        from mxt.workflows.predict_request import PredictRequest

        given = [paths] if isinstance(paths, (str, Path)) else list(paths)
        request = PredictRequest((self.path,), tuple(map(Path, given)), **options)
        return predict(Path(store), request, build_registry(request.plugins))
