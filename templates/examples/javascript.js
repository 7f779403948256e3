/** @param {Blob} file @returns {Promise<string>} */
async function read(file) {
  const form = new FormData();
  form.append("file", file);
  const answer = await fetch("{{ url }}/v1/documents", {
    method: "POST",
    body: form,
{%- if needs_key %}
    headers: { "X-API-Key": sessionStorage.getItem("api-key") ?? "" },
{%- endif %}
  });
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.detail);
  return document.text;
}
