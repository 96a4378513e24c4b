"""What kernels are written in: numbers at addresses, vectors, products, and how it is compiled."""
