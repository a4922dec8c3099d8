"""What the mapper and a serializer would say of a project's classes."""
