"""What derived data sets are made of."""
