"""REST framework plumbing."""
