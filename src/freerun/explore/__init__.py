"""A page on this machine that shows where a network leaves the truth, and what becomes of it.

``answers`` computes, from a request that is a value; ``asking`` reads requests; ``server`` carries
both to the page, which lies in ``page``.
"""
