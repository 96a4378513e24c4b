"""Real data sets that ship with the package, and seeded generators of synthetic ones."""

__all__: list[str] = []
