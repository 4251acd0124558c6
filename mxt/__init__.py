"""mxt: which pre-trained representation tells your classes apart, how well, and how sure is that?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from mxt.results.views import OpenStore
    from mxt.workflows.open_bundle import OpenBundle

__version__ = "0.1.0"


def open(store: str | Path = "mxt-store") -> OpenStore:
    """Open a feature store for reading.

    Parameters
    ----------
    store : path
        The store's folder.

    Returns
    -------
    OpenStore
        ``.features(view)`` gives features, targets, groups and clip ids as arrays and data frames.
    """
    from mxt.results.views import OpenStore

    return OpenStore(store)


def load(bundle: str | Path) -> OpenBundle:
    """Open a bundle that ``mxt fit`` made; nothing in it is executed.

    Parameters
    ----------
    bundle : path

    Returns
    -------
    OpenBundle
        ``.predict(paths)`` labels recordings.
    """
    from mxt.workflows.open_bundle import OpenBundle

    return OpenBundle(bundle)
