"""The typed client of the REST interface, for programs that send cells and read reports."""
