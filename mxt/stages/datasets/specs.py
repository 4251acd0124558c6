"""The data set loaders that come with mxt."""

from __future__ import annotations

from mxt.core.params import Param
from mxt.core.specs import StageSpec
from mxt.stages.citations import CHOI_2017
from mxt.stages.datasets import cards

_TARGET = Param(
    "target",
    "list",
    (),
    "columns or fields to use as targets, the default one first; if empty, detected: in file names the field "
    "called label, or the first",
    item="str",
)

_TIMES = (
    Param("start_column", "str", "", "column of the time at which something begins; if empty, detected"),
    Param("end_column", "str", "", "column of the time at which it ends; if empty, detected"),
    Param("duration_column", "str", "", "column of its duration, where there is no end; if empty, detected"),
    Param(
        "time_unit",
        "choice",
        "auto",
        "unit of these columns; auto: that of the heading, else seconds, or h:m:s where values have colons",
        choices=("auto", "s", "ms", "us"),
    ),
)

MIRDATA = StageSpec(
    kind="dataset",
    name="mirdata",
    summary="A data set that mirdata knows, by its name: mxt ingest mirdata:NAME PATH",
    target="mxt.stages.datasets.mirdata:Mirdata",
    params=(
        Param("dataset", "str", "", "mirdata's name of the data set, such as gtzan_genre"),
        _TARGET,
        Param(
            "group_column",
            "str",
            "",
            "column that says what belongs together; if empty, the artist, player or composer",
        ),
    ),
    licence="that of the data set",
    requires={"mirdata": "pip install 'mxt[mirdata]'"},
)

SPECS: tuple[StageSpec, ...] = (
    StageSpec(
        kind="dataset",
        name="folder",
        summary="One folder per class, splits in folders such as train and test, or labels in file names",
        target="mxt.stages.datasets.folder:Folder",
        params=(
            Param(
                "label_level",
                "int",
                0,
                "level of the folder that names the class: 1 below the root, -1 next to the file; "
                "if 0, detected",
                minimum=-1,
                maximum=50,
            ),
            Param(
                "pattern",
                "str",
                "",
                'fields in names: "{digit}_{speaker}_{take}.wav", "{artist}/{album}/{}.mp3", '
                '"{speaker:2}{text:3}{emotion:1}{}.wav"; or a regular expression with named groups, such as '
                '"(?P<speaker>[a-z]+)(?P<label>[0-9]+)"',
            ),
            _TARGET,
            Param(
                "group_column",
                "str",
                "",
                "field that says what belongs together (artist, speaker, …), or folder; "
                "if empty, one called group",
            ),
        ),
    ),
    StageSpec(
        kind="dataset",
        name="table",
        summary="A CSV, TSV or JSON Lines table of files and labels, or metadata.csv beside the files",
        target="mxt.stages.datasets.table:Table",
        params=(
            Param(
                "table",
                "str",
                "",
                "path of the table below the folder; if empty, the one that was given, or the one detected",
            ),
            Param("file_column", "str", "", "column of file names; if empty, detected"),
            _TARGET,
            Param(
                "group_column",
                "str",
                "",
                "column that says what belongs together (artist, speaker, …); if empty, one called group",
            ),
            Param(
                "split_column",
                "str",
                "",
                "column with train, valid and test; if empty, one called split or subset",
            ),
            Param("fold_column", "str", "", "column of folds to use; if empty, one called fold"),
            *_TIMES,
            Param("encoding", "str", "", "encoding of the table, e.g. cp1252; if empty, detected"),
            Param(
                "segments",
                "choice",
                "auto",
                "whether start and end cut segments; auto: unless they lie beyond the end of the files",
                choices=("auto", "yes", "no"),
            ),
            Param(
                "numbers",
                "choice",
                "auto",
                "whether numbers are values or classes; auto: a few whole numbers that repeat are classes",
                choices=("auto", "values", "classes"),
            ),
        ),
    ),
    StageSpec(
        kind="dataset",
        name="annotations",
        summary="Annotated stretches of recordings: Raven tables, Audacity labels, tables of start and end",
        target="mxt.stages.datasets.annotations:Annotations",
        params=(
            Param(
                "table",
                "str",
                "",
                "path of one file below the folder; if empty, the one that was given, or all of them",
            ),
            Param(
                "file_column",
                "str",
                "",
                "column of recordings; if empty, detected, else the table's own name",
            ),
            _TARGET,
            Param(
                "group_column",
                "str",
                "",
                "column that says what belongs together; if empty, one called group",
            ),
            *_TIMES,
            Param(
                "background",
                "str",
                "",
                "class of what lies between the annotations of a recording; if empty, that is left out",
            ),
            Param(
                "several_labels",
                "bool",
                False,
                "whether annotations of exactly the same stretch are several labels of one clip",
            ),
            Param("encoding", "str", "", "encoding of the files, e.g. cp1252; if empty, detected"),
        ),
    ),
    MIRDATA,
    StageSpec(
        kind="dataset",
        name="huggingface",
        summary="Hugging Face datasets on disk: Arrow or Parquet files with an Audio column; needs --unpack",
        target="mxt.stages.datasets.huggingface:HuggingFace",
    ),
    StageSpec(
        kind="dataset",
        name="lhotse",
        summary="Lhotse: manifests of cuts (.jsonl, .jsonl.gz) beside the recordings; grouped by speaker",
        target="mxt.stages.datasets.lhotse:Lhotse",
        params=(
            _TARGET,
            Param(
                "group_column",
                "str",
                "",
                "column that says what belongs together; if empty, the speaker",
            ),
        ),
    ),
    StageSpec(
        kind="dataset",
        name="webdataset",
        summary="WebDataset: tar shards of recordings with .cls, .txt and .json beside each; needs --unpack",
        target="mxt.stages.datasets.webdataset:WebDataset",
    ),
    StageSpec(
        kind="dataset",
        name="choi2017",
        summary="Features published by Choi et al. 2017, without audio: csv/*.csv and features/*.npy",
        target="mxt.stages.datasets.choi2017:Choi2017",
        params=(
            Param(
                "tasks",
                "list",
                (),
                "tasks to read, e.g. gtzan_genre,emoMusic; if empty, all that are present",
                item="str",
            ),
        ),
        citation=CHOI_2017,
        licence="none stated",
        card=cards.CHOI_2017,
    ),
    StageSpec(
        kind="dataset",
        name="extended_ballroom",
        summary="Extended Ballroom: <Dance>/<id>.mp3 and extendedballroom_v1.1.xml; grouped by artist",
        target="mxt.stages.datasets.extended_ballroom:ExtendedBallroom",
        citation=cards.EXTENDED_BALLROOM.papers[0],
        licence="none stated; the audio belongs to its owners",
        card=cards.EXTENDED_BALLROOM,
    ),
    StageSpec(
        kind="dataset",
        name="gtzan",
        summary="GTZAN genres: genres/<genre>/<genre>.NNNNN.au or .wav",
        target="mxt.stages.datasets.gtzan:Gtzan",
        params=(
            Param(
                "split",
                "choice",
                "none",
                "none: no split; filtered: the artist- and fault-filtered split (443, 197 and 290 clips)",
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
        summary="GTZAN speech and music: music_wav/*.wav and speech_wav/*.wav",
        target="mxt.stages.datasets.gtzan_speechmusic:GtzanSpeechMusic",
        citation=cards.GTZAN_SPEECHMUSIC.papers[0],
        licence="none stated; for research",
        card=cards.GTZAN_SPEECHMUSIC,
    ),
    StageSpec(
        kind="dataset",
        name="hear_task",
        summary="A task of HEAR: task_metadata.json, <split>.json and <rate>/<split>/*.wav; clips, no events",
        target="mxt.stages.datasets.hear_task:HearTask",
        citation=cards.HEAR_TASK.papers[0],
        licence="each task has its own",
        card=cards.HEAR_TASK,
    ),
    StageSpec(
        kind="dataset",
        name="emomusic",
        summary="emoMusic: clips_45seconds/<id>.mp3 and annotations/*.csv; arousal and valence",
        target="mxt.stages.datasets.emomusic:EmoMusic",
        citation=cards.EMOMUSIC.papers[0],
        licence="for research, on request; each song has its own licence",
        card=cards.EMOMUSIC,
    ),
    StageSpec(
        kind="dataset",
        name="jamendo",
        summary="Jamendo vocal detection: *.ogg and *.lab; one clip per segment, grouped by track",
        target="mxt.stages.datasets.jamendo:Jamendo",
        citation=cards.JAMENDO.papers[0],
        licence="each song has its own Creative Commons licence",
        card=cards.JAMENDO,
    ),
    StageSpec(
        kind="dataset",
        name="urbansound8k",
        summary="UrbanSound8K: audio/fold1 to fold10 and metadata/UrbanSound8K.csv; grouped by recording",
        target="mxt.stages.datasets.urbansound8k:UrbanSound8K",
        citation=cards.URBANSOUND8K.papers[0],
        licence="CC BY-NC 3.0",
        card=cards.URBANSOUND8K,
    ),
    StageSpec(
        kind="dataset",
        name="nsynth",
        summary="NSynth: examples.json and audio/<family>_<source>_*.wav; grouped by instrument",
        target="mxt.stages.datasets.nsynth:NSynth",
        citation=cards.NSYNTH.papers[0],
        licence="CC BY 4.0",
        card=cards.NSYNTH,
    ),
)
