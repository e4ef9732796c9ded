// The server's clock, as it was told at the welcome: also where a demonstration runs faster.

let origin = { city: Date.now(), here: performance.now(), rate: 1 };
let offsets = [[0, 0]];
let zone = "UTC";

export function setClock(nowMs, rate) {
  origin = { city: nowMs, here: performance.now(), rate };
}

export function setZone(name, utcOffsets) {
  zone = name;
  offsets = utcOffsets.length ? utcOffsets : [[0, 0]];
}

/** Milliseconds since the epoch on the server. */
export const now = () => origin.city + (performance.now() - origin.here) * origin.rate;
export const pace = () => origin.rate;

function local(ms) {
  let offset = offsets[0][1];
  for (const [from, each] of offsets) if (from <= ms) offset = each;
  return new Date(ms + offset);
}

/** `17:04:09`, 24 hours, local time of the place. */
export const clockTime = (ms) => local(ms).toISOString().slice(11, 19);
export const clockDay = (ms) => local(ms).toUTCString().slice(0, 11).replace(",", "");

/** When it was in the city at a time that another clock than the city's has written down: in a demonstration they differ. */
export const inCity = (wallMs) => now() - (Date.now() - wallMs) * origin.rate;

/** `CDT`, or the difference to UTC where the zone has no name. */
export function zoneName(ms) {
  try {
    const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "short" }).formatToParts(ms);
    return parts.find((part) => part.type === "timeZoneName").value;
  } catch {
    return zone;
  }
}
