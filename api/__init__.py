"""The API: HTTP in, jobs out."""
