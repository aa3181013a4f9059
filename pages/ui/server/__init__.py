"""What the server does beside pages: the routes it answers, what it loads before readers come."""
