"""The processes behind the queue: the dispatcher, and the workers that extract in sandboxes."""
