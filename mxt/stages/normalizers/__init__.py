"""Changes of level before anything else."""
