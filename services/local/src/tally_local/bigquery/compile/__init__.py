"""Compiles Google's resolved tree to DuckDB SQL.

Every node and every function is written out here or refused with 501: names are bound and types
decided by Google's analyzer before, so nothing is guessed from the text.
"""
