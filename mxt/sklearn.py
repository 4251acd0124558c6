"""mxt in scikit-learn: a transformer from audio files to the features of a pre-trained network.

Examples
--------
>>> from mxt.sklearn import AudioFeatures
>>> pipeline = make_pipeline(AudioFeatures("convnet"), StandardScaler(), SVC())  # doctest: +SKIP
>>> search = GridSearchCV(pipeline, {"audiofeatures__layers": ["5", "135", "12345"]})  # doctest: +SKIP
>>> search.fit(paths, labels)  # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from mxt.core.errors import InputError, listed
from mxt.core.views import choose_layers
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry, build_registry
from mxt.results.views import column_names
from mxt.workflows.extract_files import extract_files

if TYPE_CHECKING:
    import numpy.typing as npt

PATIENCE = 3600.0  # seconds to wait for another process that computes the same features


class AudioFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Features of audio files by a backbone of mxt, kept in a store.

    A file is computed once, by its content: for all folds and candidates of a search, for later sessions, and
    for ``mxt extract``. All layers of the backbone are kept, so that a search over `layers` computes nothing
    anew. Nothing is learnt from the files given to `fit`.

    Parameters
    ----------
    backbone : str
        As ``mxt stages backbones`` lists them.
    layers : str, optional
        Such as ``"135"``, layer names, or ``"all"``; by default those that the backbone names.
    normalizer : str
        What is done to the level of a file first.
    settings : sequence of str
        Parameters of stages, ``"NAME=VALUE"``.
    weights : str, optional
        The weight set; by default the first one.
    store : str or Path
        The store's folder; made where there is none.
    plugins : sequence of str or Path
        One-file plugins that bring the stages.
    device : str
        ``"auto"``, ``"cpu"`` or ``"cuda"``.
    jobs : int, optional
        Parallel workers; by default one per core.

    Examples
    --------
    >>> AudioFeatures("mfcc").fit_transform(["a.wav", "b.wav"]).shape  # doctest: +SKIP
    (2, 120)
    """

    def __init__(
        self,
        backbone: str = "mfcc",
        *,
        layers: str | None = None,
        normalizer: str = "none",
        settings: Sequence[str] = (),
        weights: str | None = None,
        store: str | Path = "mxt-store",
        plugins: Sequence[str | Path] = (),
        device: str = "auto",
        jobs: int | None = None,
    ) -> None:
        self.backbone = backbone
        self.layers = layers
        self.normalizer = normalizer
        self.settings = settings
        self.weights = weights
        self.store = store
        self.plugins = plugins
        self.device = device
        self.jobs = jobs

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check that there is a backbone of this name with these layers and settings; learn nothing.

        Parameters
        ----------
        X : sequence of path [n], or one column [n, 1]
        y : ignored

        Raises
        ------
        TypeError, ValueError
            `X` holds no paths.
        UsageError
            A stage, parameter or layer that is not there.
        """
        self._paths(X)
        self.get_feature_names_out()
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Features of audio files.

        Parameters
        ----------
        X : sequence of path [n], or one column [n, 1]

        Returns
        -------
        float32 [n, columns]

        Raises
        ------
        InputError
            Files that cannot be used; they are named.
        """
        paths = self._paths(X)
        answer = extract_files(Path(self.store), self._request(), self._registry(), paths, wait=PATIENCE)
        if answer.failures:
            path, why = next(iter(answer.failures.items()))
            more = f"; {len(answer.failures):,} files in all: {listed(answer.failures, 5)}"
            raise InputError(f"{path}: {why}{more if len(answer.failures) > 1 else ''}")
        return answer.X

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Names of the columns: table, layer, number."""
        pipeline = self._request().pipeline(self._registry())
        spec = pipeline.backbone.spec
        layers = choose_layers(self.layers or spec.default_layers, spec.layers, of=spec.name)
        return np.array(column_names(pipeline.label, layers), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _request(self) -> ExtractRequest:
        return ExtractRequest(
            self.backbone,
            layers=self.layers,
            settings=tuple(self.settings),
            normalizer=self.normalizer,
            weights=self.weights,
            device=self.device,
            jobs=self.jobs,
            plugins=tuple(map(Path, self.plugins)),
        )

    def _registry(self) -> Registry:
        return _registry(tuple(map(str, self.plugins)))

    def _paths(self, X: Any) -> list[str]:
        """The paths of a sequence, or of the one column of a table."""
        if isinstance(X, (str, bytes, os.PathLike)):
            raise TypeError(f"a list of paths is needed, not one path: [{str(X)!r}]")
        column = np.asarray(X, dtype=object)
        if column.ndim == 2 and column.shape[1] == 1:
            column = column[:, 0]
        if column.ndim != 1:
            raise ValueError(f"paths are [n] or one column [n, 1], not of the shape {column.shape}")
        wrong = next((path for path in column if not isinstance(path, (str, os.PathLike))), None)
        if wrong is not None:
            raise TypeError(f"paths of audio files are needed, not {type(wrong).__name__}: {wrong!r:.80}")
        return [os.fspath(path) for path in column]


@lru_cache(maxsize=8)
def _registry(plugins: tuple[str, ...]) -> Registry:
    return build_registry([Path(path) for path in plugins])
