"""The data set loaders that come with mxt."""

from __future__ import annotations

from mxt.core.specs import Param, StageSpec

_TARGET = Param("target", "list", (), "columns or fields that are targets, the first is the default one; empty: recognised", item="str")

SPECS: tuple[StageSpec, ...] = (
    StageSpec(
        kind="dataset",
        name="folder",
        summary="a folder per class, parents such as train/test as splits, or fields taken from the file names",
        target="mxt.stages.datasets.folder:Folder",
        params=(
            Param("label_level", "int", 0, "folder that names the class: 1 the first below the root, -1 the file's own; 0: recognised",
                  minimum=-1, maximum=50),
            Param("pattern", "str", "", 'how names are made, e.g. "{digit}_{speaker}_{take}.wav" or "{artist}/{album}/{}.mp3"'),
            _TARGET,
        ),
    ),
    StageSpec(
        kind="dataset",
        name="table",
        summary="a CSV, TSV or JSON Lines table of files and labels, or metadata.csv beside the files",
        target="mxt.stages.datasets.table:Table",
        params=(
            Param("file_column", "str", "", "column of file names; empty: recognised"),
            _TARGET,
            Param("group_column", "str", "", "column of what belongs together (artist, speaker, …); empty: one called group"),
            Param("split_column", "str", "", "column of train, valid, test; empty: one called split or subset"),
            Param("fold_column", "str", "", "column of given folds; empty: one called fold"),
            Param("segments", "choice", "auto", "whether start and end cut segments; auto: not where they lie beyond the files",
                  choices=("auto", "yes", "no")),
            Param("numbers", "choice", "auto", "numbers in a target are values or classes; auto: few whole ones that repeat are classes",
                  choices=("auto", "values", "classes")),
        ),
    ),
    StageSpec(
        kind="dataset",
        name="gtzan",
        summary="GTZAN genre as distributed: genres/<genre>/<genre>.NNNNN.au or .wav",
        target="mxt.stages.datasets.gtzan:Gtzan",
        citation="Tzanetakis, Cook: Musical genre classification of audio signals, IEEE Trans. Speech and Audio Processing 10(5), 2002",
    ),
)  # fmt: skip
