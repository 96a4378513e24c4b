"""Between PyTorch's tensors and the kernels: memory, tables, and one node of the graph."""
