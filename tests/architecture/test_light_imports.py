"""What must not be imported before it is used, seen in fresh interpreters."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "torchaudio",
    "torchvision",
    "sklearn",
    "librosa",
    "zarr",
    "numcodecs",
    "scipy",
    "pandas",
    "pyarrow",
    "h5py",
    "soundfile",
    "av",
    "soxr",
    "numpy",
    "matplotlib",
    "pooch",
    "requests",
}


def modules_after(code: str) -> set[str]:
    """Top-level modules that are loaded once `code` has run in a fresh interpreter."""
    listing = "import sys; sys.stderr.write('\\n' + ' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{listing}"], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}


HELP = """
from mxt.cli.main import main
try:
    main(["--help"])
except SystemExit:
    pass
"""


def test_help_imports_nothing_heavy():
    loaded = modules_after(HELP)
    assert "typer" in loaded
    assert loaded & HEAVY == set()


def test_help_loads_no_plugin_and_no_command():
    rooms = ("mxt.workflows", "mxt.registry", "mxt.stages")
    code = f"import sys; assert not [name for name in sys.modules if name.startswith({rooms})]"
    modules_after(HELP + code)


@pytest.mark.parametrize(
    "code",
    [
        "import mxt",
        "import mxt.plugin",
        "import mxt.registry",
        "from mxt.registry import build_registry; build_registry()",
        "from mxt.registry import build_registry; [e.spec for e in build_registry().stages]",
        "import mxt.core.weights",
    ],
)
def test_what_every_command_needs_is_light(code):
    assert modules_after(code) & HEAVY == set()


def test_a_heavy_import_would_be_found():
    assert "numpy" in modules_after("import numpy")
