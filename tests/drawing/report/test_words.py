"""What a page says of what it does not hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mxt.drawing.report.words import MOST_LISTED, copies_words, duration_words, unseen_words, wrong_words
from mxt.evaluation.duplicates import LARGEST
from mxt.results.audit_records import Audit, NearCopy, WrongLabel

LABEL = WrongLabel("a.wav", "a", "b", 0.1, 0.9, 0.1)
COPY = NearCopy("a.wav", "b.wav", 0.99, ("a", "a"), ("1", "1"), "fingerprint")


def test_a_page_says_where_not_all_labels_and_copies_are_listed():
    few = Audit(wrong_labels=(LABEL,) * MOST_LISTED, copies=(COPY,) * MOST_LISTED)
    assert wrong_words(few) == ""
    assert copies_words(few) == "1,000 pairs, none of them split between folds."
    many = Audit(wrong_labels=(LABEL,) * 1200, copies=(COPY,) * 1200)
    assert wrong_words(many) == "1,000 of 1,200 are listed."
    assert copies_words(many).startswith("1,200 pairs, of which 1,000 are listed, none of them split")


def test_a_page_says_what_was_not_looked_for():
    assert unseen_words(Audit(clips=LARGEST)) == ()
    (of_many,) = unseen_words(Audit(clips=LARGEST + 1))
    assert of_many.startswith("Of more than 10,000 clips mxt does not look for labels")
    (unheard,) = unseen_words(replace(Audit(clips=5), unheard=25_000.0))
    assert "6 h 57 min of audio would have to be read" in unheard


@pytest.mark.parametrize(("seconds", "words"), [(75, "75 s"), (100, "2 min"), (30_000, "8 h 20 min")])
def test_durations_are_for_people(seconds, words):
    assert duration_words(seconds) == words
