"""From a maximum to estimates with intervals: degrees of freedom, clusters, streams, profiles."""
