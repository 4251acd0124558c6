"""The command line, as ``mxt`` and as ``python -m mxt``.

Little is imported before Ctrl-C is caught, so that an early interruption ends quietly too.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line.

    Raises
    ------
    SystemExit
        With the command's exit code; 130 where Ctrl-C came before it began.
    """
    try:
        from mxt.cli.main import main as run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
