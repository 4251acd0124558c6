"""Fitted models: heads as arrays, probabilities, thresholds, timelines, and the bundles they are kept in."""
