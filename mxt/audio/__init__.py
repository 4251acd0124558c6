"""Signals: decode, measure, resample, cut, spectra; pure functions, one algorithm per module."""
