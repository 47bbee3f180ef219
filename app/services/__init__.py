"""One activity of the product a file."""
