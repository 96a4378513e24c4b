"""What is forecast and classified, beside the methods of others: run by hand."""
