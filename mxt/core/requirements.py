"""Libraries that a stage needs and mxt does not require: one message with the line that installs them."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from types import ModuleType

from mxt.core.errors import PluginError
from mxt.core.specs import StageSpec


def missing(spec: StageSpec) -> dict[str, str]:
    """Modules that a stage needs and this Python does not have, with the lines that install them.

    Examples
    --------
    >>> spec = StageSpec(kind="backbone", name="net", summary="a net", target="net:Net",
    ...                  requires={"json": "pip install json", "no_such_net": "pip install no-such-net"})
    >>> missing(spec)
    {'no_such_net': 'pip install no-such-net'}
    """
    return {module: line for module, line in spec.requires.items() if find_spec(module) is None}


def check_installed(spec: StageSpec) -> None:
    """Refuse a stage whose libraries are not here, before anything is fetched or loaded for it.

    Raises
    ------
    PluginError
        One is missing; the message has the line that installs it.
    """
    for module, install in missing(spec).items():
        raise PluginError(f"{spec.kind} {spec.name} needs {module}, {_ABSENT}: {install}")


def imported(module: str, spec: StageSpec) -> ModuleType:
    """A library that a stage `requires`, imported where it is used.

    Parameters
    ----------
    module : str
        Its name, or that of a module in it.
    spec : StageSpec
        The stage, whose `requires` has the line that installs it.

    Raises
    ------
    PluginError
        It is not installed, or cannot be imported; the message has the line that installs it.

    Examples
    --------
    >>> spec = StageSpec(kind="backbone", name="net", summary="a net", target="net:Net",
    ...                  requires={"no_such_net": "pip install no-such-net"})
    >>> imported("no_such_net.layers", spec)
    Traceback (most recent call last):
    mxt.core.errors.PluginError: backbone net needs no_such_net, which this Python does not have: \
pip install no-such-net
    """
    library = module.partition(".")[0]
    return needed(module, by=f"{spec.kind} {spec.name}", install=_install(library, spec))


def needed(module: str, *, by: str, install: str) -> ModuleType:
    """A library that mxt does not bring, imported where it is used.

    Parameters
    ----------
    module : str
        Its name, or that of a module in it.
    by : str
        What needs it, as messages say it.
    install : str
        The line that installs it.

    Raises
    ------
    PluginError
        It is not installed, or cannot be imported.
    """
    library = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == library
        cause = _ABSENT if absent else f"which cannot be imported ({error})"
        raise PluginError(f"{by} needs {library}, {cause}: {install}") from error


_ABSENT = "which this Python does not have"


def _install(library: str, spec: StageSpec) -> str:
    return spec.requires.get(library, f"pip install {library}")
