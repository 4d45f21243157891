"""The farm on paper: what its parts cost was measured, what a thousand machines would do is simulated."""
