"""The lessons on the whole profile: notebooks 40 and 41."""
