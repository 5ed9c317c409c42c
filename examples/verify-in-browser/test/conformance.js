// Runs conformance vectors (tests/vectors) through verify.js: in Node, in a browser, wherever modules run.

import { openEvents, openStatusList, openTrustList, POLICIES, Refused, statusRecord, verify } from "../verify.js";

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const base64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
/** An instant (with T and an offset) in microseconds; a date as its day since 1970. */
export function moment(text) {
  const [, whole, fraction = "", zone] = /^([^.Z+]*T[^.Z+-]*)(?:\.(\d+))?(.*)$/.exec(text) ?? [, text];
  if (!zone) return { day: Date.parse(text + "T00:00Z") / 864e5 };
  return Date.parse(whole + zone) * 1000 + +fraction.padEnd(6, "0").slice(0, 6);
}

const optional = (text) => (text == null ? undefined : moment(text));

/** A register's answer in the words of the vectors, as verify.js takes it. */
function answer(said) {
  if (said == null) return undefined;
  if ("error" in said) {
    return () => {
      throw new Refused(said.error);
    };
  }
  const times = {
    observedAt: moment(said.observed_at),
    historyFrom: optional(said.history_from),
    reliableUntil: optional(said.reliable_until),
    expiresAt: optional(said.expires_at),
  };
  const proofs = (said.proofs ?? []).map(({ key_id }) => ({ kid: bytes(key_id) }));
  const events = said.events.map(({ kind, effective_at, recorded_at }) => ({
    kind,
    effectiveAt: effective_at === null ? null : moment(effective_at),
    recordedAt: moment(recorded_at),
  }));
  const observations = said.observations.map(({ state, at, expires_at }) => ({ state, at: moment(at), expiresAt: optional(expires_at) }));
  return () => ({ ...times, proofs, events, observations });
}

/** A preset by its name, or one that weighs status alone. */
const policyOf = (said) =>
  POLICIES[said] ?? {
    ...POLICIES.counterparty,
    status: said.status,
    maxStatusAge: said.max_status_age ?? Infinity,
    maxTrustAge: Infinity,
    clockSkew: said.clock_skew,
  };

const lists = new Map();

/** The verdict on a vector's text, or on another put in its place. */
export async function judge(vector, root, text = vector.text, codes) {
  if (!lists.has(vector.trust)) {
    const members = root.map((key) => [bytes(key)]);
    lists.set(vector.trust, openTrustList(base64(vector.trust), { root: members, environments: ["production", "test"] }));
  }
  return verify(text, {
    trust: await lists.get(vector.trust),
    policy: policyOf(vector.policy),
    asOf: moment(vector.as_of),
    knownAt: optional(vector.known_at),
    now: moment(vector.evaluated_at),
    expect: vector.expect ?? {},
    status: answer(vector.status),
    codes,
    vehicle: vector.vehicle,
    groupKeys: vector.group_keys?.length,
  });
}

/** What a verdict comes to, in one line that can be compared: outcome, degraded, codes with their effects. */
export const line = ({ outcome, degraded, reasons }) =>
  [outcome, degraded, ...new Set(reasons.map(({ code, effect }) => `${effect} ${code}`).sort())].join("|");

/** A table of codes as verify.js asks it; those of plate types and usages are China's. */
const known = (tables) => (field, code, country) =>
  (field != "vehicle_category" && country != "CN") || tables[field].some((pattern) => new RegExp(`^(?:${pattern})$`).test(code));

const iso = (at) => (at === null ? null : new Date(at / 1000).toISOString().replace(".000Z", "+00:00"));

/** What opening a document comes to: a code, or what it says of the entry that is asked about. */
async function opened(one, { root, trust, uri, index, now }) {
  const { document, data, members = root.map((key) => [key]), threshold = 1, environments = ["production", "test"] } = one;
  const bytesOf = base64(data);
  const options = { root: members.map((member) => member.map(bytes)), threshold, environments };
  if (document == "trust") {
    const found = await openTrustList(bytesOf, options);
    return `opened ${found.version} ${found.environment} ${found.issuers.length}`;
  }
  const [{ keys, maxEntries }] = (await openTrustList(base64(trust), options)).issuers;
  const asked = { uri, keys, now: moment(now), maxEntries };
  if (document == "list") {
    const list = await openStatusList(bytesOf, asked);
    return `opened ${statusRecord(index, { lists: [list] }).observations[0].state}`;
  }
  const events = await openEvents(bytesOf, asked);
  const said = statusRecord(index, { lists: [], events }).events;
  return "opened " + said.map(({ kind, effectiveAt, recordedAt }) => `${kind} ${iso(effectiveAt) ?? "None"} ${iso(recordedAt)}`).join(" ");
}

const failed = (error) => (error instanceof Refused ? error.code : "raised " + error.stack);

/** Every case's name with what it comes to: vectors, and documents to open. */
export async function run(cases, root, tables, context) {
  const found = {};
  for (const one of cases)
    found[one.name] = await (one.document ? opened(one, { root, ...context }) : judge(one, root, one.text, known(tables)).then(line)).catch(failed);
  return found;
}
