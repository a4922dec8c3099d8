"""A small shop: an API, an admin page, a chat assistant and a worker over one database."""
