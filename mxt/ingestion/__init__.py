"""What an ingest is made of: walk, plan, measure in a pool, update, summary."""
