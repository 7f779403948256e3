"""Values looked for on a page: where they stand, what they have to look like, what they mean."""
