"""The lessons on layered profiles and the globe: notebooks 30 to 38."""
