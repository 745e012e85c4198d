"""History: what earlier runs tell, compared, repeated, traced and cleared away."""
