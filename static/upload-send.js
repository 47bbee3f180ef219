/** One file by tus, in pieces, going on after whatever broke it off. Needs `tus` from its script. */

const PIECE_BYTES = 5 * 1024 * 1024;
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 30_000, 30_000, 60_000];
const KEPT = "vexascope-upload:";
const KEPT_MS = 24 * 60 * 60 * 1000;
const LOCKED = 423;
const CONFLICT = 409;
const TOO_MANY = 429;

/** Files that are on their way from here: the same one twice is two uploads. @type {Set<string>} */
const underWay = new Set();

/**
 * What this browser remembers of a file that it has begun: where it went. No name of a file is
 * kept: it may be a patient's, and others may use this browser.
 */
const memory = {
  async findAllUploads() { return []; },
  async findUploadsByFingerprint(fingerprint) {
    const text = localStorage.getItem(KEPT + fingerprint);
    if (!text) return [];
    const kept = JSON.parse(text);
    if (Date.now() - kept.at > KEPT_MS) { localStorage.removeItem(KEPT + fingerprint); return []; }
    return [{ uploadUrl: kept.url, size: kept.size, metadata: {}, creationTime: "", urlStorageKey: KEPT + fingerprint }];
  },
  async removeUpload(key) { localStorage.removeItem(key); },
  async addUpload(fingerprint, upload) {
    localStorage.setItem(KEPT + fingerprint, JSON.stringify({ url: upload.uploadUrl, size: upload.size, at: Date.now() }));
    return KEPT + fingerprint;
  },
};

/** Tells a file of one case from another; FNV-1a of the name in place of the name. */
function fingerprintOf(file, path) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(`${path}\0${file.webkitRelativePath || file.name}`)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return [hash.toString(16), file.size, file.lastModified].join("-");
}

/** Whether it may go on by itself: no answer, a server in trouble, or a piece still being stored. */
function mayRetry(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  return status === 0 || status >= 500 || [LOCKED, CONFLICT, TOO_MANY].includes(status);
}

function problemOf(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  let detail = "";
  try { detail = JSON.parse(error.originalResponse.getBody()).detail ?? ""; } catch { /* no body */ }
  return { status, detail };
}

/**
 * @param {File} file
 * @param {string} path where uploads begin
 * @param {{begun: (share: number) => void, progress: (bytes: number) => void, waiting: () => void}} tell
 * @returns {Promise<string>} the key of the delivery
 * @throws {{status: number, detail: string}} status 0: no answer
 */
export async function sendFile(file, path, tell) {
  const fingerprint = fingerprintOf(file, path);
  const alone = !underWay.has(fingerprint);
  underWay.add(fingerprint);
  try {
    return await send(file, path, tell, fingerprint, alone);
  } finally {
    if (alone) underWay.delete(fingerprint);
  }
}

async function send(file, path, tell, fingerprint, alone) {
  const kept = alone ? await memory.findUploadsByFingerprint(fingerprint) : [];
  let begun = false;
  const over = new AbortController();
  return new Promise((done, fail) => {
    const upload = new tus.Upload(file, {
      endpoint: path,
      chunkSize: PIECE_BYTES,
      retryDelays: RETRY_MS,
      metadata: { filename: file.name },
      fingerprint: async () => fingerprint,
      urlStorage: memory,
      storeFingerprintForResuming: alone,
      removeFingerprintOnSuccess: true,
      onShouldRetry: (error) => {
        const retried = mayRetry(error);
        if (retried) tell.waiting();
        begun &&= !retried;
        return retried;
      },
      onProgress: (sent, all) => {
        if (!begun) { begun = true; tell.begun(all ? sent / all : 0); }
        tell.progress(sent);
      },
      onSuccess: () => done(upload.url.split("/").pop()),
      onError: (error) => fail(problemOf(error)),
    });
    if (kept.length) upload.resumeFromPreviousUpload(kept[0]);
    upload.start();
    // Back on the net: no need to wait for the next try.
    addEventListener("online", () => {
      if (upload.url && !begun) upload.abort().then(() => upload.start());
    }, { signal: over.signal });
  }).finally(() => over.abort());
}
