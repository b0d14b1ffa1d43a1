"""Who looks: each front end pulls figures and makes them visible."""
