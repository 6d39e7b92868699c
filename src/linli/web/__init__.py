"""HTTP only: what people see, one folder per audience."""
