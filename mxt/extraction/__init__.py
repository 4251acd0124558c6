"""What an extraction is made of: plan, engine, estimate."""
