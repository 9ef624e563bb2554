"""The lessons on carbon use efficiency: notebooks 20 to 22."""
