"""Components in the page: what each is mounted from, the facts it gets, and what it returns."""
