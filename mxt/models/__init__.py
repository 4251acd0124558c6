"""Fitted models and their bundles, what they say of new recordings, and which clips are alike."""
