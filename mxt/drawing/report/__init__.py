"""A report of results: one page to read, see and hear, or the same as Markdown."""
