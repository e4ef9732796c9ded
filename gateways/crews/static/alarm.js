// Sounds and vibration: a new job is not to be missed. Browsers let a page sound only after it was touched once.

let context = null;
let repeating = 0;
export const sound = { on: true };

/** Call it in answer to a press. */
export function arm() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
}
addEventListener("pointerdown", arm, { passive: true });
addEventListener("keydown", arm);

export const armed = () => context?.state === "running";

function beep(startS, hertz, lengthS) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.type = "square";
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0.18, context.currentTime + startS);
  volume.gain.setValueAtTime(0, context.currentTime + startS + lengthS);
  tone.connect(volume).connect(context.destination);
  tone.start(context.currentTime + startS);
  tone.stop(context.currentTime + startS + lengthS);
}

/** Sound once: `job` is two rising pairs, `notice` a single pair. */
export function ring(kind) {
  navigator.vibrate?.(kind === "job" ? [500, 200, 500, 200, 500] : [200, 100, 200]);
  if (!sound.on || !armed()) return;
  const times = kind === "job" ? [0, 0.5] : [0];
  for (const start of times) { beep(start, 740, 0.18); beep(start + 0.2, 990, 0.22); }
}

/** Sound again and again until it is called with false: a job that nobody has answered. */
export function insist(wanted) {
  if (wanted && !repeating) repeating = setInterval(() => ring("job"), 5_000);
  if (!wanted) { clearInterval(repeating); repeating = 0; }
}
