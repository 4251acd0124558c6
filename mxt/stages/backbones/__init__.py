"""Networks and statistics that turn windows into features."""
