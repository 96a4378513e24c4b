"""How work is shared between threads."""
