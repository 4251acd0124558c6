"""Loaders: from a folder or table to labelled clips."""
