// solve.cjs CHANNEL SPEC...: prints the solution as JSON.
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
