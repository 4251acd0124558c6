"""``python -m mxt``."""

from mxt.cli.main import main

main()
