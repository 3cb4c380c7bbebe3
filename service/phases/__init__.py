"""Phase diagrams of a study's trials."""
