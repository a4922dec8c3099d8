"""A project that stays in memory while its files are edited."""
