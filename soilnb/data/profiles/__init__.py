"""A soil profile as people bring it: its columns, what is missing, what is wrong."""
