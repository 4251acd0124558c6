"""Imports everything that mxt may import, so that no command of a campaign waits for torch.

The server imports this module; the commands run in its forks.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import pkgutil

import mxt

SLOW = (
    "torch",
    "librosa",
    "sklearn.svm",
    "sklearn.pipeline",
    "sklearn.model_selection",
    "sklearn.neural_network",
    "sklearn.ensemble",
    "zarr",
    "numcodecs",
    "soundfile",
    "soxr",
    "av",
    "h5py",
    "pyarrow.parquet",
    "pyarrow.csv",
    "rich.table",
    "charset_normalizer",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "torchaudio",
    "filelock",
    "pydantic",
    "typer._adapters",  # imports parts of pydantic where there is one, with every command
    "mxt_efficientnet_lite0.plugin",
    "mxt_musicnn.plugin",
    "mxt_spectral_shape.plugin",
    "running",
    "decoders",
)

for name in (
    *SLOW,
    *(
        module.name
        for module in pkgutil.walk_packages(mxt.__path__, "mxt.")
        if not module.name.endswith("__main__")
    ),
):
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
gc.collect()
gc.freeze()  # a fork that collects garbage would otherwise copy all of this
