"""Ground floor: numba functions on plain numbers and arrays, in fixed units.

Kernels know no names, no files and no defaults. They take ``(state..., parameters..., dt, out)``,
write into memory that the caller owns, and trust their callers: what a user passes is checked
one floor up, by the models.
"""
