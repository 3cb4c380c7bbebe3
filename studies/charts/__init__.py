"""Charts: one Vega-Lite definition each, made from plain rows; drawn as SVG, PNG and a page by `rendering`."""
