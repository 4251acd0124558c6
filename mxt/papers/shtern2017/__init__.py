"""Shtern et al., CASCON 2017: its data sets, its published numbers and its findings."""
