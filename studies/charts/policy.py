"""What a chart's page may do, wherever it is opened: run what it brings along, and ask no server for anything."""

POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"
"""Content-Security-Policy: a chart holds names that callers chose."""
