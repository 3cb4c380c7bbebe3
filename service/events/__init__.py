"""Events of studies as a stream."""
