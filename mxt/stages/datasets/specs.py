"""The data set loaders that come with mxt."""

from __future__ import annotations

from mxt.core.params import Param
from mxt.core.specs import StageSpec
from mxt.stages.datasets import cards

_TARGET = Param(
    "target",
    "list",
    (),
    "columns or fields that are targets, the first is the default one; empty: recognised",
    item="str",
)

SPECS: tuple[StageSpec, ...] = (
    StageSpec(
        kind="dataset",
        name="folder",
        summary="a folder per class, parents such as train/test as splits, or fields taken from the file names",
        target="mxt.stages.datasets.folder:Folder",
        params=(
            Param(
                "label_level",
                "int",
                0,
                "folder that names the class: 1 the first below the root, -1 the file's own; 0: recognised",
                minimum=-1,
                maximum=50,
            ),
            Param(
                "pattern",
                "str",
                "",
                'how names are made: "{digit}_{speaker}_{take}.wav", "{artist}/{album}/{}.mp3", "{speaker:2}{text:3}{}.wav"',
            ),
            _TARGET,
            Param(
                "group_column",
                "str",
                "",
                "field of what belongs together (artist, speaker, …), or folder; empty: one called group",
            ),
        ),
    ),
    StageSpec(
        kind="dataset",
        name="table",
        summary="a CSV, TSV or JSON Lines table of files and labels, or metadata.csv beside the files",
        target="mxt.stages.datasets.table:Table",
        params=(
            Param(
                "table",
                "str",
                "",
                "which table, by its path below the folder; empty: the one that was named, else recognised",
            ),
            Param("file_column", "str", "", "column of file names; empty: recognised"),
            _TARGET,
            Param(
                "group_column",
                "str",
                "",
                "column of what belongs together (artist, speaker, …); empty: one called group",
            ),
            Param(
                "split_column", "str", "", "column of train, valid, test; empty: one called split or subset"
            ),
            Param("fold_column", "str", "", "column of given folds; empty: one called fold"),
            Param("encoding", "str", "", "encoding of the table, e.g. cp1252; empty: found out"),
            Param(
                "segments",
                "choice",
                "auto",
                "whether start and end cut segments; auto: not where they lie beyond the files",
                choices=("auto", "yes", "no"),
            ),
            Param(
                "numbers",
                "choice",
                "auto",
                "numbers in a target are values or classes; auto: few whole ones that repeat are classes",
                choices=("auto", "values", "classes"),
            ),
        ),
    ),
    StageSpec(
        kind="dataset",
        name="choi2017",
        summary="published features of Choi et al. 2017, no audio: csv/<task>.csv, features/<task>_layer_<0 to 4>.npy and <task>_mfcc.npy",
        target="mxt.stages.datasets.choi2017:Choi2017",
        params=(
            Param(
                "tasks",
                "list",
                (),
                "tasks to be read, e.g. gtzan_genre,emoMusic; empty: all that are there",
                item="str",
            ),
        ),
        citation=cards.PAPER_2017,
        licence="none stated",
        card=cards.CHOI_2017,
    ),
    StageSpec(
        kind="dataset",
        name="extended_ballroom",
        summary="Extended Ballroom as distributed: <Dance>/<id>.mp3 and extendedballroom_v1.1.xml; grouped by artist",
        target="mxt.stages.datasets.extended_ballroom:ExtendedBallroom",
        citation=cards.EXTENDED_BALLROOM.papers[0],
        licence="none stated; the audio belongs to its owners",
        card=cards.EXTENDED_BALLROOM,
    ),
    StageSpec(
        kind="dataset",
        name="gtzan",
        summary="GTZAN genre as distributed: genres/<genre>/<genre>.NNNNN.au or .wav",
        target="mxt.stages.datasets.gtzan:Gtzan",
        params=(
            Param(
                "split",
                "choice",
                "none",
                "none: the data set has no split; filtered: the artist- and fault-filtered one (443/197/290)",
                choices=("none", "filtered"),
            ),
        ),
        citation=cards.GTZAN.papers[0],
        licence="none stated; for research",
        card=cards.GTZAN,
    ),
    StageSpec(
        kind="dataset",
        name="gtzan_speechmusic",
        summary="GTZAN speech/music as distributed: music_wav/*.wav and speech_wav/*.wav",
        target="mxt.stages.datasets.gtzan_speechmusic:GtzanSpeechMusic",
        citation=cards.GTZAN_SPEECHMUSIC.papers[0],
        licence="none stated; for research",
        card=cards.GTZAN_SPEECHMUSIC,
    ),
    StageSpec(
        kind="dataset",
        name="emomusic",
        summary="emoMusic as distributed: clips_45seconds/<id>.mp3 and annotations/static_annotations.csv; arousal and valence",
        target="mxt.stages.datasets.emomusic:EmoMusic",
        citation=cards.EMOMUSIC.papers[0],
        licence="for research, on request; each song has its own licence",
        card=cards.EMOMUSIC,
    ),
    StageSpec(
        kind="dataset",
        name="jamendo",
        summary="Jamendo vocal detection as distributed: {train,valid,test}/*.ogg with .lab; one clip a segment, grouped by track",
        target="mxt.stages.datasets.jamendo:Jamendo",
        citation=cards.JAMENDO.papers[0],
        licence="each song has its own Creative Commons licence",
        card=cards.JAMENDO,
    ),
    StageSpec(
        kind="dataset",
        name="urbansound8k",
        summary="UrbanSound8K as distributed: audio/fold1 to fold10 and metadata/UrbanSound8K.csv; whole files, grouped by recording",
        target="mxt.stages.datasets.urbansound8k:UrbanSound8K",
        citation=cards.URBANSOUND8K.papers[0],
        licence="CC BY-NC 3.0",
        card=cards.URBANSOUND8K,
    ),
    StageSpec(
        kind="dataset",
        name="nsynth",
        summary="NSynth as distributed: examples.json and audio/<family>_<source>_<number>-<pitch>-<velocity>.wav; grouped by instrument",
        target="mxt.stages.datasets.nsynth:NSynth",
        citation=cards.NSYNTH.papers[0],
        licence="CC BY 4.0",
        card=cards.NSYNTH,
    ),
)
