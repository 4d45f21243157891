"""Tests of the status page: a package, so that what they share ends with them."""
