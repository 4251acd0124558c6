"""A report as JSON: every fact that the page shows."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np

from mxt.core.text import written
from mxt.results.plain import to_plain
from mxt.results.records import DatasetResult
from mxt.results.report import Report
from mxt.results.search_record import SearchResult


def report_json(report: Report) -> str:
    """The text of a report's JSON file; numbers that are not finite are ``null``."""
    return json.dumps(report_plain(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def report_plain(value: Any) -> Any:
    """A report, or any record in it, as plain values."""
    if isinstance(value, (DatasetResult, SearchResult)):
        return report_plain(to_plain(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: report_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return report_plain(value.value)
    if isinstance(value, dict):
        return {written(str(name)): report_plain(item) for name, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return report_plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [report_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return written(value) if isinstance(value, str) else value
