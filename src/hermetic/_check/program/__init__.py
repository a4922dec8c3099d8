"""What a project defines, told without walking a path."""
