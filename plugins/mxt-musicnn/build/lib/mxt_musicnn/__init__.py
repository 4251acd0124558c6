"""The networks of musicnn as a backbone for mxt."""
