"""Damaged stores: no traceback, no wrong number, and what verify calls undamaged is undamaged.

Every file is deleted, emptied, halved, replaced by a folder, given the content of a sibling and given one
changed bit; every value of every JSON file and of the catalogue is edited; then bits are changed at random
positions.

``python tests/faults/stores.py --flips 1000`` tries all of them in random order, with 1000 changed bits; with
``--each 100``, only 100 of each other kind. The tests try a few of each kind.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import contained
import sounds
from running import Ran, mxt

PLUGIN = Path(__file__).with_name("stages_for_stores.py")
CLASSES, CLIPS_PER_CLASS = ("a", "b", "c"), 46
EVAL = (
    "eval",
    "--dataset",
    "notes",
    "--features",
    "tiny",
    "--features",
    "mine",
    "--head",
    "centroid",
    "--json",
)
FLIP = "bit changed"
EDITED = (None, 0, -1, 10**12, 0.5, "", "x", "../x", [], {}, "\x1b[2J")


@dataclass(frozen=True)
class Fault:
    """Something done to a store: `kind` for the counts, `what` for people, `do` to the store's folder."""

    kind: str
    what: str
    do: Callable[[Path], None]


@dataclass
class Trial:
    """What a damaged store led to."""

    fault: Fault
    complaints: list[str] = field(default_factory=list)
    restored: str = ""  # by which remedy


class Pristine:
    """An undamaged store, and its scores.

    Parameters
    ----------
    folder : Path
        An empty folder; recordings and store are made in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        sounds.class_folders(folder / "notes", CLASSES, [f"{n:02}" for n in range(CLIPS_PER_CLASS)])
        (folder / "notes" / "a" / "broken.wav").write_bytes(b"no audio at all")
        for words in (
            ("ingest", folder / "notes"),
            ("extract", "--backbone", "tiny"),
            ("extract", "--backbone", "tiny", "--set", "scale=2"),
            ("export", "tiny", folder / "out" / "mine.npz", "--dataset", "notes"),
            ("import", folder / "out" / "mine.npz", "--as", "mine"),
            EVAL,
            ("derive", "classes", "a,b"),
        ):
            self.must(*words)
        self.scores = scores_of(self.must(*EVAL))

    def must(self, *words: object) -> Ran:
        """Run a command that has to succeed."""
        (self.folder / "out").mkdir(exist_ok=True)
        ran = run(self.folder, *words)
        assert ran.code == 0, (ran.command, ran.err.decode(), ran.out.decode())
        return ran


def run(folder: Path, *words: object) -> Ran:
    """Run one command on the store of a folder."""
    return mxt(folder, "--plugin", PLUGIN, *words, seconds=120)


def scores_of(ran: Ran) -> dict[str, Any]:
    """Clips and scores by view, and what was left out."""
    (result,) = json.loads(ran.out)["datasets"]
    return {view["view"]: (result["clips"], view["scores"]) for view in result["views"]} | {
        "left out": sorted(f"{left['why']} {left['count']}" for left in result["left_out"])
    }


def attempt(pristine: Pristine, fault: Fault, folder: Path) -> Trial:
    """Damage a copy of the store, use it, repair it, and use it again."""
    trial = Trial(fault)
    shutil.copytree(pristine.folder / "mxt-store", folder / "mxt-store")
    for name in ("notes", "out"):
        (folder / name).symlink_to(pristine.folder / name)
    fault.do(folder / "mxt-store")

    def do(*words: object) -> Ran:
        ran = run(folder, *words)
        trial.complaints += ran.complaints()
        return ran

    first = do("verify")
    for words in (("ls",), ("ls", "--clips"), ("info", "notes"), ("info", "tiny")):
        do(*words)
    _judge(trial, pristine, do(*EVAL), "at once", whole=first.code == 0 and b"note: " not in first.out)
    do("extract", "--backbone", "tiny", "--dataset", "notes")
    do("verify")
    do("verify", "--repair")
    do("extract", "--backbone", "tiny", "--dataset", "notes")
    last = do(*EVAL)
    _judge(trial, pristine, last, "after the repair", whole=False)
    if last.code == 0 and scores_of(last) == pristine.scores:
        trial.restored = "verify --repair, extract"
        return trial
    _follow_advice(trial, pristine, folder, do)
    return trial


def _follow_advice(trial: Trial, pristine: Pristine, folder: Path, do: Callable[..., Ran]) -> None:
    """Follow the advice of the messages, one remedy after the other, until the scores are back.

    Ingest and import again, write ``mxt.json`` back, remove and extract again, move the catalogue away.
    """
    store = folder / "mxt-store"
    for how, act in (
        ("import again", lambda: None),
        ("mxt.json written back", lambda: _write_back(pristine, store)),
        ("rm, extract again", lambda: [do("rm", "notes", "tiny", "mine", "--yes")]),
        ("catalogue moved away", lambda: (store / "catalogue.sqlite").replace(folder / "moved")),
    ):
        try:
            act()
        except OSError as error:
            trial.complaints.append(f"{how}: {error}")
            return
        do("ingest", pristine.folder / "notes", "--name", "notes", "--yes")
        do("extract", "--backbone", "tiny", "--dataset", "notes")
        do("import", pristine.folder / "out" / "mine.npz", "--as", "mine", "--dataset", "notes")
        last = do(*EVAL)
        if last.code == 0 and scores_of(last) == pristine.scores:
            trial.restored = how
            return
    trial.complaints.append(f"cannot be restored: {last.err.decode()[-300:]}{last.out.decode()[-300:]}")


def _write_back(pristine: Pristine, store: Path) -> None:
    path = store / "mxt.json"
    if path.is_dir():
        path.rmdir()
    shutil.copyfile(pristine.folder / "mxt-store" / "mxt.json", path)


def _judge(trial: Trial, pristine: Pristine, ran: Ran, when: str, *, whole: bool) -> None:
    """Complain of a score that is not the undamaged store's, unless it says which clips it lacks.

    Where verify found nothing (`whole`), it has to be the undamaged store's.
    """
    if ran.code:
        if whole:
            trial.complaints.append(
                f"{when}: verify found nothing, and eval fails: {ran.err.decode()[-300:]}"
            )
        return
    scores = scores_of(ran)
    if scores == pristine.scores:
        return
    if whole:
        trial.complaints.append(f"{when}: verify found nothing, and the score is another one: {scores}")
    elif len(scores["left out"]) <= len(pristine.scores["left out"]):
        trial.complaints.append(
            f"{when}: another score, and no clip is said to be missing: {scores} instead of {pristine.scores}"
        )


def faults(store: Path, *, flips: int, seed: int = 1) -> Iterator[Fault]:
    """All faults of a store: whole files, edited JSON, edited SQL, and bits at random positions."""
    files = sorted(path for path in store.rglob("*") if path.is_file())
    names = [path.relative_to(store) for path in files]
    for name in names:
        yield Fault("deleted", f"{name} deleted", lambda root, name=name: (root / name).unlink())
        yield Fault("emptied", f"{name} emptied", lambda root, name=name: (root / name).write_bytes(b""))
        yield Fault("halved", f"{name} halved", lambda root, name=name: _halve(root / name))
        yield Fault("a folder", f"{name} a folder", lambda root, name=name: _into_folder(root / name))
    for name, other in _siblings(names):
        yield Fault(
            "copied over",
            f"{name} has what is in {other}",
            lambda root, a=name, b=other: shutil.copyfile(root / b, root / a),
        )
        yield Fault(
            "swapped",
            f"{name} and {other} changed places",
            lambda root, a=name, b=other: _swap(root / a, root / b),
        )
    for name in names:
        if name.suffix in (".json", ".jsonl"):
            yield from _edits_of_json(store, name)
    yield from _edits_of_sql(store)
    yield from _flips(store, names, flips, random.Random(seed))


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _swap(a: Path, b: Path) -> None:
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second)
    b.write_bytes(first)


def _siblings(names: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Pairs of files that might be mistaken for each other.

    They are of one folder and have the same suffix, have the same name in neighbouring folders, or are the
    same file of two tables.
    """
    for name in names:
        for other in names:
            in_folder = other.parent == name.parent and other > name and other.suffix == name.suffix
            beside = (
                other.name == name.name
                and other.parent.parent == name.parent.parent
                and other.parent > name.parent
            )
            of_other_table = (
                other.parts[:1] == name.parts[:1]
                and other.parts[2:] == name.parts[2:]
                and other > name
                and len(name.parts) > 2
            )
            if in_folder or beside or of_other_table:
                yield name, other
                yield other, name


def _edits_of_json(store: Path, name: Path) -> Iterator[Fault]:
    lines = (
        (store / name).read_text().splitlines() if name.suffix == ".jsonl" else [(store / name).read_text()]
    )
    values = [json.loads(line) for line in lines]
    for path in list(_paths(values))[:: max(1, len(list(_paths(values))) // 60)]:
        for value in EDITED:

            def do(root: Path, path: list[Any] = path, value: Any = value) -> None:
                edited = json.loads(json.dumps(values))
                holder = edited
                for key in path[:-1]:
                    holder = holder[key]
                holder[path[-1]] = value
                (root / name).write_text("\n".join(json.dumps(line) for line in edited) + "\n")

            yield Fault("JSON edited", f"{name}: {'.'.join(map(str, path[1:]))} = {value!r}", do)
    deep = "[" * 100_000 + "]" * 100_000
    yield Fault("JSON edited", f"{name}: nested deeply", lambda root: (root / name).write_text(deep))


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to all values below; in lists, only to the first two."""
    items = (
        value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    )
    for key, item in items:
        if before:
            yield (*before, key)
        yield from _paths(item, (*before, key))


def _edits_of_sql(store: Path) -> Iterator[Fault]:
    statements = []
    with closing(sqlite3.connect(store / "catalogue.sqlite")) as db:
        for (table,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall():
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            first = f"(SELECT MIN({columns[0]}) FROM {table})"
            for column in columns:
                for value in (
                    "NULL",
                    "0",
                    "-1",
                    "1000000000000",
                    "0.5",
                    "''",
                    "'x'",
                    '\'{"label": "b"}\'',
                    "x'00ff'",
                    "'[[[['",
                ):
                    statements.append(
                        f'UPDATE OR IGNORE {table} SET "{column}" = {value} WHERE {columns[0]} = {first}'
                    )
                statements.append(f'ALTER TABLE {table} RENAME COLUMN "{column}" TO "other"')
            statements += [
                f"DELETE FROM {table}",
                f"DELETE FROM {table} WHERE {columns[0]} = {first}",
                f"DROP TABLE {table}",
            ]
    for statement in statements:
        yield Fault(
            "SQL edited",
            statement,
            lambda root, statement=statement: _execute(root / "catalogue.sqlite", statement),
        )


def _execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        try:
            db.execute(statement)
        except sqlite3.IntegrityError:
            return


def _flips(store: Path, names: list[Path], count: int, rng: random.Random) -> Iterator[Fault]:
    sizes = [(store / name).stat().st_size for name in names]
    for name in rng.choices(names, weights=sizes, k=count):
        bit = rng.randrange((store / name).stat().st_size * 8)
        yield Fault(FLIP, f"{name}: bit {bit}", lambda root, name=name, bit=bit: _flip(root / name, bit))


def _flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(content)


def some(every: list[Fault], of_each_kind: int, seed: int = 1) -> list[Fault]:
    """A few faults of each kind, drawn at random."""
    rng = random.Random(seed)
    kinds = {
        kind: [fault for fault in every if fault.kind == kind]
        for kind in dict.fromkeys(fault.kind for fault in every)
    }
    return [fault for group in kinds.values() for fault in rng.sample(group, min(of_each_kind, len(group)))]


def try_all(pristine: Pristine, wanted: list[Fault], *, workers: int = 2) -> Iterator[Trial]:
    """Try each fault on a copy of the store of its own."""

    def one(fault: Fault) -> Trial:
        with tempfile.TemporaryDirectory(dir=pristine.folder) as folder:
            return attempt(pristine, fault, Path(folder))

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(one, wanted)


def main(arguments: list[str]) -> int:
    """Try all faults, or some of them: ``--flips N``, ``--each N``."""
    given = dict(zip(arguments[::2], map(int, arguments[1::2]), strict=True))
    contained.start("everything")
    tried, wrong, restored = Counter[str](), Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        pristine = Pristine(Path(folder))
        every = list(faults(pristine.folder / "mxt-store", flips=given.get("--flips", 1000)))
        others = [fault for fault in every if fault.kind != FLIP]
        wanted = [fault for fault in every if fault.kind == FLIP] + some(
            others, given.get("--each", len(every))
        )
        random.Random(1).shuffle(wanted)
        for number, trial in enumerate(try_all(pristine, wanted), start=1):
            tried[trial.fault.kind] += 1
            restored[trial.restored or "nothing"] += 1
            if trial.complaints:
                wrong[trial.fault.kind] += 1
                print(f"{trial.fault.kind}: {trial.fault.what}", *trial.complaints, sep="\n  ", flush=True)
            if number % 100 == 0:
                print(
                    f"{number} of {len(wanted)}, {wrong.total()} wrong; {dict(tried)}; {dict(restored)}",
                    file=sys.stderr,
                    flush=True,
                )
    for kind, count in tried.items():
        print(f"{kind}: {count} tried, {count - wrong[kind]} passed")
    print("restored by:", dict(restored))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
