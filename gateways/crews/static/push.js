// Web Push: alerts while the page is closed. The browser's own push service brings them, encrypted for this browser.

export const canPush = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const END_MS = 3_000;

const registration = () => navigator.serviceWorker.ready;

export async function pushing() {
  return Notification.permission === "granted" && Boolean(await (await registration()).pushManager.getSubscription());
}

export async function startPush(key) {
  if ((await Notification.requestPermission()) !== "granted") return;
  const subscription = await (await registration()).pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  await post("POST", subscription);
}

export async function stopPush() {
  const subscription = await (await registration()).pushManager.getSubscription();
  if (!subscription) return;
  await post("DELETE", subscription);
  await subscription.unsubscribe();
}

/** Stop if there is anything to stop; never for longer than a moment, as a worker that was never begun is never ready. */
export async function endPush() {
  if (!canPush() || Notification.permission !== "granted") return;
  await Promise.race([stopPush(), new Promise((resolve) => { setTimeout(resolve, END_MS); })]);
}

function post(method, subscription) {
  const { endpoint, keys } = subscription.toJSON();
  return fetch("/crew/push", { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ endpoint, keys }) });
}

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}
