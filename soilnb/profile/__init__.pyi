from . import century, clm5, compas, depth, forcing, management, mimics, site

__all__ = ["century", "clm5", "compas", "depth", "forcing", "management", "mimics", "site"]
