"""Evaluations and searches: what was asked, how it is carried out, what was found, and how it is kept."""
