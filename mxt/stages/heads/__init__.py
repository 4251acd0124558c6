"""Classifiers and regressors on stored features."""
