"""Make the climate coefficients again, with SRDB and ISRaD at hand: ``python -m soilnb.data``."""

from soilnb.data import climate, open_dataset

if __name__ == "__main__":
    climate.write_tables(open_dataset("srdb"), open_dataset("israd"))
