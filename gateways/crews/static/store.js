// What outlives the page: messages that wait to be sent, the last view, and the clock. In IndexedDB, so that it is
// there after the phone has died.

const OPEN = new Promise((resolve, reject) => {
  const request = indexedDB.open("turnout-crew", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("outbox", { keyPath: "number", autoIncrement: true });
    request.result.createObjectStore("kept");
  };
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function within(name, mode, work) {
  const database = await OPEN;
  return new Promise((resolve, reject) => {
    // Strict: a message that was confirmed to its sender is on the disk.
    const transaction = database.transaction(name, mode, { durability: "strict" });
    const request = work(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

export const outbox = {
  add: (entry) => within("outbox", "readwrite", (store) => store.add(entry)),
  put: (entry) => within("outbox", "readwrite", (store) => store.put(entry)),
  remove: (number) => within("outbox", "readwrite", (store) => store.delete(number)),
  all: () => within("outbox", "readonly", (store) => store.getAll()),
};

export const kept = {
  get: (name) => within("kept", "readonly", (store) => store.get(name)),
  set: (name, value) => within("kept", "readwrite", (store) => store.put(value, name)),
  clear: () => within("kept", "readwrite", (store) => store.clear()),
};
