// Builds the page: verify.js made small, the site, zxing-wasm from node_modules, a trust list with the keys of its root.
//
//     node build.mjs --trust trust.cbor --root root.pub.pem [--root ...] [--threshold 1] [--test-list] [--out dist]
//
// Each --root is one member of the root set, a public key in PEM. Nothing is fetched.

import { createHash, createPublicKey } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { minify } from "terser";

const HERE = dirname(fileURLToPath(import.meta.url));
const MOST = 10_000; // bytes of the module, gzipped

/** A public key as COSE_Key in hexadecimal: what openTrustList takes. */
function coseKey(pem) {
  const { crv, x, y } = createPublicKey(pem).export({ format: "jwk" });
  const curve = { "P-256": ["01", "5820"], "P-384": ["02", "5830"], Ed25519: ["06", "5820"] }[crv];
  if (!curve) throw new Error("a root key is P-256, P-384 or Ed25519: browsers check no others");
  const part = (label, value) => label + curve[1] + Buffer.from(value, "base64url").toString("hex");
  return (y ? "a40102" : "a30101") + "20" + curve[0] + part("21", x) + (y ? part("22", y) : "");
}

/** The sentences of reasons, in both languages, out of the table in the documentation. */
function sentences() {
  const page = readFileSync(join(HERE, "../../docs/reference/reasons.md"), "utf8");
  const row = /^\| <a id="[a-z-]+"><\/a>`([a-z-]+)` \| [a-z ]+ \| (.+?) \*(.+?)\* \| (.+?) \*(.+?)\* \|$/gm;
  return Object.fromEntries([...page.matchAll(row)].map(([, code, en, enNext, zh, zhNext]) => [code, { en: [en, enNext], zh: [zh, zhNext] }]));
}

/** verify.js without comments and long names. */
export async function smallModule() {
  const source = readFileSync(join(HERE, "verify.js"), "utf8");
  const compress = { passes: 3, ecma: 2022, unsafe_arrows: true, comparisons: false, lhs_constants: false }; // less turned about is less to pack
  return (await minify(source, { module: true, compress, mangle: true })).code;
}

function* filesIn(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesIn(path);
    else yield path;
  }
}

async function build({ trust, root, threshold, out, "test-list": isTest, "no-register": isDeaf }) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, "zxing/reader"), { recursive: true });
  cpSync(join(HERE, "site"), out, { recursive: true });
  const zxing = join(HERE, "node_modules/zxing-wasm");
  cpSync(join(zxing, "dist/es/reader/index.js"), join(out, "zxing/reader/index.js"));
  cpSync(join(zxing, "dist/es/share.js"), join(out, "zxing/share.js"));
  cpSync(join(zxing, "dist/reader/zxing_reader.wasm"), join(out, "zxing/zxing_reader.wasm"));
  cpSync(join(zxing, "LICENSE"), join(out, "zxing/LICENSE"));

  const module = await smallModule();
  const size = gzipSync(module, { level: 9 }).length;
  if (size > MOST) throw new Error(`verify.js is ${size} bytes gzipped; ${MOST} are allowed`);
  writeFileSync(join(out, "verify.js"), module);
  cpSync(trust, join(out, "trust-list.cbor"));
  const settings = {
    root: root.map((file) => [coseKey(readFileSync(file))]),
    threshold: Number(threshold),
    environments: isTest ? ["test"] : ["production"],
    askRegister: !isDeaf,
  };
  writeFileSync(join(out, "settings.json"), JSON.stringify(settings));
  writeFileSync(join(out, "sentences.json"), JSON.stringify(sentences()));

  const worker = join(out, "sw.js");
  const paths = [...filesIn(out)].filter((path) => path != worker);
  const digest = createHash("sha256").update(readFileSync(worker));
  for (const path of paths) digest.update(readFileSync(path));
  const files = ["./", ...paths.map((path) => relative(out, path))];
  const list = `self.PRECACHE = ${JSON.stringify({ version: digest.digest("hex").slice(0, 16), files })};\n`;
  writeFileSync(worker, list + readFileSync(worker, "utf8"));
  console.log(`${files.length} files in ${out}; verify.js is ${size} bytes gzipped`);
}

if (process.argv[1] == fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      trust: { type: "string" },
      root: { type: "string", multiple: true },
      threshold: { type: "string", default: "1" },
      out: { type: "string", default: "dist" },
      "test-list": { type: "boolean", default: false },
      "no-register": { type: "boolean", default: false },
    },
  });
  if (!values.trust || !values.root) throw new Error("needed: --trust FILE and --root FILE");
  await build(values);
}
