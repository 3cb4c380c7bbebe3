"""The censored likelihood of log t and its maximum: arrays in, arrays out, no table and no answer."""
