"""Words everything shares: errors, stage specs, records, identity, files, progress. Imports nothing heavy."""
