"""The papers' figures, redrawn from our own results: a Dataset in, a matplotlib Figure out.

One module per paper, one function per figure, in the frame of `soilnb.figures.style.frame`:
beside what it draws, each takes ``note``, ``data``, ``size`` and ``figure`` by name. Nothing here
computes what belongs to a model. Figures are made without pyplot, so that nothing is shown twice
and nothing is left open; `soilnb.results.save` shows them and hands them to the run that is under
way.
"""
