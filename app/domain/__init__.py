"""The concepts of the product, in the standard library alone."""
