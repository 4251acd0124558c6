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
    for module in missing(spec):
        raise PluginError(_message(module, spec))


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
    try:
        return importlib.import_module(module)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == library
        cause = "" if absent else f"which cannot be imported ({error})"
        raise PluginError(_message(library, spec, cause)) from error


def _message(library: str, spec: StageSpec, cause: str = "") -> str:
    line = spec.requires.get(library, f"pip install {library}")
    return f"{spec.kind} {spec.name} needs {library}, {cause or 'which this Python does not have'}: {line}"
