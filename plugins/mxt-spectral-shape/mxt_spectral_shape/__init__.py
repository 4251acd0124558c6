"""Spectral-shape statistics and text-file labels, as a plugin for mxt."""
