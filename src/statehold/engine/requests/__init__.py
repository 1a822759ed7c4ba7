"""The requests that change an instance, each applied to a draft."""
