/** One measure, in a process of its own: `node measure.js '{"measure": ...}'` prints what was found, as JSON. */

import { consume, fill } from './measures/consume.js';
import { produce } from './measures/produce.js';
import { fillFlights, query } from './measures/query.js';

const MEASURES = { produce, fill, consume, fillFlights, query };

const { measure, ...given } = JSON.parse(process.argv[2]);
console.log(JSON.stringify(await MEASURES[measure](given)));
process.exit();
