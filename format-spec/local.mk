# The specifications and their vectors.
