"""The processes behind ``serve`` and ``worker``: one, or several below a supervisor."""
