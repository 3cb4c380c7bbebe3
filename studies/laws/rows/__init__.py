"""From a table of trials to the rows of a likelihood: columns, responses, censoring, identities, counts."""
