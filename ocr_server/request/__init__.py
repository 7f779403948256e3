"""A request's text to a `Job`: options, profiles and fields. Knows no Flask."""
