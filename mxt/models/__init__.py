"""Fitted models and what is asked of features: heads as arrays, probabilities, thresholds, timelines, bundles, likeness."""
