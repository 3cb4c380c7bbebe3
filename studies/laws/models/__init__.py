"""What is fitted to the rows: one law in the terms asked for, or the family M0 to M5."""
