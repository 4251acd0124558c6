"""The network of a reproduction, and what computes and evaluates each column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mxt.core.errors import UsageError
from mxt.core.stages import Evaluation
from mxt.core.weights import status
from mxt.extraction.request import ExtractRequest
from mxt.papers.shtern2017.records import Network, ShternRequest
from mxt.papers.shtern2017.tasks import Column
from mxt.registry import Registry, plugin_files, split_settings

PROTOCOL = "shtern2017"
HEADS = {True: "linear", False: "forest"}  # of the network's columns, and of Marsyas's
# the paper's network first, then what comes nearest to it; without weights it is drawn at random
PREFERRED = (("inception_v3", "tf2015"), ("inception_v3", "imagenet"), ("efficientnet_lite0", ""))
AT_RANDOM = Network("inception_v3", "", ("random=0",), chosen=True)


@dataclass(frozen=True, slots=True)
class Columns:
    """How columns are computed and evaluated.

    Parameters
    ----------
    network : Network
    protocol : Evaluation
    requests : mapping
        Column to the extraction that computes it, for any data set.
    settings : mapping
        Name of the protocol or a head to its parameters that were given.
    """

    network: Network
    protocol: Evaluation
    requests: Mapping[Column, ExtractRequest]
    settings: Mapping[str, tuple[str, ...]]


def choose_columns(request: ShternRequest, registry: Registry, *, jobs: int | None = None) -> Columns:
    """The network that is asked for, or else the best one with weights on this machine.

    Raises
    ------
    UnknownName, UsageError
        A backbone, weight set or parameter that does not exist; weights without a network.
    """
    network = _network(request, registry)
    spec = registry.find("backbone", network.backbone).spec
    evaluation = [
        registry.find("protocol", PROTOCOL).spec,
        *(registry.find("head", name).spec for name in HEADS.values()),
    ]
    given = split_settings(request.settings, [spec, *evaluation])
    own = tuple(f"{name}={value}" for name, value in given.pop(spec.name).items())
    if any(setting.startswith("random=") for setting in own):
        network = replace(network, settings=())
    network = replace(network, settings=(*network.settings, *own))
    protocol = registry.create("protocol", PROTOCOL, given[PROTOCOL]).choices("classification")
    plugins = plugin_files(registry, ("backbone", network.backbone))
    pictures = ExtractRequest(
        network.backbone,
        settings=tuple(f"{spec.name}.{setting}" for setting in network.settings),
        weights=network.weights or None,
        weights_file=request.weights_file,
        device=request.device,
        jobs=jobs,
        plugins=plugins,
    )
    marsyas = ExtractRequest("marsyas", device=request.device, jobs=jobs)
    requests = {
        Column.NETWORK: pictures,
        Column.NETWORK_PEAK: replace(pictures, normalizer="peak"),
        Column.MARSYAS: marsyas,
        Column.MARSYAS_PEAK: replace(marsyas, normalizer="peak"),
        Column.STACK: replace(pictures, normalizer="loudness_stack"),
    }
    if any(param.name == "renderer" and "sox" in param.choices for param in spec.params):
        requests[Column.COLOUR] = replace(pictures, settings=(*pictures.settings, "renderer=sox"))
    settings = {
        stage: tuple(f"{stage}.{name}={value}" for name, value in values.items())
        for stage, values in given.items()
    }
    return Columns(network, protocol, requests, settings)


def _network(request: ShternRequest, registry: Registry) -> Network:
    if request.network is not None:
        spec = registry.find("backbone", request.network).spec
        first = spec.weights[0].name if spec.weights else ""
        drawn = any(setting.rpartition(".")[2].startswith("random=") for setting in request.settings)
        return Network(spec.name, request.weights or ("" if drawn else first))
    if request.weights or request.weights_file:
        raise UsageError("--weights and --weights-file belong to a --network; name it, too")
    return next(_available(registry), AT_RANDOM)


def _available(registry: Registry) -> Iterator[Network]:
    """The preferred networks whose weights are here."""
    installed = registry.names("backbone")
    for backbone, name in PREFERRED:
        for file in registry.find("backbone", backbone).spec.weights if backbone in installed else ():
            if file.name == (name or file.name) and status(file) == "present":
                yield Network(backbone, file.name, chosen=True)
