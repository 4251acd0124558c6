"""A module of the HEAR interface: imported, loaded, asked for embeddings, and held to what it states.

References
----------
https://hearbenchmark.com/hear-api.html
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mxt.core.errors import AudioError, InputError, PluginError, Reason, stage_failures
from mxt.core.specs import WeightsFile
from mxt.core.text import shortened
from mxt.core.weights import place_of
from mxt.stages.backbones.models import needed_model, own_file

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

INTERFACE = "the HEAR interface (https://hearbenchmark.com/hear-api.html)"
SIZES = ("sample_rate", "scene_embedding_size", "timestamp_embedding_size")


@dataclass(frozen=True, slots=True)
class HearModule:
    """A module with its model in memory.

    Parameters
    ----------
    name : str
        As it is imported.
    module : module
    model : torch.nn.Module or tensorflow.Module
        What its ``load_model`` returned.
    sample_rate : int
        Hz.
    scene_size, timestamp_size : int
        Dimensions of embeddings; of timestamps 0 where it gives none.
    files : tuple of WeightsFile
        Everything that decides the embeddings: the files of its package, that of the weights, and the weights
        in memory.
    """

    name: str
    module: ModuleType
    model: Any
    sample_rate: int
    scene_size: int
    timestamp_size: int
    files: tuple[WeightsFile, ...]
    _lock: Lock = field(default_factory=Lock)

    def move(self, device: str) -> None:
        """Bring the model to ``"cpu"`` or ``"cuda"``; TensorFlow chooses for itself."""
        if hasattr(self.model, "to"):
            self.model.to(device)

    def scene(self, y: Array, device: str) -> Array:
        """The embedding of a clip [samples], float32 [dimension].

        Raises
        ------
        PluginError
            It has another shape than the module states.
        """
        embeddings = self._call("get_scene_embeddings", y, device, shape=(1, self.scene_size))[0]
        scene: Array = embeddings[0]
        return scene

    def timestamps(self, y: Array, device: str) -> Array:
        """Embeddings along a clip [samples], float32 [timestamps, dimension].

        Raises
        ------
        PluginError
            They have other shapes than the module states.
        AudioError
            There are none, since the clip is too short.
        """
        shape = (1, None, self.timestamp_size)
        embeddings, times = self._call("get_timestamp_embeddings", y, device, shape=shape)
        if times.shape != embeddings.shape[:2]:
            raise PluginError(
                f"{self.name}: get_timestamp_embeddings gives {embeddings.shape[1]} embeddings of one clip, "
                f"and times of the shape {list(times.shape)}"
            )
        if not embeddings.shape[1]:
            raise AudioError(Reason.TOO_SHORT, f"{self.name} gives no embeddings of {len(y)} samples")
        frames: Array = embeddings[0]
        return frames

    def _call(self, function: str, y: Array, device: str, *, shape: tuple[int | None, ...]) -> list[Any]:
        """Call a function of the module with a batch of one clip.

        One call is made at a time: the interface does not say that a model may be used by several threads.
        """
        with self._lock:
            returned = getattr(self.module, function)(self._batch(y, device), self.model)
        values = [_array(value) for value in (returned if isinstance(returned, tuple) else (returned,))]
        wanted = 1 if function == "get_scene_embeddings" else 2
        if len(values) != wanted or not _fits(values[0], shape):
            expected = ["timestamps" if size is None else size for size in shape]
            got = " and ".join(f"{value.dtype} {list(value.shape)}" for value in values)
            raise PluginError(
                f"{self.name}: {function} gives {got} for one clip, expected float32 "
                f"[{', '.join(map(str, expected))}]{' and their times' * (wanted - 1)}, as its model states"
            )
        return values

    def _batch(self, y: Array, device: str) -> Any:
        if hasattr(self.model, "to"):
            import torch

            return torch.from_numpy(y.copy())[None].to(device)
        return importlib.import_module("tensorflow").convert_to_tensor(y[None])

    def distribution(self) -> str:
        """The package that brings the module, with its version; empty where none is known."""
        names = importlib.metadata.packages_distributions().get(self.name.partition(".")[0], [])
        return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in dict.fromkeys(names))


def loaded(model: str) -> HearModule:
    """Import a module that the user names, and load its model: once, unless other weights are in the file.

    Importing it runs its code. Random numbers of torch begin at one seed, so that a model whose weights are
    drawn is the same each time.

    Parameters
    ----------
    model : str
        ``MODULE``, as in ``import``, or ``MODULE@WEIGHTS``: the file that its ``load_model`` is given.

    Raises
    ------
    UsageError
        `model` is empty.
    InputError
        It cannot be imported or loaded, or is not of the HEAR interface.
    """
    name, _, path = needed_model(model, backbone="hear", example="MODULE[@WEIGHTS]").partition("@")
    return _loaded(name, own_file("weights", Path(path).expanduser()) if path else None)


@lru_cache(maxsize=1)
def _loaded(name: str, weights: WeightsFile | None) -> HearModule:
    import torch

    module = _imported(name)
    paths = [str(place_of(weights))] if weights else []
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        try:
            model = module.load_model(*paths)
        except stage_failures() as error:
            raise InputError(f"load_model of {name} fails: {_words(error)}") from error
    if isinstance(model, torch.nn.Module):
        model.eval()
    elif not any(kind.__module__.startswith(("tensorflow", "keras")) for kind in type(model).__mro__):
        raise InputError(
            f"load_model of {name} returns a {type(model).__name__}, expected a torch.nn.Module or a "
            f"tensorflow.Module: {INTERFACE}"
        )
    for size in SIZES:
        value = getattr(model, size, None)
        if not isinstance(value, int) or value < 1:
            got = "nothing" if value is None else repr(value)
            raise InputError(f"the model of {name} says {got} as its {size}, expected a number: {INTERFACE}")
    timestamps = model.timestamp_embedding_size if hasattr(module, "get_timestamp_embeddings") else 0
    state = WeightsFile("state", "the weights in memory", sha256=_hash_of_state(model))
    files = (*_files_of(module), *filter(None, [weights]), state)
    return HearModule(name, module, model, model.sample_rate, model.scene_embedding_size, timestamps, files)


def _imported(name: str) -> ModuleType:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise InputError(
                f"--model {name}: this Python has no module {error.name!r}; install the package that brings "
                "it with pip, or name its folder in PYTHONPATH"
            ) from error
        raise InputError(f"--model {name} cannot be imported: {_words(error)}") from error
    except stage_failures() as error:
        raise InputError(f"--model {name} cannot be imported: {_words(error)}") from error
    for function in ("load_model", "get_scene_embeddings"):
        if not callable(getattr(module, function, None)):
            raise InputError(f"{name} has no function {function}, so it is not a module of {INTERFACE}")
    return module


def _words(error: BaseException) -> str:
    return shortened(f"{type(error).__name__}: {' '.join(str(error).split())}")


def _files_of(module: ModuleType) -> Iterator[WeightsFile]:
    """The module, then the rest of its package: code, settings, weights, but nothing hidden or compiled."""
    path = Path(str(module.__file__))
    package = importlib.import_module(module.__name__.partition(".")[0])
    if package.__file__ is None:  # a namespace, of which others may have parts
        package = module
    folder = Path(str(package.__file__)).parent
    yield own_file(module.__name__, path)
    for file in sorted(folder.rglob("*")) if hasattr(package, "__path__") else ():
        inner = file.relative_to(folder).parts
        passed_over = file == path or "__pycache__" in inner or any(part.startswith(".") for part in inner)
        if file.is_file() and not passed_over:
            yield own_file(file.relative_to(folder.parent).as_posix(), file)


def _hash_of_state(model: Any) -> str:
    """Hash of a model's weights with their names, wherever they came from: files, the network, chance."""
    import torch

    total = hashlib.sha256()
    if isinstance(model, torch.nn.Module):
        state = {name: value for name, value in model.state_dict().items() if torch.is_tensor(value)}
    else:
        state = {f"{number} {value.name}": value for number, value in enumerate(model.variables)}
    for name, value in state.items():
        total.update(f"{name} {value.dtype} {list(value.shape)}\n".encode())
        if torch.is_tensor(value):
            value = value.cpu().flatten().view(torch.uint8)
        total.update(_array(value).tobytes())
    return total.hexdigest()


def _array(value: Any) -> Any:
    """A tensor of either library as a NumPy array."""
    import numpy as np

    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _fits(values: Array, shape: tuple[int | None, ...]) -> bool:
    sizes = values.shape
    return (
        values.dtype.kind == "f"
        and len(sizes) == len(shape)
        and all(want in (None, size) for want, size in zip(shape, sizes, strict=True))
    )
