"""The transformer of scikit-learn: from paths to features, with the store as its cache."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_array

import mxt.sklearn
from mxt.core.errors import InputError, UnknownName
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import Registry
from mxt.sklearn import AudioFeatures
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest

SR = 8000


@pytest.fixture
def audio(collection: Path) -> tuple[list[str], list[str]]:
    """Paths and classes of the collection."""
    paths = sorted(map(str, collection.rglob("*.wav")))
    return paths, [Path(path).parent.name for path in paths]


@pytest.fixture
def tiny(plugin: Path, tmp_path: Path) -> AudioFeatures:
    return AudioFeatures("tiny", layers="both", store=tmp_path / "cache", plugins=(plugin,))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many clips were computed, each time that any were missing."""
    counts: list[int] = []
    original = mxt.workflows.extract_files.compute_missing

    def counted(plan: Any, **options: Any) -> Any:
        counts.append(len(plan.missing()))
        return original(plan, **options)

    monkeypatch.setattr("mxt.workflows.extract_files.compute_missing", counted)
    return counts


def test_it_gives_what_extract_gives_and_shares_the_store_with_it(
    tiny: AudioFeatures,
    audio: tuple[list[str], list[str]],
    collection: Path,
    registry: Registry,
    computed: list[int],
) -> None:
    ingest(Path(tiny.store), IngestRequest(collection), registry)
    extract(Path(tiny.store), ExtractRequest("tiny"), registry)
    expected = mxt.open(tiny.store).features("tiny:both")
    X = tiny.fit_transform(audio[0])
    rows = {str(collection / name): row for row, name in enumerate(expected.ids)}
    np.testing.assert_array_equal(X, expected.X[[rows[path] for path in audio[0]]])
    assert tiny.get_feature_names_out().tolist() == list(expected.columns)
    assert computed == []


def test_each_content_is_computed_once_whatever_its_path(
    tiny: AudioFeatures, audio: tuple[list[str], list[str]], tmp_path: Path, computed: list[int]
) -> None:
    paths = audio[0][:6]
    copy = tmp_path / "renamed.wav"
    copy.write_bytes(Path(paths[2]).read_bytes())
    first = tiny.transform(paths[:4])
    again = tiny.transform([*paths, str(copy), paths[0]])
    np.testing.assert_array_equal(again[:4], first)
    np.testing.assert_array_equal(again[6:], first[[2, 0]])
    tiny.set_params(layers="level").transform(paths)
    assert computed == [4, 2]


def test_a_grid_search_over_layers_and_head_computes_every_file_once(
    tiny: AudioFeatures, audio: tuple[list[str], list[str]], computed: list[int]
) -> None:
    paths, y = audio
    pipeline = Pipeline([("features", tiny), ("scale", StandardScaler()), ("head", LogisticRegression())])
    search = GridSearchCV(pipeline, {"features__layers": ["level", "both"], "head__C": [0.1, 10.0]}, cv=3)
    search.fit(paths, y)
    assert search.best_params_["features__layers"] == "both"
    assert search.best_score_ > 0.3  # of six classes
    assert sum(computed) == len(paths)
    assert search.predict([Path(paths[0])]).shape == (1,)


def test_paths_may_be_one_column_of_a_table(tiny: AudioFeatures, audio: tuple[list[str], list[str]]) -> None:
    paths = audio[0][:3]
    expected = tiny.transform(paths)
    np.testing.assert_array_equal(tiny.transform(np.array(paths)[:, None]), expected)
    np.testing.assert_array_equal(tiny.transform(np.array(paths, dtype=object)), expected)
    assert tiny.transform([]).shape == (0, 2)


def test_files_that_cannot_be_used_are_named(
    tiny: AudioFeatures, audio: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "text.wav").write_text("no audio")
    with pytest.raises(InputError, match=r"gone\.wav: No such file"):
        tiny.transform([audio[0][0], str(tmp_path / "gone.wav")])
    with pytest.raises(InputError, match=r"text\.wav: not audio"):
        tiny.transform([audio[0][0], str(tmp_path / "text.wav")])


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a.wav", TypeError, "a list of paths"),
        ([1.0, 2.0], TypeError, "paths of audio files are needed, not float"),
        (np.zeros((2, 3)), ValueError, "one column"),
    ],
)
def test_what_is_no_list_of_paths_is_refused(
    tiny: AudioFeatures, X: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        tiny.fit(X)


def test_a_backbone_or_layer_that_is_not_there_is_named_when_fitting(tiny: AudioFeatures) -> None:
    with pytest.raises(UnknownName, match="mfcc"):
        AudioFeatures("mfccs").fit(["a.wav"])
    with pytest.raises(UnknownName, match="layer"):
        tiny.set_params(layers="third").fit(["a.wav"])


def test_two_processes_that_need_the_same_features_wait_for_each_other(
    tiny: AudioFeatures, audio: tuple[list[str], list[str]]
) -> None:
    pipeline = make_pipeline(tiny, LogisticRegression())
    GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1.0]}, cv=2, n_jobs=2).fit(*audio)


def test_mxt_itself_does_not_import_scikit_learn() -> None:
    code = "import mxt, sys; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class Sounds(AudioFeatures):
    """For scikit-learn's checks, which give numbers: every row becomes a file that sounds like it."""

    folder = ""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array = True, False  # else no check is made
        return tags

    def _paths(self, X: Any) -> list[str]:
        return super()._paths([self._written(row) for row in check_array(X)])

    def _written(self, row: np.ndarray) -> str:
        values = np.asarray(row, np.float64)
        path = Path(self.folder) / f"{hashlib.sha256(values.tobytes()).hexdigest()}.wav"
        if not path.exists():
            t = np.arange(SR // 4) / SR
            pitches = 200 + 40 * np.abs(values)
            y = np.sin(2 * np.pi * pitches[:, None] * t).mean(axis=0)
            soundfile.write(path, 0.5 * y, SR, subtype="FLOAT")
        return str(path)


DO_NOT_APPLY = dict.fromkeys(
    ("check_n_features_in", "check_n_features_in_after_fitting"),
    "a list of paths has no number of columns that could change",
)
CHECKS_NEED = pytest.mark.skipif(
    not hasattr(estimator_checks, "estimator_checks_generator"), reason="needs scikit-learn 1.6"
)


@CHECKS_NEED
def test_scikit_learns_own_checks_pass_or_do_not_apply(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sounds, "folder", str(tmp_path))
    estimator = Sounds("tiny", store=tmp_path / "cache", plugins=(str(plugin),), jobs=1)
    outcomes = estimator_checks.check_estimator(
        estimator, expected_failed_checks=DO_NOT_APPLY, on_fail=None, on_skip=None
    )
    by_status: dict[str, set[str]] = {}
    for outcome in outcomes:
        by_status.setdefault(outcome["status"], set()).add(outcome["check_name"])
    assert by_status.get("failed", set()) == set()
    assert by_status["xfail"] == set(DO_NOT_APPLY)
    assert by_status.get("skipped", set()) <= {"check_array_api_input"}  # needs SCIPY_ARRAY_API
    assert len(by_status["passed"]) > 30


def test_it_is_pickled_with_its_parameters(tiny: AudioFeatures) -> None:
    assert pickle.loads(pickle.dumps(tiny)).get_params() == tiny.get_params()
