"""What protocols are run with: splits, metrics, statistics, guards."""
