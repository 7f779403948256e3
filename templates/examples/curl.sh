# The text alone, of a picture or a PDF:
curl --fail-with-body{% if needs_key %} -H "X-API-Key: $OCR_KEY"{% endif %} -F file=@scan.png -F format=text {{ url }}/v1/documents

# Words with their places, one line of JSON as soon as each page is ready:
curl --no-buffer{% if needs_key %} -H "X-API-Key: $OCR_KEY"{% endif %} -H 'Accept: application/x-ndjson' -F file=@scan.png {{ url }}/v1/documents
