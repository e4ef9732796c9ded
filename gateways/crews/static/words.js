// What things are called on this page, and how times and distances are written.

export const STATUS = {
  available: "Available", dispatched: "Dispatched", acknowledged: "Accepted", en_route: "En route", staging: "Staging",
  on_scene: "On scene", at_patient: "At patient", transporting: "Transporting", at_hospital: "At hospital",
  returning: "Returning", on_break: "On break", out_of_service: "Out of service", off_duty: "Off duty",
};
/** What a button is called that reports a status: what the crew does by pressing it. */
export const REPORT = { ...STATUS, acknowledged: "Accept", available: "Clear, available", returning: "Clear, returning" };
export const HELP = {
  more_units: "More units", police: "Police", medical: "Medical", fire: "Fire", other: "Something else",
};
export const DECLINE_REASONS = ["Vehicle defect", "Crew not complete", "Already busy", "Cannot get there"];
export const DELAY_MINUTES = [5, 10, 15, 30];
export const DELAY_REASONS = ["Traffic", "Level crossing", "Weather", "Still at hospital"];

export const nameOf = (status) => STATUS[status] ?? status.replaceAll("_", " ");
export const reportOf = (status, onJob) => (onJob ? REPORT : STATUS)[status] ?? nameOf(status);

const clockFormat = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const exactFormat = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const clock = (ms) => clockFormat.format(ms);
export const exactClock = (ms) => exactFormat.format(ms);

export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const two = (number) => String(number).padStart(2, "0");
  return minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

export const distance = (metres) => (metres < 1000 ? `${Math.round(metres / 10) * 10} m` : `${(metres / 1000).toFixed(1)} km`);

/** Say in one line what a stored message reports. */
export function saying(message) {
  switch (message.type) {
    case "unit_status": return nameOf(message.status);
    case "decline": return `Declined: ${message.reason}`;
    case "delay": return `${message.minutes} minutes later`;
    case "ask_for_help": return `Help: ${HELP[message.what].toLowerCase()}`;
    case "unit_emergency": return "EMERGENCY";
    case "tell_dispatch": return `“${message.text}”`;
    case "answer_roll": return "All are well";
    case "read": return `Read ${message.alert}`;
    default: return message.type;
  }
}
