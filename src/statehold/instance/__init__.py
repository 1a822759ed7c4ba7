"""One instance, pure: its state, how a request changes it, and what is stored of it.

The engine, the simulator, the search and the test harness run on these rules.
"""
