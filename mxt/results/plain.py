"""Results as JSON keeps them: one pair of functions, for files, ``--json`` and Python alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mxt.evaluation.assess import Assessment, ClassResult, Score
from mxt.evaluation.comparison import Difference
from mxt.evaluation.interval import Interval, Method
from mxt.evaluation.left_out import LeftOut, Why
from mxt.evaluation.metrics import METRICS
from mxt.results.audit_plain import audit_from, audit_plain
from mxt.results.lift import lift
from mxt.results.records import Compared, DatasetResult, Evaluated, FoldSize, Provenance, ViewResult
from mxt.results.request import EvaluateRequest, SearchRequest
from mxt.results.search_record import Searched, SearchResult, StrategyResult

FORMAT = 3  # raised when what is written changes; `mxt.results.lift` reads what was written before

Result = DatasetResult | SearchResult
Plain = dict[str, Any]


def to_plain(result: Result) -> Plain:
    """A result as plain values; `from_plain` gives it back."""
    own = _evaluation(result) if isinstance(result, DatasetResult) else _search(result)
    return {
        "format": FORMAT,
        "kind": result.kind,
        "command": result.request.command(),
        "request": result.request.to_plain(),
        "dataset": result.dataset,
        "target": result.target,
        "task": result.task,
        "head": dict(result.stage),
        "protocol": result.protocol,
        "folds": result.folds,
        "grouping": result.grouping,
        "clips": result.clips,
        "main": result.first.name,
        "left_out": [asdict(left) | {"why": left.why.value, "words": left.words} for left in result.left_out],
        "cautions": list(result.cautions),
        **own,
        "provenance": asdict(result.provenance),
    }


def from_plain(plain: Mapping[str, Any]) -> Result:
    """The result that `to_plain` wrote, or that a version of mxt before it saved.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        It is not such a result.
    """
    if plain.get("format", 0) > FORMAT:
        raise ValueError("it was saved by a newer mxt: upgrade mxt to read it")
    plain = lift(plain)
    provenance = plain["provenance"]
    common: Plain = {
        name: plain[name] for name in ("dataset", "target", "task", "protocol", "folds", "clips")
    }
    common |= {
        "stage": dict(plain["head"]),
        "left_out": tuple(_left_out(left) for left in plain["left_out"]),
        "cautions": tuple(plain["cautions"]),
        "grouping": _grouping(plain),
        "provenance": Provenance(**provenance | {"argv": tuple(provenance["argv"])}),
    }
    if plain["kind"] == SearchResult.kind:
        return _search_from(plain, common)
    return _evaluation_from(plain, common)


def evaluated_plain(evaluated: Evaluated) -> Plain:
    """All data sets of an evaluation."""
    return {
        "datasets": [to_plain(result) for result in evaluated.datasets],
        "remarks": list(evaluated.remarks),
    }


def searched_plain(searched: Searched) -> Plain:
    """All searches of a command."""
    return {"searches": [to_plain(result) for result in searched.results], "remarks": list(searched.remarks)}


def scores_plain(scores: Iterable[Score]) -> Plain:
    """Scores by the names of their metrics."""
    return {score.name: score.interval.to_plain() for score in scores}


def scores_from(plain: Mapping[str, Any], main: str = "") -> tuple[Score, ...]:
    """Scores in the order of the table of metrics, the main one first."""
    places = {name: place for place, name in enumerate(METRICS)}
    names = sorted(plain, key=lambda name: (name != main, places.get(name, len(places))))
    return tuple(Score(name, Interval.from_plain(plain[name])) for name in names)


def _evaluation(result: DatasetResult) -> Plain:
    return {
        "head_was_chosen": result.head_was_chosen,
        "several_targets": result.several_targets,
        "fold_sizes": [asdict(fold) for fold in result.fold_sizes],
        "classes": result.classes,
        "best": result.view,
        "views": [_view(view) for view in result.views],
        "compared": [
            {
                "view": one.view,
                "score": one.score.to_plain(),
                "difference_to_best": _difference(one.difference),
            }
            for one in result.compared
        ],
        "others": list(result.others),
        "runs": result.runs,
        "noise": result.noise,
        "detectable": result.detectable,
    }


def _evaluation_from(plain: Mapping[str, Any], common: Plain) -> DatasetResult:
    views = tuple(_view_from(view) for view in plain["views"])
    return DatasetResult(
        request=EvaluateRequest.from_plain(plain["request"]),
        fold_sizes=tuple(FoldSize(**fold) for fold in plain["fold_sizes"]),
        views=views,
        best=[view.view for view in views].index(plain["best"]),
        compared=tuple(
            Compared(
                one["view"], Interval.from_plain(one["score"]), _difference_from(one["difference_to_best"])
            )
            for one in plain["compared"]
        ),
        others=tuple(plain["others"]),
        detectable=_number(plain["detectable"]),
        **{name: plain[name] for name in ("head_was_chosen", "several_targets", "classes", "runs", "noise")},
        **common,
    )


def _view(view: ViewResult) -> Plain:
    assessment = view.assessment
    return {
        "view": view.view,
        "columns": view.columns,
        "result": view.result_id,
        "main": assessment.main,
        "scores": scores_plain(assessment.scores),
        "interval": asdict(assessment.method),
        "baselines": dict(assessment.baselines),
        "per_fold": list(assessment.per_fold),
        "per_run": list(assessment.per_run),
        "params": [dict(params) for params in view.params],
        "classes": [
            {
                "name": one.name,
                "clips": one.clips,
                "scores": scores_plain(one.scores),
                "confused_with": [list(pair) for pair in one.confused_with],
            }
            for one in assessment.classes
        ],
        "confusion": assessment.confusion,
        "clips": assessment.clips,
        "units": assessment.units,
        "cautions": list(view.cautions),
        "audit": None if view.audit is None else audit_plain(view.audit),
        "complaints": list(view.complaints),
        "difference_to_best": _difference(view.difference),
        "resumed_folds": view.resumed,
        "seconds": view.seconds,
    }


def _view_from(plain: Mapping[str, Any]) -> ViewResult:
    assessment = Assessment(
        main=plain["main"],
        scores=scores_from(plain["scores"], plain["main"]),
        baselines={name: _number(value) for name, value in plain["baselines"].items()},
        classes=tuple(
            ClassResult(
                one["name"],
                one["clips"],
                scores_from(one["scores"]),
                tuple((name, count) for name, count in one["confused_with"]),
            )
            for one in plain["classes"]
        ),
        confusion=plain["confusion"],
        per_fold=_numbers(plain["per_fold"]),
        per_run=_numbers(plain["per_run"]),
        clips=plain["clips"],
        units=plain["units"],
        method=Method(**plain["interval"]),
    )
    return ViewResult(
        view=plain["view"],
        columns=plain["columns"],
        assessment=assessment,
        params=tuple(plain["params"]),
        cautions=tuple(plain["cautions"]),
        difference=_difference_from(plain["difference_to_best"]),
        resumed=plain["resumed_folds"],
        seconds=plain["seconds"],
        result_id=plain["result"],
        audit=audit_from(plain["audit"]) if plain.get("audit") else None,
    )


def _search(result: SearchResult) -> Plain:
    names = ("view", "nested", "chance", "best", "fits", "spared", "seconds", "from_store")
    return {
        **{name: getattr(result, name) for name in names},
        **{name: list(getattr(result, name)) for name in ("beside", "layers", "chosen", "fold_names")},
        "result": result.result_id,
        "scores": scores_plain(result.scores),
        "cost": result.cost.to_plain(),
        "rows": [
            asdict(row) | {"score": row.score.to_plain(), "behind": row.behind.to_plain()}
            for row in result.rows
        ],
    }


def _search_from(plain: Mapping[str, Any], common: Plain) -> SearchResult:
    own: Plain = {name: plain[name] for name in ("view", "nested", "best", "fits", "spared", "seconds")}
    own |= {name: tuple(plain[name]) for name in ("beside", "layers", "chosen", "fold_names")}
    return SearchResult(
        request=SearchRequest.from_plain(plain["request"]),
        chance=_number(plain["chance"]),
        scores=scores_from(plain["scores"], plain["main"]),
        cost=Interval.from_plain(plain["cost"]),
        rows=tuple(_strategy(row) for row in plain["rows"]),
        result_id=plain["result"],
        **own,
        **common,
    )


def _strategy(plain: Mapping[str, Any]) -> StrategyResult:
    return StrategyResult(
        **dict(plain)
        | {
            "score": Interval.from_plain(plain["score"]),
            "behind": Interval.from_plain(plain["behind"]),
            "per_fold": _numbers(plain["per_fold"]),
            "layers": tuple(plain["layers"]),
            "recalls": {name: _number(value) for name, value in plain["recalls"].items()},
        }
    )


def _difference(difference: Difference | None) -> Plain | None:
    if difference is None:
        return None
    return {
        **difference.interval.to_plain(),
        "p": difference.p,
        "corrected_p": difference.corrected_p,
        "clear": difference.clear,
    }


def _difference_from(plain: Mapping[str, Any] | None) -> Difference | None:
    if plain is None:
        return None
    return Difference(Interval.from_plain(plain), _number(plain["p"]), plain["corrected_p"])


def _left_out(plain: Mapping[str, Any]) -> LeftOut:
    return LeftOut(Why(plain["why"]), plain["count"], plain["of"], tuple(plain["names"]))


def _grouping(plain: Mapping[str, Any]) -> str:
    """What clips were grouped by; earlier versions of mxt kept only whether they were, and what was asked."""
    if "grouping" in plain:
        return str(plain["grouping"])
    if asked := plain["request"].get("group_by"):
        return f"by {asked}"
    grouped = any(view["interval"]["unit"] == "group" for view in plain.get("views", ()))
    return "by group" if grouped else ""


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _numbers(values: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(_number(value) for value in values)
