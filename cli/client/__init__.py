"""What speaks to the API over HTTP, as any client could, for the commands of people who use Sheaf."""
