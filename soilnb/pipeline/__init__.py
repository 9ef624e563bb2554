"""From notebooks to results to the book.

`notebooks` finds and describes the notebooks; `runs` executes those whose `fingerprint` has
changed (with what a notebook can `reach` by imports, and the data sets it opens), each by a
`worker` in a fresh process; `book` compiles what they left. Only the command line stands above
this floor; no notebook imports it.
"""
