// An independent validator of FHIR R4: one resource a line comes in, one verdict a line goes out.
const { createInterface } = require("node:readline");
const { Fhir } = require("fhir");

const fhir = new Fhir();
createInterface({ input: process.stdin }).on("line", (line) => {
  const verdict = fhir.validate(JSON.parse(line), { errorOnUnexpected: true });
  process.stdout.write(JSON.stringify(verdict) + "\n");
});
