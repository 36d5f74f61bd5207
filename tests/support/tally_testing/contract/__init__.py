"""The contract of the API: what changed of it, and whether that breaks a client."""
