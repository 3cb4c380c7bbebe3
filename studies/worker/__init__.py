"""What runs in a Ray worker: it trains packs, and knows no database, no specification, and no secret but one."""
