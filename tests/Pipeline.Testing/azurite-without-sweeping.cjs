'use strict';
// Loaded before Azurite (node --require) where tests and benchmarks start it. By itself Azurite sweeps out what deleted messages held every minute, and what
// deleted or overwritten blobs held every ten. In memory it does so piece by piece, orders all that is left after each one, and answers nobody until it has
// ended: three minutes with what the tests leave behind, and longer than an end-to-end test waits.
// There is no option for it. A sweep at the start, when there is nothing, is all that is left.
const day = 24 * 60 * 60 * 1000;
for (const service of ['blob', 'queue']) {
  const constants = require(`azurite/dist/src/${service}/utils/constants.js`);
  if (typeof constants.DEFAULT_GC_INTERVAL_MS !== 'number')
    throw new Error(`azurite, ${service}/utils/constants.js: seen no DEFAULT_GC_INTERVAL_MS, expected how often it sweeps; see how this version of Azurite does it`);
  constants.DEFAULT_GC_INTERVAL_MS = day;
}
