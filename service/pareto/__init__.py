"""Two responses of a study against each other."""
