"""Pages of cards: clips to hear, with some lines below each."""

from __future__ import annotations

from dataclasses import dataclass

from mxt.core.text import plural
from mxt.drawing.report.data import Clips
from mxt.drawing.report.need import Key
from mxt.drawing.report.page import previews_words, rendered
from mxt.drawing.report.previews import Previews
from mxt.results.similar import LabelNext, Neighbour, Similar

Line = tuple[str, str]  # words, and the class of the style sheet


@dataclass(frozen=True, slots=True)
class Card:
    """A clip to hear, and lines about it."""

    key: Key
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Cards:
    """A page of lists of cards.

    Parameters
    ----------
    kind, title : str
        What the page is, and its heading.
    lead : tuple of str
        Lines below the heading.
    lists : tuple of (str, tuple of Card)
        Each with its heading.
    """

    kind: str
    title: str
    lead: tuple[str, ...]
    lists: tuple[tuple[str, tuple[Card, ...]], ...]

    @property
    def keys(self) -> list[Key]:
        """The clips, those first that come first."""
        return [card.key for _, cards in self.lists for card in cards]


def cards_html(cards: Cards, previews: Previews, *, command: str, created: str, version: str) -> str:
    """The page: one file of HTML that fetches nothing, as the page of a report is."""
    clips = Clips(previews)
    lists = [[[clips.number(*card.key, {}), card.lines] for card in one_list] for _, one_list in cards.lists]
    return rendered(
        "cards.html.j2",
        {"chapters": [], "results": [], "lists": lists, **clips.data()},
        cards=cards,
        title=cards.title,
        kind=cards.kind,
        command=command,
        created=created,
        version=version,
        previews=previews_words(previews, "those that are listed first"),
    )


def similar_cards(answer: Similar) -> Cards:
    """The page of clips that are like another."""
    query = Card((answer.dataset, answer.query), _labels(answer.label, answer.group))
    lead = [f"{plural(answer.clips, 'clip')} of {', '.join(answer.datasets)} were compared by {answer.view}."]
    if answer.left_out:
        words = f" ({answer.grouping})" if answer.grouping else ""
        lead.append(f"{plural(answer.left_out, 'clip')} of the same recording{words} were left out.")
    several = len(answer.datasets) > 1
    nearest = tuple(Card((one.dataset, one.clip), _about(one, several=several)) for one in answer.neighbours)
    return Cards(
        kind="similar",
        title=f"Like {answer.query}",
        lead=tuple(lead),
        lists=(("Looked for", (query,)), ("The most similar first", nearest)),
    )


def cards_to_label(answer: LabelNext) -> Cards:
    """The page of clips that are worth labelling next."""
    cards = tuple(
        Card(
            (answer.dataset, one.clip),
            (*((f"{name} {p:.2f}", "") for name, p in one.likely), (f"margin {one.margin:.2f}", "note")),
        )
        for one in answer.clips
    )
    lead = (
        f"Of {plural(answer.unlabelled, 'clip')} without a {answer.target}, a head that learnt from "
        f"{answer.labelled:,} by {answer.view} is unsure of these, and they are unlike one another."
    )
    return Cards("similar", f"{answer.dataset}: label next", (lead,), (("The least certain first", cards),))


def _about(one: Neighbour, *, several: bool) -> tuple[Line, ...]:
    alike = f"similarity {one.similarity:.3f}" + (" · the same audio" if one.copy else "")
    return ((alike, ""), *_labels(one.label, one.group), *([(one.dataset, "note")] if several else []))


def _labels(label: str, group: str) -> tuple[Line, ...]:
    return (*([(label, "")] if label else []), *([(f"group {group}", "note")] if group else []))
