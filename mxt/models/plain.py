"""Models as plain values and arrays, and back: one pair of functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.evaluation.assess import Score
from mxt.evaluation.calibration import Scaling
from mxt.evaluation.interval import Interval
from mxt.models.heads import KINDS, Head
from mxt.models.likeness import Likeness
from mxt.models.model import Card, HeldOut, Model, Part
from mxt.models.probabilities import Calibrated, Classes, Labels, Values

Arrays = dict[str, npt.NDArray[Any]]
Plain = dict[str, Any]
DEEPEST = 4  # heads inside heads
_KIND_OF = {kind: name for name, kind in KINDS.items()}


def to_plain(model: Model) -> tuple[Plain, Arrays]:
    """A model as plain values and named arrays; `from_plain` gives it back."""
    arrays: Arrays = {
        "mean": model.mean,
        "scale": model.scale,
        "likeness.rows": model.likeness.rows,
        "likeness.reach": model.likeness.reach,
        "likeness.unusual": model.likeness.unusual,
        "held_out.values": model.held_out.values,
        "held_out.y": model.held_out.y,
        "held_out.unit": model.held_out.unit,
        "learnt": model.learnt,
    }
    head = _dismantled(model.head, "head", arrays)
    plain: Plain = {
        "view": model.view,
        "target": model.target,
        "task": model.task,
        "classes": list(model.classes),
        "parts": [dataclasses.asdict(part) for part in model.parts],
        "head": head,
        "calibrated": {"type": type(model.calibrated).__name__} | dataclasses.asdict(model.calibrated),
        "brier": {
            "before": _number(model.held_out.brier_before),
            "after": _number(model.held_out.brier_after),
        },
        "scores": {score.name: _interval(score.interval) for score in model.scores},
        "card": dataclasses.asdict(model.card),
    }
    return plain, arrays


def from_plain(plain: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Model:
    """The model that `to_plain` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        It is not such a model, or its parts do not fit together.
    """
    card = dict(plain["card"])
    brier = plain["brier"]
    model = Model(
        parts=tuple(_part(part) for part in plain["parts"]),
        target=_text(plain["target"]),
        task=plain["task"],
        classes=tuple(map(_text, plain["classes"])),
        mean=arrays["mean"],
        scale=arrays["scale"],
        head=_assembled(plain["head"], arrays, 0),
        calibrated=_calibrated(plain["calibrated"]),
        likeness=Likeness(*(arrays[f"likeness.{name}"] for name in ("rows", "reach", "unusual"))),
        held_out=HeldOut(
            arrays["held_out.values"],
            arrays["held_out.y"],
            arrays["held_out.unit"],
            *(float("nan") if brier[when] is None else float(brier[when]) for when in ("before", "after")),
        ),
        scores=tuple(Score(name, Interval.from_plain(score)) for name, score in plain["scores"].items()),
        learnt=arrays["learnt"],
        card=Card(**card | {"seconds": tuple(card["seconds"]), "cautions": tuple(card["cautions"])}),
        view=_text(plain["view"]),
    )
    _check(model)
    return model


def _check(model: Model) -> None:
    """Raise `ValueError` where the parts of a model do not fit together."""
    columns, n_classes = sum(part.columns for part in model.parts), len(model.classes)
    n_values = 3 if model.task == "regression" else n_classes
    n_held_out = len(model.held_out.values)
    shapes: list[tuple[str, npt.NDArray[Any], tuple[int, ...]]] = [
        ("mean", model.mean, (columns,)),
        ("scale", model.scale, (columns,)),
        ("likeness.rows", model.likeness.rows, (len(model.likeness.rows), columns)),
        ("likeness.reach", model.likeness.reach, (len(model.likeness.rows),)),
        ("likeness.unusual", model.likeness.unusual, (model.likeness.unusual.size,)),
        ("held_out.values", model.held_out.values, (n_held_out, n_values)),
        ("held_out.unit", model.held_out.unit, (n_held_out,)),
        (
            "held_out.y",
            model.held_out.y,
            (n_held_out, n_values) if model.task == "multilabel" else (n_held_out,),
        ),
    ]
    for name, array, shape in shapes:
        if array.shape != shape:
            raise ValueError(f"{name} has the shape {list(array.shape)}, expected {list(shape)}")
    if not (model.scale > 0).all() or not len(model.likeness.rows) or not model.scores:
        raise ValueError("scale, likeness or scores are empty or not positive")
    expected: dict[str, tuple[type[Calibrated], tuple[int, ...]]] = {
        "classification": (Classes, (1,) if n_classes == 2 else (n_classes,)),
        "multilabel": (Labels, (n_classes,)),
        "regression": (Values, (1,)),
    }
    kind, outputs = expected[model.task]
    given = model.head.check(columns)
    if not isinstance(model.calibrated, kind) or given not in (*outputs, n_classes):
        raise ValueError(f"{given} outputs do not make {model.task} of {n_classes} classes")
    if isinstance(model.calibrated, Labels) and len(model.calibrated.slopes) != n_classes:
        raise ValueError("calibration of another number of labels")


def _dismantled(head: Head, at: str, arrays: Arrays) -> Plain:
    """A head without its arrays, which go to `arrays` under names that begin with `at`."""
    plain: Plain = {"kind": _KIND_OF[type(head)]}
    for field in dataclasses.fields(head):  # type: ignore[arg-type]
        value, name = getattr(head, field.name), f"{at}.{field.name}"
        plain[field.name] = _dismantled_value(value, name, arrays)
    return plain


def _dismantled_value(value: Any, name: str, arrays: Arrays) -> Any:
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if isinstance(value, tuple):
        return [_dismantled_value(item, f"{name}.{i}", arrays) for i, item in enumerate(value)]
    return _dismantled(value, name, arrays) if type(value) in _KIND_OF else value


def _assembled(plain: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], depth: int) -> Head:
    """The head that `_dismantled` took apart."""
    if depth > DEEPEST:
        raise ValueError("heads inside heads inside heads")
    kind = KINDS[plain["kind"]]
    values = {
        field.name: _assembled_value(plain[field.name], arrays, depth)
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]
    }
    return kind(**values)


def _assembled_value(value: Any, arrays: Mapping[str, npt.NDArray[Any]], depth: int) -> Any:
    if isinstance(value, list):
        return tuple(_assembled_value(item, arrays, depth) for item in value)
    if isinstance(value, Mapping):
        return arrays[value["array"]] if "array" in value else _assembled(value, arrays, depth + 1)
    return value


def _calibrated(plain: Mapping[str, Any]) -> Calibrated:
    if plain["type"] == "Classes":
        scaling = Scaling(**plain["scaling"])
        if not 0 <= scaling.doubt <= 1 or not 0 < scaling.factor < float("inf"):
            raise ValueError("a calibration that makes no probabilities")
        return Classes(scaling)
    if plain["type"] == "Labels":
        return Labels(plain["kind"], tuple(plain["slopes"]), tuple(plain["shifts"]))
    return Values(float(plain["below"]), float(plain["above"]))


def _part(plain: Mapping[str, Any]) -> Part:
    layers = tuple((_text(name), int(dimension)) for name, dimension in plain["layers"])
    return Part(_text(plain["label"]), layers, dict(plain["pipeline"]), _text(plain["fingerprint"]))


def _interval(interval: Interval) -> Plain:
    return {name: _number(value) for name, value in interval.to_plain().items()}


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
