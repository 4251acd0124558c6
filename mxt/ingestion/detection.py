"""Which loader reads a folder: the one asked for, that of last time, or the one that fits best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mxt.core.errors import InputError, MxtError, PluginError, UnknownName, UsageError, listed, stage_failures
from mxt.core.pipeline import Chosen
from mxt.core.records import DatasetRecord, Listing, Remark
from mxt.core.stages import FeatureSetLoader
from mxt.ingestion.requests import IngestRequest
from mxt.ingestion.walk import place_of
from mxt.registry import Registry, split_settings
from mxt.stages.datasets.suffixes import TABLES, suffix

SURE = 0.9  # from this score on, a loader of features wins over all loaders of clips
GENERAL = "folder"  # where no loader is sure of anything, this one says best what is missing
BUILT_IN = "mxt"  # the distribution that wins where two loaders are equally sure
AS_LAST_TIME = "as last time; --loader chooses anew"
ABOUT = 0.1 + 1e-9  # loaders whose scores differ by less are mentioned


@dataclass(frozen=True)
class Detected:
    """The loader that reads a folder or table.

    Parameters
    ----------
    chosen : Chosen
        Its specification with the parameters.
    loader : object
        The loader itself: a `DatasetLoader`, which names clips, or a `FeatureSetLoader`.
    why : str
        Why this one.
    remarks : tuple of Remark
        Loaders that failed, and layouts that are about as likely.
    """

    chosen: Chosen
    loader: Any
    why: str
    remarks: tuple[Remark, ...] = ()

    @property
    def brings_features(self) -> bool:
        """Whether the data sets come as features, without audio."""
        return isinstance(self.loader, FeatureSetLoader)

    def failed(self, error: BaseException) -> PluginError:
        """The error that names the loader and its distribution."""
        cause = f"{type(error).__name__}: {error}"
        return PluginError(f"dataset {self.chosen.spec.name!r} ({self.chosen.distribution}) failed: {cause}")


def detect(
    listing: Listing, request: IngestRequest, registry: Registry, *, last: DatasetRecord | None = None
) -> Detected:
    """Choose the loader of a listing.

    Parameters
    ----------
    listing : Listing
        What lies there.
    request : IngestRequest
        Its `loader`, if any, is taken; only loaders that have all of its parameters take part.
    last : DatasetRecord, optional
        The same data set as it was ingested before: its loader and parameters are kept where none are given.

    Raises
    ------
    InputError
        No loader recognises anything.
    UsageError
        The loader is unknown, or no loader has one of the parameters.
    """
    if request.loader is not None:
        chosen = choose_loader(registry, request.loader, listing, request.params, request.settings)
        return Detected(chosen, registry.build(chosen), "chosen with --loader")
    repeated = last if last is not None and _is_repeated(last, request, listing) else None
    offers, broken = _offers(listing, request, registry, only_features=repeated is not None)
    for score, offer in offers:
        if score >= SURE and offer.brings_features:
            return offer
    if repeated is not None:
        chosen = choose_loader(registry, repeated.loader, listing, repeated.params)
        return Detected(chosen, registry.build(chosen), AS_LAST_TIME)
    if not offers:
        raise _no_such_parameters(request, registry)
    return _surest(listing, offers, broken)


def _is_repeated(last: DatasetRecord, request: IngestRequest, listing: Listing) -> bool:
    """Whether loader and parameters are kept: none are given, nor a table to a loader of folders."""
    return not request.parameter_names and (last.loader == "table" or not listing.table)


def choose_loader(
    registry: Registry,
    name: str,
    listing: Listing,
    params: Mapping[str, Any],
    settings: Sequence[str] = (),
) -> Chosen:
    """A loader with its parameters; a table named as PATH becomes one of them, so that it is recorded."""
    spec = registry.find("dataset", name).spec
    given = dict(params) | split_settings(settings, [spec])[name]
    if listing.table is not None and any(param.name == "table" for param in spec.params):
        given["table"] = listing.table
    return registry.choose("dataset", name, given)


def _offers(
    listing: Listing, request: IngestRequest, registry: Registry, *, only_features: bool
) -> tuple[list[tuple[float, Detected]], list[Remark]]:
    """Loaders that have all the parameters, and how sure each is; one that fails does not stop the others."""
    offers, broken = [], []
    for name in registry.names("dataset"):
        if request.parameter_names - {param.name for param in registry.find("dataset", name).spec.params}:
            continue
        try:
            chosen = choose_loader(registry, name, listing, request.params, request.settings)
            if _is_text(listing) and "table" not in chosen.params:
                continue
            loader = registry.build(chosen)
            if only_features and not isinstance(loader, FeatureSetLoader):
                continue
            detection = loader.detect(listing)
            if not 0 <= detection.score <= 1:
                raise PluginError(f"its score is {detection.score}, which is not between 0 and 1")
        except UsageError:
            raise
        except stage_failures() as error:
            cause = str(error) if isinstance(error, MxtError) else repr(error)
            broken.append(Remark("loader that failed", f"{name}: {cause}"))
        else:
            offers.append((detection.score, Detected(chosen, loader, detection.reason)))
    return offers, broken


def _no_such_parameters(request: IngestRequest, registry: Registry) -> UsageError | InputError:
    wanted = sorted(request.parameter_names)
    known = {
        param.name
        for name in registry.names("dataset")
        for param in registry.find("dataset", name).spec.params
    }
    unknown = next((name for name in wanted if name not in known), None)
    if unknown is not None:
        return UnknownName("parameter of a dataset loader", unknown, known)
    return InputError(f"no dataset loader has all of the parameters {listed(wanted)}")


def _is_text(listing: Listing) -> bool:
    """Whether the file that was named may be anything: only a loader that reads it says what it is."""
    return listing.table is not None and suffix(listing.table) not in TABLES


def _surest(listing: Listing, offers: Sequence[tuple[float, Detected]], broken: Sequence[Remark]) -> Detected:
    highest, best = max(offers, key=lambda offer: (offer[0], offer[1].chosen.distribution == BUILT_IN))
    if highest <= 0 and _is_text(listing):
        raise InputError(f"{place_of(listing)} is neither a folder nor a table, nor annotations ({best.why})")
    if highest <= 0:
        reason = next((offer.why for _, offer in offers if offer.chosen.spec.name == GENERAL), best.why)
        raise InputError(f"{place_of(listing)}: nothing here is recognised as labelled audio ({reason})")
    alike = [
        Remark(
            "another layout is about as likely",
            f"{offer.chosen.spec.name} ({offer.why}); --loader {offer.chosen.spec.name} chooses it",
        )
        for score, offer in offers
        if offer is not best and 0 < score >= highest - ABOUT
    ]
    return replace(best, remarks=(*broken, *alike))
