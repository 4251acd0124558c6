"""What plugin authors import: public, light, versioned.

Example
-------
>>> from mxt.plugin import Layer, Param, StageSpec, hookimpl
>>> spec = StageSpec(kind="backbone", name="loudness", summary="Mean level", target="mypackage.loudness:Loudness",
...                  sample_rate=16_000, layers=(Layer(1, "level", 1),))
"""

from mxt.core.errors import AudioError, InputError, PluginError, Reason, TableError, UsageError, WeightsError
from mxt.core.records import Clip, Detection, Listing, Remark, Target, Task
from mxt.core.specs import WAVEFORM, Input, Layer, Param, StageSpec, WeightsFile, Window, hookimpl
from mxt.core.stages import Backbone, DatasetLoader, Evaluation, EvaluationProtocol, Features, Head, Levels, Normalizer, Renderer

API_VERSION = 1

__all__ = [
    "API_VERSION", "WAVEFORM", "AudioError", "Backbone", "Clip", "DatasetLoader", "Detection", "Evaluation",
    "EvaluationProtocol", "Features", "Head", "Input", "InputError", "Layer", "Levels", "Listing", "Normalizer", "Param",
    "PluginError", "Reason", "Remark", "Renderer", "StageSpec", "TableError", "Target", "Task", "UsageError",
    "WeightsError", "WeightsFile", "Window", "hookimpl",
]  # fmt: skip
