"""The laptop stack: its processes, their health, their orderly end."""
