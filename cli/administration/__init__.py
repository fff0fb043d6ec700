"""Commands of administrators: accounts of the installation, and its queues."""
