"""What clips may be grouped by is gathered in one pass, and is what is proposed with all clips at hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mxt.core.records import ClipRecord, FileRecord
from mxt.evaluation.groupings import proposals
from mxt.ingestion.group_candidates import GroupCandidates

WORDS = st.sampled_from(["", "a", "b", "caf\udce9", "1"])
TARGETS = st.dictionaries(
    st.sampled_from(["label", "mood", "bpm", "tags"]),
    st.one_of(st.none(), WORDS, st.sampled_from([1.0, 2.5]), st.lists(WORDS, max_size=2).map(tuple)),
)
FIELDS = st.dictionaries(st.sampled_from(["artist", "label", "split", "mood", "take"]), WORDS)
PATHS = st.sampled_from(["{}.wav", "a/{}.wav", "b/{}.wav", "a/b/{}.wav"])


@st.composite
def clips(draw) -> list[ClipRecord]:
    made = draw(st.lists(st.tuples(PATHS, TARGETS, FIELDS), max_size=12))
    files = [FileRecord(path.format(number), 0, 0, 0) for number, (path, _, _) in enumerate(made)]
    return [
        ClipRecord(file.path, file, None, targets=targets, fields=fields)
        for file, (_, targets, fields) in zip(files, made, strict=True)
    ]


@given(clips(), st.sampled_from(["label", "artist", ""]))
def test_candidates_are_those_that_are_proposed(clips, target):
    candidates = GroupCandidates(target)
    for clip in clips:
        candidates.add(clip)
    proposed = [way for way in proposals(clips, target) if way.origin != "name"]
    assert list(candidates.groups().items()) == [(way.name, way.groups) for way in proposed]
