"""The machine-readable zone of passports, visas and identity cards (ICAO Doc 9303)."""
