#!/usr/bin/env node
// Teaches muster to import a text file with a host on each line: an address, and a name if it has one. What follows a # is
// a comment. It is plugins/hostlist in another language, and passes the same cases.
import { serve } from "./importer.js";

serve({ type: "HOSTLIST", extensions: [".txt"], version: "1.0.0", read });

async function* read(file) {
  for await (const line of lines(file)) {
    const [ipAddress, ...name] = line.split("#")[0].split(/\s+/).filter(Boolean);
    if (ipAddress) {
      yield { ipAddress, assetName: name.join(" ") };
    }
  }
}

// A file arrives in pieces that end anywhere, within a character too. A line without an end would fill the memory.
async function* lines(file) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of file) {
    const complete = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = complete.pop();
    yield* complete;
    if (rest.length > 64 * 1024) {
      throw new Error("a line is longer than 64 KiB");
    }
  }
  yield rest;
}
