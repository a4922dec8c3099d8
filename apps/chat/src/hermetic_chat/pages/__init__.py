"""The endpoints of the chat."""
