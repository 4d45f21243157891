"""Editing: timelines made of timelines, and what can be said of one. Values in, values out; only a backup touches the world."""
