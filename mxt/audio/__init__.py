"""Signals: decode, measure, resample, cut, spectra. Pure functions, one algorithm a file; import the modules, not this package."""
