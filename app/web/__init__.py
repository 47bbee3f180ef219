"""The HTTP server: REST and pages."""
