"""What an evaluation is made of: preparing, saving, and what it tells."""
