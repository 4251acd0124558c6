"""A model's head as an ONNX graph: from features to probabilities, in ordinary operators and float64."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import InputError
from mxt.core.files import atomic_write
from mxt.core.requirements import needed
from mxt.evaluation.calibration import LOWEST, MOST_OF_A_VOTE
from mxt.models.heads import Linear, Machine, Network, Pairwise, Rescaled, Several, Trees, Unsupported
from mxt.models.heads.arrays import Head, pairs
from mxt.models.model import Model
from mxt.models.probabilities import Classes, Labels, Values

OPSET, OPSET_ML = 17, 3
FEATURES, PROBABILITIES, BOUNDS = "features", "probabilities", "value"


@dataclass
class _Graph:
    """Nodes and constants, as they are added."""

    onnx: Any
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def const(self, value: Any, dtype: Any = np.float64) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def cast(self, x: str, kind: str) -> str:
        return self("Cast", x, to=getattr(self.onnx.TensorProto, kind))


def write_onnx(path: Path, model: Model) -> int:
    """Write the head of a model, from features [n, columns] to probabilities (or value and bounds).

    Its metadata name the view, the classes and the fingerprints of the features.

    Returns
    -------
    int
        Size of the file in bytes.

    Raises
    ------
    PluginError
        The package onnx is not installed.
    InputError
        The file cannot be written.
    Unsupported
        The head is no arrays.
    """
    onnx: Any = needed("onnx", by="--onnx", install="pip install 'mxt[onnx]'")
    graph = _Graph(onnx)
    doubles = graph.cast(FEATURES, "DOUBLE")
    centred = graph("Sub", doubles, graph.const(model.mean))
    scaled = graph("Div", graph.cast(graph.cast(centred, "FLOAT"), "DOUBLE"), graph.const(model.scale))
    outputs = _head(graph, model.head, graph.cast(graph.cast(scaled, "FLOAT"), "DOUBLE"))
    name = BOUNDS if model.task == "regression" else PROBABILITIES
    answer = graph.cast(_calibrated(graph, model, outputs), "FLOAT")
    graph.nodes.append(onnx.helper.make_node("Identity", [answer], [name]))
    tensor = onnx.helper.make_tensor_value_info
    columns = len(model.classes) or 3
    made = onnx.helper.make_graph(
        graph.nodes,
        "mxt",
        [tensor(FEATURES, onnx.TensorProto.FLOAT, ["n", len(model.mean)])],
        [tensor(name, onnx.TensorProto.FLOAT, ["n", columns])],
        graph.constants,
    )
    opsets = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid("ai.onnx.ml", OPSET_ML)]
    proto = onnx.helper.make_model(made, producer_name="mxt", opset_imports=opsets, ir_version=8)
    onnx.helper.set_model_props(proto, _about(model))
    onnx.checker.check_model(proto)
    try:
        with atomic_write(path) as file:
            file.write(proto.SerializeToString())
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    return path.stat().st_size


def _about(model: Model) -> dict[str, str]:
    return {
        "view": model.view,
        "target": model.target,
        "classes": json.dumps(model.classes),
        "fingerprints": json.dumps({part.label: part.fingerprint for part in model.parts}),
    }


def _head(graph: _Graph, head: Head, x: str) -> str:
    """Outputs of a head, double [n, outputs]."""
    match head:
        case Linear():
            return graph("Add", graph("MatMul", x, graph.const(head.weights.T)), graph.const(head.offsets))
        case Machine():
            return _machine(graph, head, x)
        case Several():
            return graph("Concat", *(_head(graph, one, x) for one in head.heads), axis=1)
        case Pairwise():
            margins = graph("Concat", *(_head(graph, one, x) for one in head.heads), axis=1)
            scores = _votes(graph, margins, head.classes)
            return scores if head.classes > 2 else graph("Gather", scores, graph.const([1], np.int64), axis=1)
        case Rescaled():
            scaled = graph("Mul", _head(graph, head.head, x), graph.const(head.scale))
            return graph("Add", scaled, graph.const(head.mean))
        case Network():
            return _network(graph, head, x)
        case Trees():
            return _trees(graph, head, x)
    raise Unsupported("only heads that are kept as arrays can be written as ONNX")


def _machine(graph: _Graph, head: Machine, x: str) -> str:
    vectors = head.vectors.astype(np.float64)
    kernel = graph("MatMul", x, graph.const(vectors.T))
    if head.kernel == "rbf":
        squares = graph("ReduceSum", graph("Mul", x, x), graph.const([1], np.int64), keepdims=1)
        both = graph("Add", squares, graph.const((vectors**2).sum(axis=1)))
        distance = graph("Sub", both, graph("Mul", kernel, graph.const(2.0)))
        kernel = graph(
            "Exp", graph("Mul", graph("Max", distance, graph.const(0.0)), graph.const(-head.gamma))
        )
    weighted = graph("MatMul", kernel, graph.const(head.pair_weights().T))
    sums = graph("Add", weighted, graph.const(head.offsets))
    return _votes(graph, graph("Neg", sums), len(head.counts)) if len(head.counts) else sums


def _votes(graph: _Graph, margins: str, n_classes: int) -> str:
    """Votes of pairs as `mxt.models.heads.arrays.votes` counts them."""
    first, second = pairs(n_classes)
    for_first, for_second = np.zeros((2, len(first), n_classes))
    for_first[range(len(first)), first] = 1
    for_second[range(len(second)), second] = 1
    wins = graph.cast(graph("Greater", margins, graph.const(0.0)), "DOUBLE")
    losses = graph("Sub", graph.const(1.0), wins)
    counts = graph(
        "Add",
        graph("MatMul", wins, graph.const(for_second)),
        graph("MatMul", losses, graph.const(for_first)),
    )
    confidence = graph("MatMul", margins, graph.const(for_second - for_first))
    above = graph("Add", graph("Mul", graph("Abs", confidence), graph.const(3.0)), graph.const(3.0))
    return graph("Add", counts, graph("Div", confidence, above))


def _network(graph: _Graph, head: Network, x: str) -> str:
    for layer, (weights, offsets) in enumerate(zip(head.weights, head.offsets, strict=True)):
        x = graph("Add", graph("MatMul", x, graph.const(weights)), graph.const(offsets))
        if layer < len(head.weights) - 1:
            x = graph("Relu", x)
    if head.end == "softmax":
        return graph("Softmax", x, axis=1)
    return graph("Sigmoid", x) if head.end == "logistic" else x


def _trees(graph: _Graph, head: Trees, x: str) -> str:
    """The operator of ONNX for forests; thresholds are rounded down to float32, which compares the same."""
    nodes, n_outputs = len(head.columns), head.values.shape[1]
    tree_of = np.searchsorted(head.roots, np.arange(nodes), side="right") - 1
    number = np.arange(nodes) - head.roots[tree_of]
    leaf = head.left < 0
    thresholds = head.thresholds.astype(np.float32)
    too_high = thresholds.astype(np.float64) > head.thresholds
    thresholds[too_high] = np.nextafter(thresholds[too_high], np.float32(-np.inf))
    leaves = np.flatnonzero(leaf)
    weights = (head.values[leaves] / len(head.roots)).astype(np.float32)

    def following(children: npt.NDArray[np.int64]) -> list[int]:
        return np.where(leaf, 0, children - head.roots[tree_of]).tolist()  # type: ignore[no-any-return]

    total = graph(
        "TreeEnsembleRegressor",
        graph.cast(x, "FLOAT"),
        domain="ai.onnx.ml",
        n_targets=n_outputs,
        nodes_treeids=tree_of.tolist(),
        nodes_nodeids=number.tolist(),
        nodes_featureids=np.where(leaf, 0, head.columns).tolist(),
        nodes_values=np.where(leaf, 0, thresholds).tolist(),
        nodes_modes=["LEAF" if one else "BRANCH_LEQ" for one in leaf],
        nodes_truenodeids=following(head.left),
        nodes_falsenodeids=following(head.right),
        target_treeids=np.repeat(tree_of[leaves], n_outputs).tolist(),
        target_nodeids=np.repeat(number[leaves], n_outputs).tolist(),
        target_ids=np.tile(np.arange(n_outputs), len(leaves)).tolist(),
        target_weights=weights.ravel().tolist(),
    )
    return graph.cast(total, "DOUBLE")


def _calibrated(graph: _Graph, model: Model, outputs: str) -> str:
    """Probabilities of outputs, or value and bounds."""
    match model.calibrated:
        case Classes(scaling):
            if len(model.classes) == 2 and model.head.check(len(model.mean)) == 1:
                outputs = graph("Concat", graph("Neg", outputs), outputs, axis=1)
            if scaling.kind == "probabilities":
                outputs = graph("Log", graph("Max", outputs, graph.const(LOWEST)))
            elif scaling.kind == "votes":
                outputs = _unbounded(graph, outputs)
            certain = graph("Softmax", graph("Mul", outputs, graph.const(scaling.factor)), axis=1)
            kept = graph("Mul", certain, graph.const(1 - scaling.doubt))
            return graph("Add", kept, graph.const(scaling.doubt / len(model.classes)))
        case Labels(kind, slopes, shifts):
            if kind == "probabilities":
                shares = graph("Min", graph("Max", outputs, graph.const(LOWEST)), graph.const(1 - LOWEST))
                outputs = graph("Log", graph("Div", shares, graph("Sub", graph.const(1.0), shares)))
            return graph(
                "Sigmoid", graph("Add", graph("Mul", outputs, graph.const(slopes)), graph.const(shifts))
            )
        case Values(below, above):
            return graph("Add", outputs, graph.const([[0.0, below, above]]))
    raise AssertionError


def _unbounded(graph: _Graph, outputs: str) -> str:
    votes = graph("Round", outputs)
    fraction = graph("Mul", graph("Sub", outputs, votes), graph.const(3.0))
    fraction = graph("Max", fraction, graph.const(-MOST_OF_A_VOTE))
    fraction = graph("Min", fraction, graph.const(MOST_OF_A_VOTE))
    rest = graph("Sub", graph.const(1.0), graph("Abs", fraction))
    return graph("Add", votes, graph("Div", fraction, rest))
