"""Pictures of results and renderings, for a person."""
