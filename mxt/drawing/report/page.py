"""The page: one file of HTML that fetches nothing."""

from __future__ import annotations

import hashlib
import math
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

from mxt.core.text import plural
from mxt.drawing.report.axis import Axis
from mxt.drawing.report.contents import shown_chapters
from mxt.drawing.report.data import page_data
from mxt.drawing.report.previews import SECONDS, Previews
from mxt.drawing.report.words import duration_words, search_words
from mxt.evaluation.metrics import metric_words
from mxt.results.audit_records import MetadataScore
from mxt.results.report import Report

PACKAGE = "mxt.drawing.report"
MISTAKEN = "those come first that were mistaken, or whose label or copy is in doubt"


def html(report: Report, previews: Previews) -> str:
    """The page of a report.

    Nothing in a report can become markup or script: the template escapes whatever it is given, the script
    writes text and never HTML, and the page's policy lets the browser run this script alone, apply this style
    sheet alone, and fetch nothing.
    """
    chapters = shown_chapters(report.chapters)
    return rendered(
        "page.html.j2",
        page_data(chapters, previews),
        report=report,
        chapters=chapters,
        title=", ".join(dict.fromkeys(chapter.card.name for chapter in report.chapters)),
        kind="report",
        version=report.version,
        previews=previews_words(previews),
    )


def rendered(template: str, data: Mapping[str, Any], **values: Any) -> str:
    """A page with our style sheet and script, whatever `values` and `data` hold; see `html`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("mxt.drawing", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    css, js = (files(PACKAGE).joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return environment.get_template(template).render(
        css=Markup(css),  # ours
        js=Markup(js),
        policy=_policy(css, js),
        data=data,
        **values,
    )


def previews_words(previews: Previews, first: str = MISTAKEN) -> str:
    """How many recordings can be heard, and why not all."""
    if not previews.wanted:
        return "This page carries no recordings."
    words = (
        f"{len(previews.of):,} of {previews.wanted:,} recordings can be heard: the loudest {SECONDS:g} "
        "seconds of each, compressed"
    )
    if len(previews.of) + len(previews.silent) < previews.wanted:
        words += f"; {first}"
    if previews.silent:
        words += f"; {len(previews.silent):,} could not be read"
    return f"{words}."


def _policy(css: str, js: str) -> str:
    """The content security policy: this script and this style sheet, pictures and sounds inside the page."""
    rules = (
        "default-src 'none'",
        f"script-src {_hash(js)}",
        f"style-src {_hash(css)}",
        "img-src data:",
        "media-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(rules)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _three(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _day(text: str) -> str:
    """A date in words; what is none stays as it is."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{when.day} {when:%B %Y}"


def _p_value(p: float) -> str:
    return "" if math.isnan(p) else f"{p:.4f}"


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _axis(scores: Sequence[MetadataScore]) -> Axis:
    return Axis.of((one.score.interval for one in scores), 0.0, 1.0)


FILTERS: dict[str, Any] = {
    "axis": _axis,
    "first_upper": _first_upper,
    "metric": metric_words,
    "plural": plural,
    "search_words": search_words,
    "three": _three,
    "thousands": "{:,}".format,
    "day": _day,
    "duration": duration_words,
    "p_value": _p_value,
}
