"""Time of ``mxt --help`` against ``--help`` of a minimal Typer program, in one run.

    python tests/benchmarks/help_time.py

The two take turns, and the median of each counts; mxt may take at most 1.3 times as long. The time of the
imports (``-X importtime``) is printed beside it.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 21
WANTED = 1.3

BARE = '''
import typer

app = typer.Typer()


@app.command()
def hello(name: str = "you") -> None:
    """Say hello."""


@app.command()
def bye(name: str = "you") -> None:
    """Say good-bye."""


app()
'''
HEAVY = ("torch", "sklearn", "librosa", "zarr", "numpy")


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of one run."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def imported(command: list[str]) -> tuple[float, set[str]]:
    """Milliseconds spent in imports, and the names of the modules."""
    done = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]], check=True, capture_output=True, text=True
    )
    imports = re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", done.stderr, re.MULTILINE)
    return sum(int(own) for own, _ in imports) / 1000, {name for _, name in imports}


def main() -> int:
    """Measure and print; the exit code is 1 where mxt is too slow."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        commands = {
            "a bare Typer program": [sys.executable, str(bare), "--help"],
            "mxt": [sys.executable, "-m", "mxt", "--help"],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for command in commands.values():
            seconds(command)  # bytecode
        for _ in range(ROUNDS):
            for name, command in commands.items():
                taken[name].append(seconds(command))
        for name, command in commands.items():
            milliseconds, modules = imported(command)
            heavy = sorted(set(HEAVY) & modules) or "none"
            median, least = statistics.median(taken[name]) * 1000, min(taken[name]) * 1000
            print(
                f"{name:<21} median {median:5.0f} ms, least {least:4.0f} ms, "
                f"imports {milliseconds:5.0f} ms in {len(modules)} modules, heavy: {heavy}"
            )
    theirs, ours = (statistics.median(taken[name]) for name in commands)
    print(f"ratio {ours / theirs:.2f} (wanted: at most {WANTED}), {ROUNDS} rounds on {os.cpu_count()} cores")
    return 0 if ours <= WANTED * theirs else 1


if __name__ == "__main__":
    sys.exit(main())
