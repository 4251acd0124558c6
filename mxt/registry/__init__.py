"""All stages there are, built-in and from plugins, as one immutable value."""

from mxt.registry.choices import PipelineRequest, make_pipeline, split_settings, stages_taking_part
from mxt.registry.folders import read_folder
from mxt.registry.given import given_params, plugin_files
from mxt.registry.loading import build_registry
from mxt.registry.origin import BUILT_IN, Origin
from mxt.registry.registry import Problem, Registered, Registry, blame, kind_named

__all__ = [
    "BUILT_IN",
    "Origin",
    "PipelineRequest",
    "Problem",
    "Registered",
    "Registry",
    "blame",
    "build_registry",
    "given_params",
    "kind_named",
    "make_pipeline",
    "plugin_files",
    "read_folder",
    "split_settings",
    "stages_taking_part",
]
