"""Interchange: OpenTimelineIO natively, and EDL, FCP 7 XML, FCPXML and AAF through its adapters.

`adapters` reads hostile files into OpenTimelineIO's objects, `bundles` unpacks those that carry media, `nesting` lays
stacks inside stacks flat, `timeline` makes the one model of what comes out, `writing` goes the other way.

The library takes a while to import: only `imports/interchange/*.py` may import it, and `load` imports those late.
"""
