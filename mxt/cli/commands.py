"""The table of commands, in the panels and the order in which ``mxt --help`` lists them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A command of the table; it is imported only when it is run.

    Parameters
    ----------
    panel : str
        Heading of the panel it is listed in.
    name : str
        What is typed after ``mxt``.
    summary : str
        One line, short enough for a terminal of 80 columns.
    target : str
        ``package.module:attribute`` of a function with typer annotations, or of a `typer.Typer`; when not
        given, the function and the module of its name.
    """

    panel: str
    name: str
    summary: str
    target: str = ""

    @property
    def address(self) -> tuple[str, str]:
        """Module and attribute."""
        module, _, attribute = (self.target or f"mxt.cli.{self.name}:{self.name}").partition(":")
        return module, attribute


WAY, AWAY, CLOSER = "The way", "Take it away", "Look closer"
PAPERS, STORE, EXTEND, TRY = "Papers", "The store", "Extend", "Try it"

_TABLE = (
    Entry(WAY, "ingest", "Catalogue labelled audio: what is there, and what is broken."),
    Entry(WAY, "extract", "Compute the features of every clip, once; all layers are kept."),
    Entry(
        WAY, "eval", "Score the features: how well, how sure, and what may be wrong.", "mxt.cli.eval:evaluate"
    ),
    Entry(WAY, "report", "Write results as one page to read, see and hear, and to share."),
    Entry(AWAY, "fit", "Fit a model to all clips, and keep it as a bundle to carry away."),
    Entry(AWAY, "predict", "Label new recordings with bundles, clip by clip or as a timeline."),
    Entry(AWAY, "similar", "Find the clips most like another, or those to label next."),
    Entry(AWAY, "export", "Write features, clip ids and targets as npz, CSV or Parquet."),
    Entry(AWAY, "import", "Add features computed elsewhere.", "mxt.cli.import_features:import_features"),
    Entry(CLOSER, "search", "Try all combinations of layers, and see what choosing one costs."),
    Entry(CLOSER, "figures", "Draw evaluations and searches, as PNG and SVG, with the numbers."),
    Entry(CLOSER, "compare", "Compare two results on the clips that they have in common."),
    Entry(CLOSER, "render", "Draw what a network is shown of a clip, with axes."),
    Entry(CLOSER, "loudness", "Test whether loudness alone tells the classes apart."),
    Entry(CLOSER, "lengths", "Score excerpts of several lengths: how much of a clip is needed."),
    Entry(
        CLOSER, "derive", "Make a data set from another: classes, excerpts, windows.", "mxt.cli.derive:app"
    ),
    Entry(PAPERS, "reproduce", "Rerun a paper's experiments beside the numbers it published."),
    Entry(STORE, "ls", "List data sets, feature tables and results, with their sizes."),
    Entry(STORE, "info", "Show all about a data set, a feature table, a result or a clip."),
    Entry(STORE, "verify", "Read the whole store, name what is damaged, and repair it."),
    Entry(STORE, "rm", "Remove data sets, feature tables or results by name."),
    Entry(STORE, "prune", "Remove what nothing refers to any more."),
    Entry(EXTEND, "stages", "List all stages, or describe one and its parameters."),
    Entry(EXTEND, "plugins", "List and check plugins, and begin a new one.", "mxt.cli.plugins:app"),
    Entry(EXTEND, "weights", "List, fetch, import and verify weights.", "mxt.cli.weights:app"),
    Entry(TRY, "demo", "Run the three commands on synthetic notes, without a network."),
)
COMMANDS = {entry.name: entry for entry in _TABLE}
ALIASES = {"stage": "stages", "plugin": "plugins", "weight": "weights", "evaluate": "eval", "remove": "rm"}
