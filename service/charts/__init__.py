"""Charts of a study: one definition each, as Vega-Lite, SVG, PNG and a page."""
