"""Pictures of results and of clips."""
