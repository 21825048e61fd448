// solve.cjs CHANNEL SPEC...: prints the solution as JSON.
// Node 18 has no global Web Crypto, which the reader takes its random numbers from.
globalThis.crypto ??= require("node:crypto").webcrypto;
const { simpleSolve } = require("@conda-org/rattler");

const [channel, ...specs] = process.argv.slice(2);

simpleSolve(specs, [channel], ["linux-64", "noarch"], []).then(
  (solution) => {
    const found = solution.map((it) => ({
      name: it.packageName,
      version: it.version,
      url: it.url,
      filename: it.filename,
    }));
    process.stdout.write(JSON.stringify(found));
  },
  (error) => {
    process.stderr.write(`${error}\n`);
    process.exitCode = 1;
  },
);
