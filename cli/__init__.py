"""The command line: the embedded platform, the demo, the operator's commands and the developer's."""
