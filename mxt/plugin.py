"""What plugin authors import: public, light, versioned.

Example
-------
>>> from mxt.plugin import Layer, Param, StageSpec, hookimpl
>>> spec = StageSpec(kind="backbone", name="loudness", summary="Mean level", target="mypackage.loudness:Loudness",
...                  sample_rate=16_000, layers=(Layer(1, "level", 1),))
"""

from mxt.core.errors import AudioError, InputError, PluginError, Reason, TableError, UsageError, WeightsError
from mxt.core.params import Param
from mxt.core.records import Clip, Detection, Listing, Remark, Target, Task
from mxt.core.specs import WAVEFORM, Card, Input, Layer, StageSpec, WeightsFile, Window, hookimpl
from mxt.core.stages import (
    Backbone,
    DatasetLoader,
    Evaluation,
    EvaluationProtocol,
    FeatureBlock,
    Features,
    FeatureSet,
    FeatureSetLoader,
    Head,
    LabelsRows,
    Levels,
    Normalizer,
    PublishesHashes,
    Renderer,
    RowAxis,
)
from mxt.core.wheels import read_members

API_VERSION = 1

__all__ = [
    "API_VERSION", "WAVEFORM", "AudioError", "Backbone", "Card", "Clip", "DatasetLoader", "Detection", "Evaluation",
    "EvaluationProtocol", "FeatureBlock", "FeatureSet", "FeatureSetLoader", "Features", "Head", "Input", "InputError",
    "LabelsRows", "Layer", "Levels", "Listing", "Normalizer", "Param", "PluginError", "PublishesHashes", "Reason", "Remark",
    "Renderer", "RowAxis", "StageSpec", "TableError", "Target", "Task", "UsageError", "WeightsError", "WeightsFile", "Window",
    "hookimpl", "read_members",
]  # fmt: skip
