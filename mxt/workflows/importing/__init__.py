"""Reading and writing of features computed elsewhere."""
