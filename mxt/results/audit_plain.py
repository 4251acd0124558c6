"""Audits as JSON keeps them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mxt.evaluation.assess import Score
from mxt.evaluation.batch_steps import StepTest
from mxt.evaluation.groupings import Likeness
from mxt.evaluation.interval import Interval
from mxt.results.audit_records import Audit, Columns, Grouping, MetadataScore, NearCopy, WrongLabel

Plain = dict[str, Any]


def audit_plain(audit: Audit) -> Plain:
    """An audit as plain values; `audit_from` gives it back."""
    return {
        "wrong_labels": [asdict(one) for one in audit.wrong_labels],
        "copies": [asdict(one) | {"split": one.split} for one in audit.copies],
        "metadata": [
            {
                "what": one.what,
                "metric": one.score.name,
                **one.score.interval.to_plain(),
                "baseline": one.baseline,
                "clear": one.clear,
            }
            for one in audit.metadata
        ],
        "groupings": [asdict(one) | {"clear": one.clear} for one in audit.groupings],
        "columns": asdict(audit.columns),
        "steps": None if audit.steps is None else asdict(audit.steps),
        "clips": audit.clips,
        "unheard": audit.unheard,
    }


def audit_from(plain: Mapping[str, Any]) -> Audit:
    """The audit that `audit_plain` wrote."""
    columns, steps = plain["columns"], plain["steps"]
    return Audit(
        wrong_labels=tuple(WrongLabel(**one) for one in plain["wrong_labels"]),
        copies=tuple(_copy(one) for one in plain["copies"]),
        metadata=tuple(_metadata(one) for one in plain["metadata"]),
        groupings=tuple(_grouping(one) for one in plain["groupings"]),
        columns=Columns(
            **columns | {"outliers": tuple(columns["outliers"]), "silent": tuple(columns["silent"])}
        ),
        steps=None if steps is None else StepTest(**{name: _tuple(value) for name, value in steps.items()}),
        clips=plain["clips"],
        unheard=plain["unheard"],
    )


def _copy(plain: Mapping[str, Any]) -> NearCopy:
    values = {name: _tuple(value) for name, value in plain.items() if name != "split"}
    return NearCopy(**values)


def _metadata(plain: Mapping[str, Any]) -> MetadataScore:
    baseline = math.nan if plain["baseline"] is None else plain["baseline"]
    return MetadataScore(plain["what"], Score(plain["metric"], Interval.from_plain(plain)), baseline)


def _grouping(plain: Mapping[str, Any]) -> Grouping:
    values = {name: _tuple(value) for name, value in plain.items() if name != "clear"}
    return Grouping(**values | {"likeness": Likeness(**plain["likeness"])})


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
