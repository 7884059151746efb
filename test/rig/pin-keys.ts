import { pinHostKeys, pinOf } from "../../agent/transport/pins.ts";

/** Pins keys as one run of pullcast does: `FILE NAME UID BASE64…`; says what became of it. */
const [file = "", name = "", uid = "", ...keys] = process.argv.slice(2);
const pin = pinOf({ name, uid }, { pinFile: file });
if (pin === undefined) throw new Error("no file");
const blobs = keys.map((key) => Buffer.from(key, "base64"));
console.log((await pinHostKeys(pin, { blobs, replace: true })).type);
