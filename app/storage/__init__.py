"""Where images rest: local disk or S3."""
