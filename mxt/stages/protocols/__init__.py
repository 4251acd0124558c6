"""How a view is evaluated: records of choices."""
