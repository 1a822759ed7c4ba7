"""The group commit: from a queued request to a committed step and its reply."""
