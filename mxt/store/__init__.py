"""The store on disk: layout, catalogue, feature tables, results, verify."""
