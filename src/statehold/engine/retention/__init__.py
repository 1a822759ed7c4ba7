"""How long instances and journals are kept, and what removes or exports them."""
