"""``python -m soilnb`` is the command ``soilnb``."""

from soilnb.cli import main

if __name__ == "__main__":
    main(prog_name="soilnb")
