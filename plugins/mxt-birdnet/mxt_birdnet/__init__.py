"""BirdNET as a backbone of mxt."""
