// Serves an import format to muster, as importer.proto says. Whatever the format, this part stays the same.
import { webcrypto } from "node:crypto";
import { once } from "node:events";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import "reflect-metadata"; // wanted by the next one
import { cryptoProvider, PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import protobuf from "protobufjs";
import protocol from "../importer.proto";

const BATCH_RECORDS = 128;
const BATCH_BYTES = 256 * 1024;

// serve runs an importer { type, extensions, version, read } for the muster that started this process, and ends with it.
// read(file, warn) takes the file as pieces and yields its hosts, in the members of the protocol's Record; what it throws
// fails the import, and the message is what the user sees.
export async function serve(importer) {
  const { MUSTER_PLUGIN, PLUGIN_CLIENT_CERT, PLUGIN_UNIX_SOCKET_DIR } = process.env;
  if (MUSTER_PLUGIN !== "importer") {
    console.error("This is an import format for muster: muster plugins add makes it known there.");
    process.exit(1);
  }
  process.stdin.on("end", () => process.exit(1)).resume(); // muster holds the other end, until it is gone
  const server = new grpc.Server();
  server.addService(fromJSON(protobuf.parse(protocol).root.toJSON())["muster.plugins.v1.Importer"], {
    Describe: (call, answer) => answer(null, { type: importer.type, extensions: importer.extensions, version: importer.version }),
    Import: (call) => importFile(call, importer),
  });
  const { key, certificate } = await selfSigned();
  const chain = { private_key: Buffer.from(key), cert_chain: Buffer.from(certificate.toString("pem")) };
  const credentials = grpc.ServerCredentials.createSsl(Buffer.from(PLUGIN_CLIENT_CERT), [chain], true); // nobody but muster
  const socket = join(PLUGIN_UNIX_SOCKET_DIR, "importer");
  await promisify(server.bindAsync).call(server, `unix:${socket}`, credentials);
  const der = Buffer.from(certificate.rawData).toString("base64").replace(/=+$/, "");
  console.log(`1|1|unix|${socket}|grpc|${der}`);
}

async function importFile(call, importer) {
  try {
    for await (const batch of batches(call, importer)) {
      if (!call.write(batch)) {
        await once(call, "drain"); // muster is behind
      }
    }
    call.end();
  } catch (failure) {
    call.emit("error", { code: grpc.status.INVALID_ARGUMENT, details: failure.message });
  }
}

// batches gathers what the importer finds: a message for each host would be several times as slow.
async function* batches(call, importer) {
  const chunks = call.iterator({ destroyOnReturn: false }); // the other direction is still needed then
  const first = (await chunks.next()).value;
  const file = (async function* () {
    yield first.content;
    for await (const chunk of chunks) {
      yield chunk.content;
    }
  })();
  let [batch, bytes] = [{ records: [], warnings: [] }, 0];
  const warn = (text) => batch.warnings.push(text);
  const extension = extname(first.fileName).toLowerCase();
  if (extension && !importer.extensions.includes(extension)) {
    warn(`the extension of ${first.fileName} is not the usual ${importer.extensions.join(" or ")}`);
  }
  try {
    for await (const record of importer.read(file, warn)) {
      const size = Buffer.byteLength(JSON.stringify(record));
      if (batch.records.length === BATCH_RECORDS || bytes + size > BATCH_BYTES) {
        yield batch;
        [batch, bytes] = [{ records: [], warnings: [] }, 0];
      }
      batch.records.push(record);
      bytes += size;
    }
  } finally {
    yield batch; // what was found before a failure counts
  }
}

// selfSigned makes the certificate by which muster knows this process again. It lives as long as the process.
async function selfSigned() {
  cryptoProvider.set(webcrypto);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost",
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 24 * 3600_000),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }])],
  });
  return { key: PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY"), certificate };
}
