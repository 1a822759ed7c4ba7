"""Static checks: each file finds one kind of mistake in a machine before it runs."""
