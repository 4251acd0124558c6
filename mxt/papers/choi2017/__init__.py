"""Choi et al. 2017, arXiv:1703.09179: its tasks, its published numbers and its findings."""
