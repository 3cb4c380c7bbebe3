"""The answers, as plain JSON values: laws and families of models with tests, comparisons, warnings and sentences."""
