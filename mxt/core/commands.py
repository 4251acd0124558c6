"""Commands as they are typed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def typed(*words: object, options: Iterable[tuple[str, object]] = ()) -> str:
    """The command line of an mxt command.

    Parameters
    ----------
    *words : object
        The command and its arguments, without ``mxt``.
    options : iterable of (str, object)
        Option and value. An option whose value is ``None``, ``False`` or an empty string is left out; one
        whose value is ``True`` is a flag.

    Returns
    -------
    str
        Quoted for a POSIX shell.

    Examples
    --------
    >>> typed("export", "convnet:135", options=[("--dataset", "my genres"), ("--yes", False)])
    "mxt export convnet:135 --dataset 'my genres'"
    """
    line = ["mxt", *map(str, words)]
    for option, value in options:
        if value is None or value is False or value == "":
            continue
        line += [option] if value is True else [option, str(value)]
    return shlex.join(line)
