"""EfficientNet-Lite0 as a backbone for mxt."""
