"""The embedded platform: stores, migrations and every line of the Procfile under one supervisor."""
