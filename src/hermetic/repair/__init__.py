"""What to write instead: a module for each kind of repair, with a function `fix` that turns a finding into edits.

A rule names its module in `fixed_by`. `fix` is given a `Place`, where the finding stands in the source, and returns a
`Fix`, or None where it knows no edit that keeps what the test means: no repair is better than a wrong one.
"""
