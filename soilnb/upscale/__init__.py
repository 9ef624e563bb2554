"""From the pores upward: the emulator, and what it hands to profiles and the planet."""
