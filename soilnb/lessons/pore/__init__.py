"""The lessons in the pores: notebooks 10 to 16."""
