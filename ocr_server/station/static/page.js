// @ts-check
// Shows what the station has read, as it comes.

const TURN_MS = 1000;
let shown = "";

/** @param {string} name @param {string} [text] */
function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** @param {any} reading */
function card(reading) {
  const item = element("li");
  item.dataset.state = reading.valid ? "valid" : "not-valid";
  if (reading.picture) {
    const picture = document.createElement("img");
    picture.src = `pictures/${reading.serial}`;
    picture.alt = `Picture ${reading.serial}`;
    item.append(picture);
  }
  const body = element("div");
  body.append(
    element(
      "h3",
      `${reading.serial} · ${reading.source} · ${new Date(reading.at).toLocaleTimeString()}`,
    ),
  );
  const list = element("dl");
  for (const [name, field] of Object.entries(reading.fields)) {
    list.append(
      element("dt", name),
      element("dd", `${field.value ?? "–"} ${field.valid ? "✓" : `✗ ${field.reason}`}`),
    );
  }
  if (reading.problem) list.append(element("dt", "problem"), element("dd", reading.problem.detail));
  body.append(list);
  item.append(body);
  return item;
}

/** @param {any} hour */
function row(hour) {
  const made = element("tr");
  made.append(
    element("td", `${hour.hour.replace("T", " ")}:00`),
    element("td", String(hour.readings)),
  );
  return made;
}

/** @param {string} id */
function place(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

async function look() {
  try {
    const text = await (await fetch("state.json")).text();
    if (text !== shown) {
      shown = text;
      const state = JSON.parse(text);
      place("profile").textContent = state.profile;
      place("readings").replaceChildren(...state.readings.map(card));
      place("hours").replaceChildren(...state.hours.map(row));
      const last = state.readings[0];
      place("status").textContent = last
        ? `Reading ${last.serial} is ${last.valid ? "valid" : "not valid"}.`
        : "Waiting for readings.";
    }
  } catch {
    place("status").textContent = "The station does not answer.";
  }
  setTimeout(look, TURN_MS);
}

look();
