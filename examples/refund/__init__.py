"""A refund: a machine that is data alone, in two versions."""
