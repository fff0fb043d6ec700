"""The HTTP process: accounts, documents and jobs; it stores and queues PDFs but never opens one."""
