"""Labelled stretches of recordings as other programs keep them: for each format what reads and writes it."""
