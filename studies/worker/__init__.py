"""What runs in a Ray worker. It trains packs, and knows no database, no specification, and only one secret."""
