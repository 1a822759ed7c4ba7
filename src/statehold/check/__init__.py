"""Questions about a chart that are answered without running it."""
