/** Text of the network as a person may see it. All of it is only ever set as text, never as HTML. */

const LONGEST = 253;

// Control characters, and those that reorder or hide what is around them (Unicode TR36).
const HIDDEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** A name without characters that hide or reorder; of one that is too long the beginning. */
export function visible(name: string): string {
  const shown = name.replace(HIDDEN, "\ufffd");
  return shown.length > LONGEST ? shown.slice(0, LONGEST) + "…" : shown;
}

/** Hours to milliseconds, in the browser's own zone. */
export function clock(millis: number): string {
  const date = new Date(millis);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0"));
  return `${parts.join(":")}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** A rate a second, in as few characters as say it. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return "0/s";
  if (perSecond < 0.1) return `${Math.round(perSecond * 3600)}/h`;
  if (perSecond < 10) return `${perSecond.toFixed(1)}/s`;
  if (perSecond < 1000) return `${Math.round(perSecond)}/s`;
  return `${(perSecond / 1000).toFixed(1)}k/s`;
}

export function count(n: number): string {
  return n.toLocaleString("en");
}

/** Milliseconds as people say them. */
export function span(millis: number): string {
  const seconds = Math.round(Math.abs(millis) / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** A port with its protocol: 80/TCP; for ICMP the type. */
export function port(protocol: string, number: number): string {
  if (protocol === "") return "";
  return protocol.startsWith("ICMP") ? `${protocol} type ${number}` : `${number}/${protocol}`;
}
