"""Results that earlier versions of mxt saved, brought into today's form."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from mxt.results.request import EvaluateRequest, SearchRequest

Plain = dict[str, Any]
_FIELDS = {
    "--dataset": "datasets",
    "--features": "features",
    "--with": "beside",
    "--target": "target",
    "--task": "task",
    "--group-by": "group_by",
    "--folds": "folds",
    "--head": "heads",
    "--protocol": "protocols",
    "--seed": "seed",
    "--set": "settings",
}
_SEVERAL = {"datasets", "features", "beside", "heads", "protocols", "settings"}


def lift(old: Mapping[str, Any]) -> Plain:
    """A result of any earlier format in the form that `mxt.results.plain.from_plain` reads."""
    plain = dict(old) if "format" in old else _of_format_0(old)
    if plain["kind"] == "search":
        return _of_format_2(plain) if plain["format"] < 3 else plain
    return _of_format_1(plain) if plain["format"] < 2 else plain


def _of_format_2(old: Plain) -> Plain:
    """A search when it always tried all combinations: layers were told by the names of these alone."""
    rows = [row | {"layers": _layers(row["name"], old["beside"]), "weights": {}} for row in old["rows"]]
    layers = dict.fromkeys(layer for row in rows for layer in row["layers"])
    return old | {"rows": rows, "layers": [*layers], "request": old["request"] | {"candidates": ["all"]}}


def _layers(name: str, beside: Sequence[str]) -> list[str]:
    """The layers of a combination: single digits, or names between commas."""
    if name in beside:
        return []
    plain = next((name.removesuffix(f"+{added}") for added in beside if name.endswith(f"+{added}")), name)
    return list(plain) if plain.isdigit() else plain.split(",")


def _of_format_1(old: Plain) -> Plain:
    """An evaluation before folds could be drawn repeatedly: repetitions had one fold each."""
    views = [
        view
        | {"per_run": view["per_fold"] if old["runs"] > 1 else [view["scores"][view["main"]]["value"]]}
        | {"difference_to_best": _without_t_test(view["difference_to_best"])}
        for view in old["views"]
    ]
    compared = [
        one | {"difference_to_best": _without_t_test(one["difference_to_best"])} for one in old["compared"]
    ]
    return old | {"views": views, "compared": compared, "detectable": None}


def _without_t_test(difference: Mapping[str, Any] | None) -> Plain | None:
    return None if difference is None else {**difference, "corrected_p": None}


def _of_format_0(old: Mapping[str, Any]) -> Plain:
    """A result without a format number in the form of the first format."""
    searched = old.get("search")
    own = _evaluation(old) if searched is None else _search(old, searched)
    result = {"clips": 0, "main": "", **{name: old[name] for name in ("clips", "main") if name in old}, **own}
    texts = {name: str(old.get(name) or "") for name in ("dataset", "target", "protocol")}
    return {
        "format": 0,
        "kind": "evaluation" if searched is None else "search",
        **texts,
        "task": str(old.get("task") or "classification"),
        "head": {"name": "", "params": {}, **_mapping(old.get("head"))},
        "folds": str(old.get("folds_words") or ""),
        "cautions": list(old.get("cautions") or ()),
        "provenance": {
            "created": str(old.get("created") or ""),
            "argv": list(old.get("argv") or ()),
            "versions": _mapping(old.get("versions")),
            "fingerprints": _mapping(old.get("fingerprints")),
            "targets_hash": str(old.get("targets_hash") or ""),
            "sample_sha256": str(old.get("sample_sha256") or ""),
            "key": str(old.get("search_key") or ""),
        },
        **result,
    }


def _evaluation(old: Mapping[str, Any]) -> Plain:
    folds, view = old.get("folds") or (), _view(old)
    compared = [
        {
            "view": one["view"],
            "score": _bare(one["value"]),
            "difference_to_best": one["difference_to_best"],
        }
        for one in old.get("compared") or ()
    ]
    differences = {one["view"]: one["difference_to_best"] for one in compared}
    return {
        "request": EvaluateRequest.from_plain(_request(old.get("command"), old)).to_plain(),
        "head_was_chosen": False,
        "several_targets": False,
        "fold_sizes": [{name: fold[name] for name in ("name", "learn", "test")} for fold in folds],
        "classes": len(view["classes"]),
        "best": view["view"],
        "views": [view | {"difference_to_best": differences.get(view["view"])}],
        "compared": compared,
        "others": [],
        "runs": old.get("runs", 1),
        "noise": old.get("noise", 0.0),
        "left_out": [
            _left_out(left["why"], left["count"], left["names"]) for left in old.get("left_out") or ()
        ],
    }


def _view(old: Mapping[str, Any]) -> Plain:
    """The one view of a saved evaluation."""
    main, folds = str(old.get("main") or ""), old.get("folds") or ()
    return {
        "view": str(old.get("view") or ""),
        "columns": old.get("columns", 0),
        "result": "",
        "main": main,
        "scores": {main: _bare(None), **_mapping(old.get("scores"))},
        "interval": {"name": "percentile bootstrap", "level": 0.95, "unit": ""},
        "baselines": _mapping(old.get("baselines")),
        "per_fold": [fold.get(main) for fold in folds],
        "params": [fold["params"] for fold in folds],
        "classes": [_class(one) for one in old.get("classes") or ()],
        "confusion": old.get("confusion"),
        "clips": old.get("clips", 0),
        "units": old.get("units", 0),
        "cautions": [],
        "resumed_folds": 0,
        "seconds": old.get("seconds", 0.0),
    }


def _search(old: Mapping[str, Any], searched: Mapping[str, Any]) -> Plain:
    value, low, high = searched["cost"]
    return {
        **searched,
        "request": SearchRequest.from_plain(_request(old.get("command"), old)).to_plain(),
        "result": "",
        "head": {"params": {}, **_mapping(old.get("head")), "name": searched["head"]},
        "scores": {
            score["name"]: _span(score["value"], score["low"], score["high"]) for score in searched["scores"]
        },
        "cost": _span(value, low, high),
        "rows": [_row(row) for row in searched["rows"]],
        "left_out": [_left_out(why, count, ()) for why, count in searched["left_out"]],
    }


def _row(old: Mapping[str, Any]) -> Plain:
    names = ("name", "columns", "per_fold", "chosen", "params", "recalls")
    return {
        **{name: old[name] for name in names},
        "score": _span(old["score"], old["low"], old["high"]),
        "behind": _span(old["behind"], old["behind_low"], old["behind_high"]),
    }


def _request(command: object, old: Mapping[str, Any]) -> Plain:
    """The request of a result that kept it as the command alone."""
    words = shlex.split(str(command or ""))[2:]
    values: Plain = {}
    for option, value in zip(words[::2], words[1::2], strict=False):
        name = _FIELDS.get(option)
        if name in _SEVERAL:
            values[name] = [*values.get(name, ()), value]
        elif name is not None:
            values[name] = int(value) if name == "seed" else value
    if old.get("search") is not None and "heads" in values:
        values["head"] = values.pop("heads")[0]
    return {"seed": old.get("seed", 0), **values}


def _class(old: Mapping[str, Any]) -> Plain:
    scores = {name: _bare(value) for name, value in old["scores"].items()}
    return {
        "name": old["name"],
        "clips": old["clips"],
        "scores": scores,
        "confused_with": old["confused_with"],
    }


def _left_out(why: str, count: int, names: object) -> Plain:
    return {"why": "other", "count": count, "of": why, "names": names}


def _bare(value: float | None) -> Plain:
    """A number that was kept without its interval."""
    return _span(value, None, None)


def _span(value: float | None, low: float | None, high: float | None) -> Plain:
    return {"value": value, "low": low, "high": high}


def _mapping(value: Any) -> Plain:
    return dict(value) if isinstance(value, Mapping) else {}
