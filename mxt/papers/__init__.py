"""What papers published and found, recomputed."""
