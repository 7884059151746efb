#!/usr/bin/env node
/**
 * The least that ssh2 can do: one connection and one exec per host, no checks of any kind.
 * `node scripts/bench/bare-ssh2.mjs JOB.json` with {hosts: [{host, port}], user, key, concurrency, command, input}:
 * `input` is a file that goes to each command's standard input. Exits 1 unless every command exits 0.
 */
import { readFileSync } from "node:fs";
import pLimit from "p-limit";
import { Client } from "ssh2";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
const input = readFileSync(job.input);
const privateKey = readFileSync(job.key);
const limit = pLimit(job.concurrency);

const codes = await Promise.all(job.hosts.map((host) => limit(() => once(host))));
process.exit(codes.every((code) => code === 0) ? 0 : 1);

function once({ host, port }) {
  return new Promise((resolve, reject) => {
    const client = new Client();
    client.on("error", reject);
    client.on("ready", () => {
      client.exec(job.command, (error, stream) => {
        if (error) return reject(error);
        stream.resume();
        stream.stderr.resume();
        stream.on("close", (code) => {
          client.end();
          resolve(code);
        });
        stream.end(input);
      });
    });
    client.connect({ host, port, username: job.user, privateKey, hostVerifier: () => true });
  });
}
