// A verifier for vehicle inspection certificates, on WebCrypto alone: one module, no dependency, for browsers and Node.
// It is a second reading of docs/reference, and shares no code with certcore. Instants are numbers: microseconds since 1970.

/** What stops a document from counting: one of the codes in docs/reference/reasons.md. */
export class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const refuse = (code = "malformed") => {
  throw new Refused(code);
};
const need = (good, code) => good || refuse(code);
const SECOND = 1e6;
const DAY = 86400 * SECOND;

// ---- CBOR (format.md, section 2) ----

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = (text) => new TextEncoder().encode(text);
const isBytes = (value) => value instanceof Uint8Array;
const isMap = (value) => value instanceof Map;
const isUint = (value, below = 2 ** 32) => Number.isInteger(value) && value >= 0 && value < below;
const isText = (value, length = Infinity) => typeof value == "string" && value && [...value].length <= length;
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** One item of CBOR. In documents of other programs keys have any order, and integers any length: `lenient`. */
function decode(bytes, { tag, lenient, code, texts = [] } = {}) {
  const fail = () => refuse(code);
  let at = 0;
  const head = () => {
    const first = bytes[at++] ?? fail();
    const short = first & 31;
    if (short < 24) return [first >> 5, short];
    if (short > 27) fail();
    const value = BigInt("0x" + hex(take(1 << (short - 24))));
    if (!lenient && value < [24, 256, 65536, 2 ** 32][short - 24]) fail();
    return [first >> 5, value < 2 ** 53 ? Number(value) : value];
  };
  const take = (length) => (at + length > bytes.length ? fail() : bytes.subarray(at, (at += length)));
  const item = (left) => {
    const [major, value] = head();
    if (major == 0) return value;
    if (major == 1) return typeof value == "bigint" || value == 2 ** 53 - 1 ? -1n - BigInt(value) : -1 - value;
    if (major < 6 && value > bytes.length) fail();
    if (major == 2) return take(value);
    if (major == 3)
      try {
        return UTF8.decode(take(value));
      } catch {
        fail();
      }
    if (major == 7 && (lenient || (value > 19 && value < 23))) return [false, true, null][Number(value) - 20]; // undefined for what others write
    if (major > 5 || (value && !left)) fail();
    if (major == 4) return Array.from({ length: value }, () => item(left - 1));
    const map = new Map();
    let last = "";
    for (let n = value; n--; ) {
      const from = at;
      const key = item(0);
      const order = hex(bytes.subarray(from, at));
      // "object" and "boolean" are the types with an o
      if (/o/.test(typeof key) || map.has(key) || !(lenient || (order > last && (typeof key != "string" || texts.includes(key))))) fail();
      last = order;
      map.set(key, item(left - 1));
    }
    return map;
  };
  if (tag && (head() + "" != "6," + tag)) fail();
  const value = item(lenient ? 16 : 6);
  return at == bytes.length ? value : fail();
}

/** A byte string, as numbers that count by their last 8 bits. */
const bstr = (bytes) => {
  const { length: n } = bytes;
  return [...(n < 24 ? [64 + n] : n < 256 ? [88, n] : n < 65536 ? [89, n >> 8, n] : [90, n >> 24, n >> 16, n >> 8, n]), ...bytes];
};
/** What a signature is over: an array of a short word and byte strings. */
const structure = (word, ...parts) => Uint8Array.from([0x81 + parts.length, 96 + word.length, ...utf8(word), ...parts.flatMap(bstr)]);

// ---- Maps with integer keys ----

const isDay = (value) => isUint(value, 2932532);
const isSecond = (value) => isUint(value, 253370678400);
const isCountry = (value) => /^[A-Z]{2}$/.test(isText(value) && value);
const isId = (value, least = 1, most = 32) => isBytes(value) && value.length >= least && value.length <= most;
const isCertificateId = (value) => isId(value, 8, 16);
const isList = (value, length) => Array.isArray(value) && (length ? value.length == length : value.length > 0);
const isReference = (value) => isList(value, 2) && value.every(uint);
const isFlag = (value) => value === !!value;
const uint = (value) => isUint(value);
const positive = (limit) => (value) => isUint(value, limit) && value > 0;
const listOf = (rule) => (value) => Array.isArray(value) && value.every(rule);

/**
 * The members of a map by name. A table has, for each key: the name, the rule, and what stands for a member that is
 * left out, unless its key is among those that are `always` there. Seconds become instants. Where a map is `guarded`, an
 * unknown negative key is critical: named before what is wrong with a member, but in a certificate (no `code`) after it.
 */
function read(map, table, always, code, guarded, found = {}) {
  need(isMap(map), code);
  const isNew = guarded && [...map.keys()].some((key) => key < 0);
  if (isNew && code) refuse("too-new");
  for (const [key, [name, isGood]] of Object.entries(table)) {
    const value = map.get(+key);
    if (!map.has(+key)) continue;
    need(isGood(value) && found[name] === undefined, code); // what has two forms stands in one
    found[name] = isGood == isSecond ? value * SECOND : value;
  }
  if (isNew) refuse("too-new");
  need(always.every((key) => map.has(key)), code);
  for (const [name, , otherwise] of Object.values(table)) found[name] ??= otherwise;
  return found;
}

// ---- Keys and envelopes (format.md, section 3; trust-list.md) ----

const ecdsa = (bits) => ({ name: "ECDSA", namedCurve: "P-" + bits, hash: "SHA-" + bits });
const CURVES = { 1: [ecdsa(256), 32, -7, -9], 2: [ecdsa(384), 48, -35, -51], 6: [{ name: "Ed25519" }, 32, -8, -19] };

/** A COSE_Key as a public key. One of a kind that WebCrypto does not have, such as ML-DSA, has made no signature here. */
async function importKey(bytes) {
  const key = decode(bytes, { lenient: true });
  const [type, kid, algorithm, curve, x, y] = isMap(key) ? [1, 2, 3, -1, -2, -3].map((label) => key.get(label)) : refuse();
  if (kid !== undefined && !isId(kid)) refuse();
  if (type == 3 || type == 7) return { kid, own: hex(bytes) };
  const [using, size, ...algorithms] = CURVES[curve] ?? refuse();
  if (type != (curve > 2 ? 1 : 2) || (algorithm !== undefined && !algorithms.includes(algorithm)) || !isId(x, size, size)) refuse();
  if (curve > 2) {
    const square = (BigInt("0x" + hex(x.toReversed())) % 2n ** 255n) ** 2n; // of the point's y
    if (!((square * (square - 1n) * ((121665n * square - 243332n) * square + 121666n)) % (2n ** 255n - 19n))) refuse(); // of small order
  }
  const raw = curve > 2 ? x : isBytes(y) ? Uint8Array.of(4, ...x, ...y) : refuse();
  return { kid, own: hex(raw), algorithms, size: 2 * size, using, handle: await crypto.subtle.importKey("raw", raw, using, false, ["verify"]).catch(() => refuse()) };
}

const named = (keys, kid) => keys.filter(({ kids }) => kids.includes(hex(kid)));

/** Which of the keys made a signature: its algorithm is fixed by the key. */
async function signer(keys, { algorithm, signature, data }) {
  for (const key of keys)
    if (key.algorithms?.includes(algorithm) && signature.length == key.size && (await crypto.subtle.verify(key.using, key.handle, signature, data)))
      return key;
}

/** A COSE_Sign1, or one signature of a COSE_Sign, taken apart. In status documents, which others write too, headers are `free`. */
function openSigned(parts, length, code, signed, free) {
  need(isList(parts, length) && isMap(parts[1]), code);
  const [protect, open, ...rest] = parts;
  need([protect, ...rest].every(isBytes), code);
  const header = decode(protect, { code, lenient: free });
  need(isMap(header) && (free ? !header.has(2) && [...open.keys()].every((label) => label == 4 || (label != 2 && !header.has(label))) : header.size == 2 && !open.size), code);
  const [algorithm, kid = open.get(4), type] = [1, 4, 16].map((label) => header.get(label));
  need(Number.isInteger(algorithm) && (isId(kid) || (free && kid === undefined)), code);
  return { algorithm, kid, type, payload: rest[0], signature: rest.at(-1), data: signed(protect, rest[0]) };
}
function openSign1(bytes, code, free) {
  const signed = (protect, payload) => structure("Signature1", protect, "", payload);
  return openSigned(decode(bytes, { tag: 18, code, lenient: free }), 4, code, signed, free);
}

// ---- The certificate (format.md, sections 1 and 3 to 5) ----

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** The bytes of a certificate's text: the prefix, then strict Base45. */
function unarmor(text) {
  text = text.replace(/\r?\n?$/, "");
  need(text, "no-certificate");
  need(text.startsWith("VIC1:"), "foreign-format");
  need(text.length <= 4296);
  const bytes = [];
  for (let i = 5; i < text.length; i += 3) {
    const digits = [...text.slice(i, i + 3)].map((character) => ALPHABET.indexOf(character));
    const value = digits.reduceRight((sum, digit) => sum * 45 + digit, 0);
    need(digits.length > 1 && !digits.includes(-1) && value < 256 ** (digits.length - 1));
    if (digits.length > 2) bytes.push(value >> 8);
    bytes.push(value); // of which the last 8 bits count
  }
  return Uint8Array.from(bytes);
}

// The table "Characters" in format.md: what no text holds, what texts other than numbers do not, and what numbers do not.
// Properties of Unicode stand for ranges where no version since 14.0 differs; \p{DI} names code points kept for later, too.
const CONTROLS = "\\p{Cc}\u2028\u2029\\p{Cs}\\p{Co}\\p{NChar}"; // separators, surrogates, private use and noncharacters among them
const FORMATS = "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}";
const TRACELESS = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}"; // of \p{DI}, what only numbers refuse
const WHITE = "\\s\\x1c-\\x1f\\x85"; // and U+FEFF, which numbers refuse and comparing leaves out
const DASHES = "\\-_./\u2010-\u2015\u2043\u2212\u2e3a\u2e3b\xb7\u2022\u2027\u2219\u22c5\u25cf\u30fb";
// What Unicode 14.0 does not assign, or gives no upper case: it stays as it is, whatever tables this machine has.
const LATER =
  "\u019b\u0264\u0897\u1acf-\u1aff\u1c8a\ua7cd-\ua7cf\ua7d3\ua7d5\ua7db\ua7f1\u{105c0}-\u{105ff}\u{10d40}-\u{10eaa}\u{10ead}-\u{10eff}" +
  "\u{11380}-\u{113ff}\u{11f00}-\u{16aef}\u{16d40}-\u{16d7f}\u{16ea0}-\u{16eff}\u{1cc00}-\u{1ccff}\u{1e030}-\u{1e08f}\u{1e300}-\u{1e7ff}";
const of = (characters, flags = "u") => new RegExp(`[${characters}]`, flags);
const NOT_IN_TEXT = new RegExp(`(?![ ${TRACELESS}])[\\s\\p{DI}${CONTROLS}${FORMATS}]`, "u");
const NOT_IN_NUMBER = of("\\p{DI}" + CONTROLS + FORMATS);
const INVISIBLE = /[\p{DI}\ufff9-\ufffb]/gu;
const SEPARATOR = of(WHITE + DASHES);
const OUTER_SPACE = new RegExp(`^[${WHITE}]|[${WHITE}]$`, "u");
const OF_14 = new RegExp(`[^${LATER}]+`, "gu");
const upper = (text) => text.replace(OF_14, (run) => run.toUpperCase());
const normal = (text, form) => text.replace(OF_14, (run) => run.normalize(form));
const text128 = (text, length = 128) => isText(text, length) && !NOT_IN_TEXT.test(text);
const number = (text) =>
  isText(text, 32) && utf8(text).length < 65 && !NOT_IN_NUMBER.test(text) && !OUTER_SPACE.test(text) &&
  normal(text) == text && plain(text);
const DIGITS33 = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ";
const VIN = new RegExp(`^[${DIGITS33}]{17}$`);
const unpackVin = (bytes) => {
  let value = BigInt("0x" + hex(bytes));
  let vin = "";
  for (let i = 17; i--; value /= 33n) vin = DIGITS33[value % 33n] + vin;
  return value ? null : vin;
};

const CLAIMS = {
  1: ["issuer", text128],
  4: ["expires_at", isSecond],
  5: ["presented_at", isSecond],
  6: ["issued_at", isSecond],
  7: ["certificate_id", isCertificateId],
  65535: ["status", isEntry],
};
function isEntry(value) {
  const list = isMap(value) && value.size == 1 && value.get("status_list");
  return isMap(list) && list.size == 2 && isUint(list.get("idx")) && text512(list.get("uri")) && !/[^ -~]/.test(list.get("uri"));
}

/** The fields of the inspection in the order of their keys. */
const INSPECTION = [
  ["registration_number", number],
  ["country", isCountry],
  ["vin", (v) => (isBytes(v) ? v.length == 11 && unpackVin(v) : number(v) && !VIN.test(plain(v)) && upper(v) == v)],
  ["valid_until", isDay],
  ["basis", uint],
  ["result", uint],
  ["authority", text128],
  ["inspected_on", isDay],
  ["plate_type", uint],
  ["vehicle_category", text128],
  ["usage", text128],
  ["status", isReference],
  ["odometer_km", uint],
  ["deficiencies", (v) => isList(v, 3) && v.every(uint)],
  ["test_place", text128],
  ["inspector", text128],
  ["report_digest", (v) => isId(v, 16, 16)],
  ["next_test_due", isDay],
  ["document_number", text128],
  ["previous", (v) => isCertificateId(v) || isReference(v)],
  ["confidential", (v) => isId(v, 1, Infinity)],
  ["valid_from", isDay],
  ["deficiencies", (v) => isList(v) && v.every((d) => isList(d, 2) && text128(d[0]) && isUint(d[1], 5) && d[1] > 1)],
];

/** The claims as a plain object; a sealed part stays sealed. */
function readClaims(payload) {
  const claims = decode(payload, { texts: ["status_list", "idx", "uri"] });
  need(isMap(claims) && isMap(claims.get(-65537)));
  need([...claims.keys(), ...claims.get(-65537).keys()].every((key) => typeof key != "string"));
  const found = read(claims, CLAIMS, [6]);
  read(claims.get(-65537), INSPECTION, [0, 4, 5, 6], undefined, true, found);
  need(!found.status != !found.certificate_id);
  need((found.vin || found.confidential) && (found.result > 2 || found.valid_until !== undefined));
  const { expires_at: end, presented_at: start, issued_at: issued } = found;
  need(start === undefined || (end !== undefined && start >= issued));
  need(!(end <= (start ?? issued)));
  const list = isMap(found.status) && found.status.get("status_list");
  if (list) found.status = [list.get("uri"), list.get("idx")];
  if (isBytes(found.vin)) found.vin = unpackVin(found.vin);
  return found;
}

// ---- The trust list (trust-list.md) ----

const FOR_CERTIFICATES = 1; // usages of keys
const FOR_PRESENTATIONS = 2;
const FOR_STATUS = 3;

/** A URI taken apart, if it may be followed: https, or http on this machine, and nothing that is read in two ways. */
function location(uri) {
  try {
    const found = new URL(uri); // which writes addresses as usual, and paths without dot segments
    const plain = uri.toLowerCase();
    const isPlain = [plain, plain + "/"].includes(found.href.toLowerCase()) && uri.length <= 512 && !/[^!$-;=A-Z[\]_a-z~]|\/\/.*\/\/|%2[ef]/i.test(uri);
    return isPlain && /^https:(\[.+]|[\w-]+(\.[\w-]+)*\.?)$|^http:(localhost|127[.\d]+|\[::1])$/.test(found.protocol + found.hostname) && found;
  } catch {}
}
const isUnder = (uri, prefix, found = location(uri)) => found && found.href.startsWith(location(prefix).href);
const listAt = (template, list) => template.replace("{list}", list);
const isTemplate = (t) => isList(t, 3) && isText(t[0]) && t[0].split("{list}").length == 2 && location(listAt(t[0], 2 ** 32 - 1)) && isSecond(t[1]) && (t[2] === null || isSecond(t[2]));
const text512 = (value) => text128(value, 512);
const isZone = (zone) => {
  try {
    return isText(zone) && wallClock(DAY, zone);
  } catch {}
};

const UNUSABLE = "trust-list-malformed";

const KEY = [
  ,
  ["key", isBytes],
  ["kids", (v) => isList(v) && v.every((kid) => isId(kid))],
  ["usage", positive(5)],
  ["authorities", (v) => isList(v) && v.every(text512), ["*"]],
  ["notBefore", isSecond],
  ["notAfter", isSecond],
  ["compromisedSince", isSecond, Infinity],
  ["compromise", text512],
];
const ISSUER = [
  ,
  ["id", text512],
  ["name", text512],
  ["country", isCountry],
  ["zone", isZone],
  ["endpoint", location],
  ["templates", listOf(isTemplate), []],
  ["prefixes", listOf((uri) => location(uri) && uri.endsWith("/")), []],
  ["maxEntries", positive(2 ** 32), 2 ** 20],
  ["suspends", isFlag, true],
  ["retroactive", isFlag, true],
  ["keys", listOf(isMap)],
  ["countries", listOf(isCountry), []],
];
const LIST = [
  ,
  ["version", positive(2 ** 32)],
  ["issuedAt", isSecond],
  ["nextUpdateAt", isSecond],
  ["environment", positive(3), 1],
  ["liveMaximum", positive(86401), 900],
  ["issuers", listOf(isMap)],
];

async function openIssuer(map) {
  const issuer = read(map, ISSUER, [1, 2, 3, 4, 11], UNUSABLE, true);
  return { ...issuer, countries: once([...issuer.countries, issuer.country]), keys: await Promise.all(issuer.keys.map(openKey)) };
}

async function openKey(map) {
  const stated = read(map, KEY, [1, 3, 5, 6], UNUSABLE, true);
  const key = await importKey(stated.key).catch(() => refuse(UNUSABLE));
  const { kids = [key.kid] } = stated;
  need(stated.notBefore < stated.notAfter && kids[0], UNUSABLE);
  return { kid: kids[0], ...stated, ...key, kids: once(kids.map(hex)) };
}

/** The values, of which none is there more often than `most`. */
const once = (values, most = 1) => need(values.sort().every((one, place) => one != values[place + most]), UNUSABLE) && values;

/**
 * Open a signed trust list.
 * @param root the members of the root set, each an array of the COSE_Keys that all have to sign; and how many members.
 */
export async function openTrustList(bytes, { root, threshold = 1, environments = ["production"] }) {
  need(bytes.length <= 2 ** 22, UNUSABLE);
  const parts = decode(bytes, { tag: 98, code: UNUSABLE });
  need(isList(parts, 4) && isBytes(parts[0]) && isMap(parts[1]) && !parts[1].size && isBytes(parts[2]), UNUSABLE);
  const [header, , payload, signatures] = parts;
  const type = decode(header, { code: UNUSABLE });
  need(isMap(type) && type.size == 1 && type.get(16) == "application/vnd.certcore.trust+cbor" && isList(signatures) && signatures.length < 17, UNUSABLE);
  const messages = signatures.map((one) => openSigned(one, 3, UNUSABLE, (protect) => structure("Signature", header, protect, "", payload)));
  let signed = 0;
  for (const member of root) {
    const hasSigned = async (bytes) => {
      const key = await importKey(bytes);
      for (const one of messages) if (await signer([key], one)) return true;
    };
    signed += (await Promise.all(member.map(hasSigned))).every(Boolean);
  }
  need(signed >= threshold, "trust-list-threshold");

  const list = read(decode(payload, { code: UNUSABLE }), LIST, [1, 2, 3, 6], UNUSABLE, true);
  list.issuers = await Promise.all(list.issuers.map(openIssuer));
  list.keys = list.issuers.flatMap((issuer) => issuer.keys.map((key) => ({ ...key, issuer })));
  need(list.nextUpdateAt > list.issuedAt, UNUSABLE);
  once(list.issuers.map(({ id }) => id));
  once(list.keys.map(({ own }) => own));
  once(list.keys.flatMap(({ kids }) => kids), 4);
  list.environment = [, "production", "test"][list.environment];
  list.liveMaximum *= SECOND;
  need(environments.includes(list.environment), "trust-list-environment");
  return list;
}

/** Where a certificate's own list is: from the issuer's template in use, or as the certificate names it. */
export function listUri({ status: [list] }, issuer, now) {
  if (typeof list == "string") return list;
  const inUse = issuer.templates.filter(([, from, until]) => from * SECOND <= now && (until === null || now <= until * SECOND));
  const [latest] = inUse.sort((a, b) => b[1] - a[1]);
  return latest && listAt(latest[0], list);
}

// ---- Status lists and events (status-documents.md) ----

const STATES = ["valid", "suspended", "superseded", "revoked"]; // the later, the stronger
const KINDS = ["issued", "resumed", "suspended", "superseded", "revoked"]; // of one instant, what stops comes last

const DOCUMENT = {
  4: ["expiresAt", isSecond],
  5: ["notBefore", isSecond, 0],
  6: ["issuedAt", isSecond],
  65534: ["ttl", positive(86400 * 1e9)],
};
const UNREADABLE = "status-list-malformed";

/** What both documents share: envelope, signature, type, subject, times. */
async function openStatus(bytes, type, { uri, keys, now = NaN, skew = 60 * SECOND }, lenient) {
  need(bytes.length <= (lenient ? 16859136 : 2 ** 24), "status-list-too-large");
  const message = openSign1(bytes, UNREADABLE, true);
  const able = keys.filter(({ usage }) => usage == FOR_STATUS);
  const key = (await signer(message.kid ? named(able, message.kid) : able, message)) ?? refuse("status-list-signature");
  need(message.type == "application/" + type, "status-list-type");
  const claims = decode(message.payload, { code: UNREADABLE, lenient });
  need(isMap(claims), UNREADABLE);
  need(lenient || [...claims.keys()].every((key) => key >= 0 || key == -65539 || key == -65540), UNREADABLE);
  need(claims.get(2) === uri, "status-list-subject");
  const times = read(claims, DOCUMENT, [6], UNREADABLE);
  need(!(times.expiresAt <= times.issuedAt), UNREADABLE);
  need(!(Math.max(times.issuedAt, times.notBefore) > now + skew), "status-list-future");
  need(!(times.expiresAt <= now), "status-list-expired");
  return { ...times, claims, kid: key.kid };
}

async function inflate(data, limit) {
  const chunks = [];
  let size = 0;
  try {
    const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    for (let chunk; (chunk = (await reader.read()).value) && size <= limit; size += chunk.length) chunks.push(chunk);
  } catch {
    refuse(UNREADABLE);
  }
  need(size <= limit, "status-list-too-large");
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** Open a Token Status List (CWT). `keys` are those of the issuer in the trust list. */
export async function openStatusList(bytes, options) {
  const opened = await openStatus(bytes, "statuslist+cwt", options, true);
  const list = opened.claims.get(65533);
  need(isMap(list) && [...list.keys()].every((key) => typeof key == "string"), UNREADABLE);
  const { bits, lst, aggregation_uri: uri = "" } = Object.fromEntries(list);
  need([1, 2, 4, 8].includes(bits) && isBytes(lst) && typeof uri == "string", UNREADABLE);
  const entries = await inflate(lst, options.maxEntries ? Math.ceil((options.maxEntries * bits) / 8) : 2 ** 24);
  need(entries.length, UNREADABLE);
  return { ...opened, bits, entries };
}

/** Open the events document beside a list. */
export async function openEvents(bytes, options) {
  const opened = await openStatus(bytes, "vnd.certcore.status-events+cwt", options);
  const isPast = (value) => isSecond(value) && value * SECOND <= opened.issuedAt;
  const isEvent = (e) => isList(e, 4) && positive(5)(e[0]) && (e[1] === null || isSecond(e[1])) && isPast(e[2]) && text128(e[3]);
  const isHappened = (map) => isMap(map) && [...map].every(([index, list]) => isUint(index) && isList(list) && list.every(isEvent));
  const table = { "-65539": ["events", isHappened], "-65540": ["historyFrom", isPast] };
  const { events, historyFrom } = read(opened.claims, table, [4, -65539, -65540], UNREADABLE);
  return { ...opened, events, historyFrom: historyFrom * SECOND };
}

/** What lists and, if there is one, the events document say of one entry. */
export function statusRecord(index, { lists, events }) {
  const observations = lists.map(({ entries, bits, issuedAt, expiresAt }) => {
    const at = (index * bits) / 8; // may be more than 32 bits
    need(at < entries.length, "status-unknown-reference");
    const value = (entries[at | 0] >> ((at % 1) * 8)) & (2 ** bits - 1);
    return { state: STATES[[0, 3, 1, 2][value]] ?? refuse("status-value-unknown"), at: issuedAt, expiresAt };
  });
  return {
    observations,
    events: (events?.events.get(index) ?? []).map(([kind, effective, recorded]) => ({
      kind: KINDS[[0, 4, 2, 1, 3][kind]],
      effectiveAt: effective === null ? null : effective * SECOND,
      recordedAt: recorded * SECOND,
    })),
    observedAt: events?.issuedAt ?? Math.max(...lists.map((list) => list.issuedAt)),
    historyFrom: events?.historyFrom,
    expiresAt: events?.expiresAt,
    proofs: lists.concat(events ?? []).map(({ kid, issuedAt }) => ({ kid, at: issuedAt })),
  };
}

// ---- Civil days ----

/** The wall clock of a zone at an instant, as if it were UTC. */
function wallClock(at, zone) {
  const second = Math.floor(at / SECOND);
  const shown = new Date(second * 1000).toLocaleString("sv", { timeZone: zone }); // 2026-10-01 12:00:00
  return Date.parse(shown.replace(" ", "T") + "Z") * 1000 + (at - second * SECOND);
}
const civilDay = (at, zone) => Math.floor(wallClock(at, zone) / DAY);

/** The first instant of a civil day: after the gap where midnight does not exist, the earlier of two where it comes twice. */
function midnight(day, zone) {
  const wall = day * DAY;
  const before = 2 * wall - DAY - wallClock(wall - DAY, zone);
  const after = 2 * wall + DAY - wallClock(wall + DAY, zone);
  return wallClock(before, zone) != wall && wallClock(after, zone) == wall ? after : before;
}

// ---- Is it this vehicle? (truth-table.md, section 6) ----

function fold(text) {
  for (let folded; (folded = upper(normal(text, "NFKC")).replace(INVISIBLE, "")) != text; ) text = folded;
  return text;
}
function groups(text) {
  const found = fold(text).split(SEPARATOR).filter(Boolean);
  const whole = fold(found.join(""));
  return whole == found.join("") ? found : [whole];
}
const plain = (text) => groups(text).join("");
const kind = (character) => (/\p{Nd}/u.test(character) ? 0 : /\p{Uppercase}/u.test(character) ? 1 : 2);
/** A digit of any script as a number: ten stand side by side. */
const digit = (character, n = 0) => (kind(String.fromCodePoint(character.codePointAt() - n - 1)) ? n : digit(character, n + 1));

function samePlate(a, b) {
  const [one, two] = [groups(a), groups(b)];
  const whole = [...one.join("")];
  if (!whole.length || whole.join("") != two.join("")) return false;
  if (one.length == 1 || two.length == 1) return true;
  const splits = (parts) => {
    let at = 0;
    const found = new Set(parts.map((part) => (at += [...part].length)));
    whole.forEach((character, i) => i && kind(character) != kind(whole[i - 1]) && found.add(i));
    return found;
  };
  const [left, right] = [splits(one), splits(two)];
  const { size } = new Set([...left, ...right]);
  return size == left.size || size == right.size;
}

const SCRIPTS = "АВЕЅІЈКМНОРСТУХԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧIOQ";
const LATIN = "ABES1JKMH0PCTYX0WABEZH1KMN0PTYX100";
const lookAlike = (text) => text.replace(/./gu, (c) => LATIN[SCRIPTS.indexOf(c)] ?? (kind(c) ? c : digit(c)));

/** How a whole chassis number, or its last 6 to 8 characters, agrees: 0 it does, 1 nearly, which is a hint and no match, 2 not. */
function vinDistance(seen, stated) {
  const compare = (tail, whole) => {
    const { length } = [...tail];
    return !length || !whole.endsWith(tail) ? 2 : tail == whole || (length > 5 && length < 9) ? 0 : length > 8 ? 1 : 2;
  };
  const found = compare(plain(seen), plain(stated));
  return found > 1 && compare(lookAlike(plain(seen)), lookAlike(plain(stated))) < 2 ? 1 : found;
}

function binding({ registration_number: plate, country, plate_type: type, vin }, certificate, policy) {
  const found = [];
  for (const [one, given] of [["plate", plate], ["vin", vin]])
    if (!given && policy.binding.includes(one)) found.push(blocks("binding-not-given"));
  if (!(plate || country || type != null || vin)) return found.length ? found : [notes("binding-not-checked")];
  if (country && upper(country) != certificate.country) found.push(fails("country-mismatch"));
  if (type != null && type != certificate.plate_type)
    found.push(certificate.plate_type === undefined ? blocks("binding-not-readable") : fails("plate-type-mismatch"));
  if (plate && !samePlate(plate, certificate.registration_number)) found.push(fails("plate-mismatch"));
  else if (plate && type == null && !vin && certificate.country == "CN") found.push(notes("plate-type-not-compared"));
  if (!vin) return found;
  if (!certificate.vin) return [...found, blocks("binding-not-readable")];
  const distance = vinDistance(vin, certificate.vin);
  if (distance > 1 && plate && found.every(({ effect }) => effect != "fails")) found.push(fails("cloned-plate"));
  if (distance) found.push(fails("vin-mismatch"));
  return found;
}

// ---- Status at a moment (truth-table.md, section 4) ----

const reason = (effect) => (code) => ({ code, effect });
const [fails, blocks, notes] = ["fails", "blocks", "notes"].map(reason);
const BEFORE = [, "suspended-then", "superseded-by-then", "revoked-before-event"];
const SUSPENDED = 1; // places in STATES; 0 is valid
const SUPERSEDED = 2;
const REVOKED = 3;
const NEVER = -Infinity;
const YEAR = 365 * DAY;

const effective = (event) => event.effectiveAt ?? event.recordedAt;
/** Every change of state, in order; revoked and superseded are for good. */
function changesOf(events) {
  let state = 0;
  const found = [];
  for (const event of events) {
    const next = event.kind > 1 ? Math.max(state, event.kind - 1) : event.kind && state == SUSPENDED ? 0 : state;
    if (next != state) found.push([effective(event), (state = next)]);
  }
  return found;
}
const stateAt = (changes, at) => changes.findLast(([from]) => from <= at)?.[1] ?? 0;

/**
 * What the register's facts mean for the instants asked about.
 * @param suspends whether an entry may return to valid.
 * @param retroactive whether a revocation may reach back before it was recorded.
 * @param maxAge how much older than the moment an answer may be.
 */
function statusReasons(record, { start, end }, { suspends, retroactive }, maxAge, skew, knownAt, now) {
  // The record, cut down to what was knowable, in order.
  const { historyFrom = NaN, observedAt, expiresAt } = record;
  const hasHistory = historyFrom > NEVER;
  const isNow = knownAt >= now;
  const knownBy = isNow ? knownAt + skew : knownAt;
  const events = record.events
    .filter((event) => event.recordedAt <= knownBy)
    .map((event) => ({ ...event, kind: KINDS.indexOf(event.kind) }))
    .sort((a, b) => effective(a) - effective(b) || a.kind - b.kind || a.recordedAt - b.recordedAt);
  if (events.some(({ kind, effectiveAt }) => effectiveAt === null && kind > 1)) return [fails("void-from-start")];
  const changes = changesOf(events);
  const stateBy = (at) => stateAt(changes, at);
  const isIssued = events.some(({ kind }) => !kind);
  const reach = Math.max(observedAt, record.reliableUntil ?? NEVER);
  const horizon = observedAt - now > skew ? NEVER : isNow ? reach : historyFrom > knownAt ? NEVER : Math.min(reach, knownAt);
  const lists = record.observations.filter(({ at }) => at <= knownBy).map((seen) => ({ ...seen, state: STATES.indexOf(seen.state) }));
  const isContradicted = (at) => lists.some((a) => a.at == at && lists.some((b) => b.at == at && a.state != b.state));
  const isUnexplained = ({ at, state }) => {
    const then = changesOf(events.filter((event) => event.recordedAt <= at));
    return state && !isContradicted(at) && stateBy(at) < state && stateAt(then, at) < state;
  };
  const unexplained = lists.filter(isUnexplained);
  // When the register speaks of its present, as one more list would.
  let coveredFrom = historyFrom;
  let own = [];
  if (unexplained.every(({ at }) => at > horizon))
    if (hasHistory) own = (isIssued || lists.length) && historyFrom <= horizon ? [horizon] : [];
    else if (observedAt <= knownBy && horizon > NEVER) {
      coveredFrom = observedAt;
      if (isIssued) own = [observedAt, Math.max(observedAt, horizon)];
    }
  const seen = lists
    .filter(({ at, state }) => state || !isContradicted(at))
    .concat(own.map((at) => ({ state: stateBy(at), at, expiresAt, own })))
    .sort((a, b) => a.at - b.at || a.state - b.state);
  const last = (rule) => Math.max(NEVER, ...seen.filter(rule).map(({ at }) => at));
  const lastValid = last(({ state }) => !state);

  // How clocks and ages are taken.
  const tolerance = (at) => (now - at <= skew ? skew : 0);
  const bears = (seenAt, at) => Math.min(at, now) - seenAt <= maxAge;
  const isSettled = (seenAt) => !retroactive || bears(seenAt, knownAt);

  const unexplainedBy = (at, state) => unexplained.some((one) => one.state >= state && one.at <= at);
  const unexplainedAfter = (at, state) => unexplained.some((one) => one.state >= state && one.at > at);
  const revokedBy = (at) => unexplainedBy(at, REVOKED) && fails(BEFORE[REVOKED]);

  function stoppedByEvent(at, state) {
    if (state == REVOKED || (at <= horizon && coveredFrom <= at + tolerance(at))) return fails(BEFORE[state]);
    if (revokedBy(at)) return revokedBy(at);
    if (state == SUSPENDED && seen.findLast((one) => one.at <= at)?.at > horizon) return null;
    const isOver = expiresAt <= at;
    if (state == SUPERSEDED && !isOver) return fails(BEFORE[state]);
    if (at <= horizon) return blocks("status-gap");
    return !isOver && bears(horizon, at) && isSettled(horizon) && horizon > NEVER ? fails(BEFORE[state]) : blocks("status-stale");
  }

  function stoppedByList(at, past) {
    let one = past.at(-1);
    if (!one) return null;
    if (isContradicted(one.at)) return blocks("status-gap");
    if (!suspends) one = unexplained.filter((other) => other.at <= at).sort((a, b) => b.at - a.at)[0] ?? one;
    if (!one.state || one.own) return null;
    if (one.expiresAt <= at) return blocks("status-stale");
    if (suspends && !bears(one.at, at)) return blocks("status-gap");
    return !suspends || one.state > SUSPENDED || isSettled(one.at) ? fails(BEFORE[one.state]) : blocks("status-stale");
  }

  /** The youngest list before an instant, where it is good enough: it outdates older ones, and no events. */
  function goodEnough(at, past) {
    let isOutdated = false;
    for (const one of past.toReversed()) {
      if ((one.own ? stateBy(at) || unexplained.length : one.state) || !bears(one.at, at)) return null;
      if ((one.own || !isOutdated) && !(one.expiresAt <= at)) return one;
      isOutdated ||= !one.own;
    }
  }

  function byLists(at) {
    const past = seen.filter((one) => one.at <= at + tolerance(at));
    const stopped = revokedBy(at) || stoppedByList(at, past);
    if (stopped) return stopped;
    const isReached = last((one) => one.state > SUSPENDED && (isContradicted(one.at) || (!one.own && isUnexplained(one)))) > at;
    const provedAt = !suspends && lastValid >= at ? lastValid : past.find((one) => one.at >= at && !one.state)?.at;
    if (provedAt !== undefined && !(isReached && retroactive)) return isSettled(provedAt) ? null : blocks("status-stale");
    if (isReached) return blocks("revocation-effect-unknown");
    const isStoppedLater = unexplainedAfter(at, SUSPENDED);
    const before = !isStoppedLater && goodEnough(at, past);
    if (before && !isSettled(before.at)) return blocks("status-stale");
    if (before) return before.expiresAt === undefined && at - before.at > YEAR ? notes("status-stale") : null;
    if (last((one) => one.own && one.state > SUSPENDED) > at) return blocks("revocation-effect-unknown");
    if (isStoppedLater || (suspends && last(({ state }) => state == SUSPENDED) > at)) return blocks("status-gap");
    if (isIssued && !hasHistory && !record.observations.length && at < observedAt) return blocks("as-of-unsupported");
    if (lastValid >= at) return blocks("status-gap");
    return blocks(now - at <= Math.max(maxAge < Infinity ? maxAge : 0, skew) ? "status-stale" : "status-not-covered");
  }

  function atInstant(at) {
    const state = stateBy(at);
    const stopped = state && stoppedByEvent(at, state);
    if (stopped) return stopped;
    if (!isIssued && !seen.length) return blocks("status-unknown-reference");
    const isCovered = (hasHistory || isIssued) && coveredFrom <= at && at <= horizon && !unexplainedBy(at, SUSPENDED);
    if (state || !isCovered) return byLists(at);
    if (retroactive && unexplainedAfter(at, REVOKED)) return blocks("revocation-effect-unknown");
    return isSettled(horizon) || !byLists(at) ? null : blocks("status-stale");
  }

  // The instants of a day that stand for all of them: between two of these nothing that is known changes.
  const turns = [now - skew, coveredFrom, expiresAt, ...changes.map(([at]) => at), ...seen.map((one) => one.expiresAt)];
  for (const at of [horizon, ...seen.map((one) => one.at)]) turns.push(at, at + YEAR, at - skew, at + skew, at + maxAge);
  const instants = [start, ...turns.flatMap((at) => [at - 1, at, at + 1]), end - 1].filter((at) => start <= at && at < end);
  const found = instants.sort((a, b) => a - b).map(atInstant);

  const failed = found.filter((one) => one?.effect == "fails");
  const blocked = found.filter((one) => one?.effect == "blocks");
  let decided = blocked[0] ?? found.find(Boolean);
  if (failed.length == found.length) [decided] = failed;
  else if (failed.length) {
    const states = [stateBy(start), ...changes.filter(([at]) => at > start && at < end).map(([, state]) => state)];
    if (failed.length + blocked.length < found.length || (states.length > 1 && states.includes(0))) decided = blocks("status-changed-on-date");
  }
  const isAlone = decided && (decided.effect == "fails" || /reference|changed/.test(decided.code));
  const later = changes.filter(([at, state]) => !isAlone && at >= end && state).map(([, state]) => notes(STATES[state] + "-after-event"));
  return decided ? [decided, ...later] : later;
}

// ---- The verdict (truth-table.md, sections 1 to 7) ----

const preset = (status, vehicle, binding, maxStatusAge, maxTrustAge, noteTrustAge = Infinity) =>
  ({ status, vehicle, binding, maxStatusAge, maxTrustAge, noteTrustAge, clockSkew: 60 * SECOND });

/** The presets of choose-a-policy.md. */
export const POLICIES = {
  roadside: preset("required", "required", ["plate"], 900 * SECOND, 7 * DAY, DAY),
  claims: preset("required", "if-available", ["plate", "vin"], DAY, 7 * DAY),
  counterparty: preset("if-available", "not-used", [], Infinity, 30 * DAY),
  bulk: preset("required", "not-used", ["vin"], 0, Infinity),
};

/** The codes that say why a register gave no answer; any other error is status-unavailable. */
const NO_ANSWER = /^(status-(?!stale|flags|key-un)|as-of-|revocation-)/;

const SOFT = ["status-not-checked", "status-unavailable"];
const UNFORESEEN = "status-backend-error";

function missing(code, needed) {
  const known = NO_ANSWER.test(code) ? code : SOFT[1];
  return (needed == "if-available" && SOFT.includes(known) ? notes : blocks)(known);
}

/** An answer counts by the dates of the keys that signed the documents behind it. */
function checkProofs(record, keys) {
  for (const { kid, at = record.observedAt } of record.proofs ?? []) {
    const key = keys.find((one) => one.usage == FOR_STATUS && [hex(one.kid), ...one.kids].includes(hex(kid)));
    need(key, UNFORESEEN);
    need(key.notBefore <= at && at <= key.notAfter, "status-key-window");
    need(key.compromisedSince == Infinity, "status-key-compromised");
  }
}

function periodReasons(certificate, day, { start, end }, zone, latestIssue, codes) {
  const found = [];
  const { issued_at: issued, result, basis, valid_until: until, country } = certificate;
  const endsAt = certificate.presented_at === undefined ? certificate.expires_at : undefined;
  if (issued > latestIssue) found.push(blocks("issued-in-future"));
  if (result == 3 || result == 4) found.push(fails("result-not-pass"));
  if (day < firstDay(certificate, zone)) found.push(fails("not-yet-valid-on-date"));
  else if (day > until || endsAt <= start) found.push(fails("expired-on-date"));
  else {
    if (endsAt < end) found.push(blocks("period-changed-on-date"));
    if (issued > start) found.push(notes("issued-after-event"));
  }
  if (result > 4 || basis < 1 || basis > 6) found.push(blocks("code-unknown"));
  for (const field of ["vehicle_category", "plate_type", "usage"])
    if (certificate[field] !== undefined && codes?.(field, certificate[field], country) === false) found.push(notes("code-unknown"));
  return found;
}
const firstDay = (certificate, zone) => certificate.valid_from ?? certificate.inspected_on ?? civilDay(certificate.issued_at, zone);

/** What authenticity comes to, in this order: the reason that ends it all, or the certificate with the key's issuer. */
async function authenticate(text, trust, isOverdue) {
  try {
    const message = openSign1(unarmor(text));
    need([64, 96].includes(message.signature.length));
    const keys = named(trust.keys, message.kid);
    if (!keys.length) return (isOverdue ? blocks : fails)("key-unknown");
    const key = (await signer(keys, message)) ?? refuse("signature-invalid");
    const certificate = readClaims(message.payload);
    const { issuer } = key;
    const { presented_at: shown, expires_at: end, authority } = certificate;
    const signedAt = shown ?? certificate.issued_at;
    const signsFor = (allowed) => (allowed.endsWith("*") ? authority.startsWith(allowed.slice(0, -1)) : authority == allowed);
    certificate.country ??= issuer.country;
    need(key.usage == (shown === undefined ? FOR_CERTIFICATES : FOR_PRESENTATIONS) && !(end - shown > trust.liveMaximum), "key-usage");
    need(key.notBefore <= signedAt && signedAt <= key.notAfter, "key-window");
    need(key.authorities.some(signsFor) && issuer.countries.includes(certificate.country), "key-scope");
    need((certificate.issuer ?? issuer.id) == issuer.id, "issuer-mismatch");
    need(signedAt < key.compromisedSince, "key-compromised");
    return key.compromisedSince == Infinity ? { certificate, issuer } : blocks("key-compromised-unproven");
  } catch ({ code }) {
    return (/certificate|format/.test(code) ? blocks : fails)(code);
  }
}

/** Any reason that fails, else any that blocks, else valid: notes change nothing. */
function outcome(reasons, rest) {
  const has = (wanted) => reasons.some(({ effect }) => effect == wanted);
  const found = has("fails") ? "invalid" : has("blocks") ? "undetermined" : "valid";
  return { outcome: found, degraded: found == "valid" && reasons.some(({ code }) => SOFT.includes(code)), reasons, ...rest };
}

/** The instants asked about: one, or a civil day of the issuer's up to now. */
function windowOf(asOf, zone, now) {
  const { day } = asOf;
  if (day === undefined) return { start: asOf, end: asOf + 1 };
  const [start, end] = [midnight(day, zone), midnight(day + 1, zone)];
  return { start, end: start <= now ? Math.min(end, now + 1) : end };
}

/** What the trust list's age comes to. */
function trustReasons(trust, policy, now) {
  const age = now - trust.issuedAt;
  if (age > policy.maxTrustAge) return [blocks("trust-list-stale")];
  return [...(now > trust.nextUpdateAt ? [notes("trust-list-overdue")] : []), ...(age > policy.noteTrustAge ? [notes("trust-list-stale")] : [])];
}

/** Ask the register, if the reference can be one of the issuer's: the record, if it counts, and what it means. */
async function askStatus(ask, { certificate, issuer }, policy, window, knownAt, now) {
  try {
    const [list, index = 0] = certificate.status ?? [];
    const isTheirs = typeof list != "string" || issuer.prefixes.some((prefix) => isUnder(list, prefix));
    need(index < issuer.maxEntries && isTheirs, "status-unknown-reference");
    const record = ask ? await ask({ certificate, issuer, now, asOf: window.start }) : refuse("status-not-checked");
    checkProofs(record, issuer.keys);
    const issued = certificate.issued_at; // before it a certificate stands as at its issue
    const judged = window.start >= issued ? window : { start: issued, end: Math.max(window.end, issued + 1) };
    return [statusReasons(record, judged, issuer, policy.maxStatusAge, policy.clockSkew, knownAt, now), record];
  } catch (error) {
    return [[missing(error instanceof Refused ? error.code : UNFORESEEN, policy.status)]]; // rubbish, too
  }
}

/**
 * Was this certificate in force at that moment, for that vehicle? Instants are microseconds since 1970.
 * @param policy one of POLICIES, or one like them.
 * @param asOf an instant, or `{ day }` (days since 1970) for the whole civil day in the issuer's zone.
 * @param expect registration_number, country, plate_type and vin, as far as they were seen.
 * @param status a function that looks the entry up: a record as from `statusRecord`, or it throws `Refused`.
 * @param codes says whether a table has a code: `codes("usage", "A", "CN")`. Without it, unknown codes are not noted.
 * @param vehicle what a register said of the vehicle, which is not read here: a policy that uses it blocks.
 * @param groupKeys keys of confidential fields, which are not opened here: a certificate that has such fields blocks.
 */
export async function verify(text, { trust, policy, now = Date.now() * 1000, asOf = now, knownAt = now, expect = {}, status, codes, vehicle, groupKeys }) {
  if (![now, knownAt, asOf.day ?? asOf].every((at) => isUint(at, Infinity))) throw RangeError("no moment");
  const skew = policy.clockSkew;
  const behind = trust.environment == "production" && trust.issuedAt - now > skew;
  const opened = await authenticate(text, trust, behind || now > trust.nextUpdateAt);
  if (opened.code) return outcome([opened]);
  const { certificate, issuer } = opened;
  const { presented_at: shown, expires_at: end } = certificate;
  const { zone } = issuer;
  const window = windowOf(asOf, zone, now);
  const isFuture = window.start - now > (asOf.day === undefined ? skew : 0);
  let found = periodReasons(certificate, asOf.day ?? civilDay(asOf, zone), window, zone, knownAt + skew, codes);
  const said = []; // of registers
  if (isFuture && !found.some(({ code }) => code == "expired-on-date")) said.push(blocks("status-in-future"));
  if (trust.environment == "test") found.push(notes("test-environment"));
  found.push(...binding(expect, certificate, policy));
  if (groupKeys && certificate.confidential && (certificate.vin || !expect.vin)) found.push(blocks("binding-not-readable"));

  const isShown = shown === undefined || (shown - skew <= now && now < end + skew);
  const age = knownAt - shown;
  const isLive = !isFuture && isShown && age >= -skew && age <= Math.max(policy.maxStatusAge, skew) && shown <= window.start && window.end <= end;
  let record;
  if (!isFuture && !isLive && policy.status != "not-used") {
    const [reasons, counted] = await askStatus(status, opened, policy, window, knownAt, now);
    record = counted;
    said.push(...reasons);
  }
  if (!isFuture && { required: 1, "if-available": vehicle }[policy.vehicle]) said.push(blocks("status-not-checked")); // nobody reads it here
  if (!isLive && !record && said.every(({ effect }) => effect == "notes")) said.push(notes("checked-offline"));
  found.push(...said);
  if (behind && now - (window.end - 1) <= DAY) found = found.filter(({ code }) => !/not-yet|suspended-then/.test(code));
  found.push(...(behind ? [blocks("clock-behind")] : trustReasons(trust, policy, now)));
  if (!isShown) found.push(blocks("presentation-expired"));
  return outcome(found, { certificate, issuer: issuer.id, statusObservedAt: record?.observedAt ?? (isLive ? shown : undefined) });
}
