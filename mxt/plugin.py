"""What plugin authors import: public, light, versioned.

A plugin is a module with one function, `mxt_stages`, marked with `hookimpl`, that returns a `StageSpec` for
each stage it brings: plain values that say what the stage is called, which parameters it has and where its
class is (``target``). The class is a frozen dataclass whose fields are the parameters; it is imported when it
is used, so that listing stages stays quick. A file is named with ``--plugin FILE.py`` (there, ``":Class"``
means a class of the file); a package has an entry point in the group ``mxt``.

The methods of the class, by the kind of stage (the Protocols say what they take and return):

============== =========================================================== =====================
kind           methods                                                     Protocol
============== =========================================================== =====================
``dataset``    ``detect(listing)``, ``clips(listing)``                     `DatasetLoader`
``normalizer`` ``__call__(y, *, sample_rate, levels)``                     `Normalizer`
``renderer``   ``prepare(sample_rate, device)``: function of waveforms     `Renderer`
``backbone``   ``prepare(weights, device)``: function of a batch           `Backbone`
``head``       ``estimator(task, *, seed)``, ``grid(task, *, n_features)`` `Head`
``protocol``   ``choices(task)``: an `Evaluation`                          `EvaluationProtocol`
============== =========================================================== =====================

A library that mxt does not bring is named in the spec's ``requires`` with the line that installs it, and
imported by `imported` where it is used. A backbone is given the path of its `WeightsFile`, verified; of a set
of files (``parts``), that of the folder which holds them.

``mxt plugins new NAME`` writes a backbone to begin with, ``mxt plugins check FILE_OR_NAME`` says which parts
of the contract are broken, and ``mxt.testing.checks_for`` gives the same checks to a test suite. A stage
raises one of the errors below on purpose; any other exception is reported as a fault of the stage.

Example
-------
>>> from mxt.plugin import Layer, Param, StageSpec, hookimpl
>>> spec = StageSpec(kind="backbone", name="loudness", summary="Mean level",
...                  target="mypackage.loudness:Loudness",
...                  sample_rate=16_000, layers=(Layer(1, "level", 1),))
"""

from mxt.core.errors import (
    AudioError,
    EvaluationError,
    InputError,
    PluginError,
    Reason,
    TableError,
    UsageError,
    WeightsError,
)
from mxt.core.hooks import hookimpl
from mxt.core.params import Param
from mxt.core.records import Clip, Detection, Listing, Remark, Target, Task
from mxt.core.requirements import imported
from mxt.core.specs import WAVEFORM, Card, Input, Layer, StageSpec, WeightsFile, Window
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
from mxt.core.weights import place_of
from mxt.core.weights_in_wheels import read_members

API_VERSION = 1

__all__ = [
    "API_VERSION",
    "WAVEFORM",
    "AudioError",
    "Backbone",
    "Card",
    "Clip",
    "DatasetLoader",
    "Detection",
    "Evaluation",
    "EvaluationError",
    "EvaluationProtocol",
    "FeatureBlock",
    "FeatureSet",
    "FeatureSetLoader",
    "Features",
    "Head",
    "Input",
    "InputError",
    "LabelsRows",
    "Layer",
    "Levels",
    "Listing",
    "Normalizer",
    "Param",
    "PluginError",
    "PublishesHashes",
    "Reason",
    "Remark",
    "Renderer",
    "RowAxis",
    "StageSpec",
    "TableError",
    "Target",
    "Task",
    "UsageError",
    "WeightsError",
    "WeightsFile",
    "Window",
    "hookimpl",
    "imported",
    "place_of",
    "read_members",
]
