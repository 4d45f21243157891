"""The generated pages, one module per kind of source."""
