"""Whether the pipeline that is here computes what a model was fitted to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mxt.core.errors import PluginError, WeightsError
from mxt.core.identity import canonical_json
from mxt.models.model import Part

STAGES = ("backbone", "renderer", "normalizer")


def check_pipeline(part: Part, here: Mapping[str, Any], *, model: str) -> None:
    """Refuse a pipeline whose features would not be those that a model was fitted to.

    Parameters
    ----------
    part : Part
        Of the model.
    here : mapping
        Identity of the pipeline as this mxt, with the plugins that are installed, makes it.
    model : str
        Name of the model, for the message.

    Raises
    ------
    WeightsError
        The weights have another hash.
    PluginError
        A stage has another version, other parameters, or was edited.
    """
    there = part.pipeline
    if canonical_json(there) == canonical_json(here):
        return
    mine, theirs = (identity.get("weights") or {} for identity in (here, there))
    if mine.get("sha256") != theirs.get("sha256"):
        raise WeightsError(
            f"{model} was fitted to {part.label} with weights {theirs.get('name')} of sha256 "
            f"{theirs.get('sha256')}; here they have {mine.get('sha256')}: its predictions would mean nothing"
        )
    differences = "; ".join(_differences(there, here)) or "it is put together in another way"
    raise PluginError(
        f"{model} was fitted to features of {part.label} that are not computed here any more: {differences}. "
        "Install the version that computed them, or fit it again"
    )


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    for kind in STAGES:
        old, new = there.get(kind) or {}, here.get(kind) or {}
        name = f"{kind} {old.get('name') or new.get('name')}"
        for what in ("distribution", "version", "params"):
            if old.get(what) != new.get(what):
                yield f"{name} has {what} {new.get(what)} here, {old.get(what)} in the bundle"
        if old.get("source_sha256") != new.get("source_sha256"):
            yield f"{name} has been edited since"
    for what in ("decoding", "resampler", "sample_rate", "window", "layers"):
        if there.get(what) != here.get(what):
            yield f"{what} is {here.get(what)} here, {there.get(what)} in the bundle"
