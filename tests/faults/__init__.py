"""The harness of faults: a bank on real databases, whose connections, servers and clients are broken while it works."""
