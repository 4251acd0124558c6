"""What papers published and found, recomputed: one folder for each paper."""
