"""The public face of grokscale for scripts."""
