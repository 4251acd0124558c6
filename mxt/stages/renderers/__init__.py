"""From waveform to picture."""
