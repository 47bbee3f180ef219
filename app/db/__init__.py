"""The SQL database: tables, sessions, repositories."""
