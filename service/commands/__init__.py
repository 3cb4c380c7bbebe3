"""The commands of `grokscale`, one module each; `service.cli` puts them together."""
