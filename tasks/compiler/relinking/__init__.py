"""Relinking: a project whose media are missing gets other files: found by name, by length, or standing in for them."""
