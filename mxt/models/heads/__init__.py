"""Heads as plain arrays: what a fitted scikit-learn estimator knows, without its code."""

from mxt.models.heads.arrays import Head, Unsupported, from_estimator
from mxt.models.heads.foreign import Foreign
from mxt.models.heads.kernels import Machine
from mxt.models.heads.linear import Linear
from mxt.models.heads.network import Network
from mxt.models.heads.several import Pairwise, Rescaled, Several
from mxt.models.heads.trees import Trees

__all__ = [
    "KINDS",
    "Foreign",
    "Head",
    "Linear",
    "Machine",
    "Network",
    "Pairwise",
    "Rescaled",
    "Several",
    "Trees",
    "Unsupported",
    "from_estimator",
]

KINDS: dict[str, type[Head]] = {
    "foreign": Foreign,
    "linear": Linear,
    "machine": Machine,
    "network": Network,
    "pairwise": Pairwise,
    "rescaled": Rescaled,
    "several": Several,
    "trees": Trees,
}
