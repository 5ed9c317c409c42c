// Runs cases in Node: JSON on standard input, what each comes to as JSON on standard output.

import { readFileSync } from "node:fs";
import { run } from "./conformance.js";

const { cases, root, tables, context } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await run(cases, root, tables, context)));
