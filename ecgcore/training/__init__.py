"""Training: one loop, one reader of recipes, one writer of model folders; a package a system."""
