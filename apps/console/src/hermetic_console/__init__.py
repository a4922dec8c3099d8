"""An admin console: servers, users and an audit log, on FastAPI and Hermetic."""
