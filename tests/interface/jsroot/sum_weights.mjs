// Prints, as JSON, what JSROOT finds in an mcgen ROOT file, whose events are a TTree or an RNTuple. JSROOT shares no code with the library that wrote
// the file, so what both find in it is what anybody will find.
//
// Usage: node sum_weights.mjs FILE.root        with the npm package jsroot installed beside this script
//
// Every quantity is {value, scale}: integers as decimal strings (a uint64 is more than a JavaScript number
// holds) with scale 0, reals with the sum of their magnitudes, relative to which they are to be compared.

import { createHash } from 'node:crypto';
import { addUserStreamer, openFile } from 'jsroot/io';
import { readHeaderFooter, rntupleProcess } from 'jsroot/rntuple';
import { TSelector, treeProcess } from 'jsroot/tree';

const REAL_LEAVES = new Set(['TLeafD', 'TLeafF']), REAL_FIELDS = new Set(['double', 'float']);

// JSROOT wants the layout of this class from the file, which need not have it: the format prescribes it.
addUserStreamer('ROOT::RNTuple', (buffer, anchor) => {
   for (const version of ['fVersionEpoch', 'fVersionMajor', 'fVersionMinor', 'fVersionPatch'])
      anchor[version] = buffer.ntou2();
   for (const place of ['fSeekHeader', 'fNBytesHeader', 'fLenHeader', 'fSeekFooter', 'fNBytesFooter', 'fLenFooter', 'fMaxKeySize'])
      anchor[place] = buffer.ntou8();
   anchor.$kind = 'ROOT::RNTuple';
   anchor.$file = buffer.fFile;
});

// JSROOT 7.11 misreads an int64 below -2^31. No column holds one: the negative integers are PDG codes.
class IntegerSum {
   sum = 0n;

   add(value) { this.sum += BigInt(value); }

   quantities(name) { return { [`sum of ${name}`]: integer(this.sum) }; }
}

// Neumaier's compensated summation: a plain loop over 1e6 events would lose the digits that are compared.
class RealSum {
   sum = 0;
   compensation = 0;
   magnitude = 0;
   notFinite = 0n;

   add(value) {
      if (!Number.isFinite(value)) {
         this.notFinite += 1n;
         return;
      }
      const total = this.sum + value;
      this.compensation += Math.abs(this.sum) >= Math.abs(value)
         ? (this.sum - total) + value
         : (value - total) + this.sum;
      this.sum = total;
      this.magnitude += Math.abs(value);
   }

   quantities(name) {
      return {
         [`sum of ${name}`]: { value: this.sum + this.compensation, scale: this.magnitude },
         [`not finite in ${name}`]: integer(this.notFinite),
      };
   }
}

function integer(value) {
   return { value: value.toString(), scale: 0 };
}

// Entries, columns as {name, source, real}, and the loop over the events: the same for both kinds.
async function opened(events) {
   if (events._typename !== 'ROOT::RNTuple') {
      return {
         entries: events.fEntries,
         columns: events.fBranches.arr.map(branch => ({
            name: branch.fName, source: branch, real: REAL_LEAVES.has(branch.fLeaves.arr[0]._typename),
         })),
         loop: selector => treeProcess(events, selector),
      };
   }
   const { clusterSummaries, fieldDescriptors } = await readHeaderFooter(events);
   return {
      entries: clusterSummaries.reduce((sum, cluster) => sum + cluster.numEntries, 0),
      columns: fieldDescriptors.map(field => ({
         name: field.fieldName, source: field.fieldName, real: REAL_FIELDS.has(field.typeName),
      })),
      loop: selector => rntupleProcess(events, selector),
   };
}

async function columnQuantities({ entries, columns, loop }) {
   const selector = new TSelector(), sums = new Map(), accepted = new RealSum();
   let rows = 0n, complete = true;

   for (const { name, source, real } of columns) {
      selector.addBranch(source, name);
      sums.set(name, real ? new RealSum() : new IntegerSum());
   }
   selector.Process = () => {
      const row = selector.tgtobj;
      for (const [name, sum] of sums)
         sum.add(row[name]);
      accepted.add(row.accepted ? row.weight : 0);
      rows += 1n;
   };
   selector.Terminate = done => { complete = done; };

   // JSROOT refuses to loop over an empty tree.
   if (entries > 0)
      await loop(selector);
   if (!complete)
      throw new Error('JSROOT stopped before the last row');

   const quantities = { rows: integer(rows), ...accepted.quantities('accepted weight') };
   for (const [name, sum] of sums)
      Object.assign(quantities, sum.quantities(name));
   return quantities;
}

function metadataQuantities(text) {
   // JSROOT makes one character of each byte.
   const bytes = Buffer.from(text, 'latin1');
   return {
      'bytes of metadata': integer(bytes.length),
      'sha256 of metadata': integer(BigInt(`0x${createHash('sha256').update(bytes).digest('hex')}`)),
   };
}

async function summary(path) {
   const file = await openFile(`file://${path}`),
         events = await opened(await file.readObject('events')),
         metadata = await file.readObject('mcgen');
   return {
      entries: integer(events.entries),
      ...await columnQuantities(events),
      ...metadataQuantities(metadata.fString),
   };
}

if (process.argv.length !== 3) {
   console.error('usage: node sum_weights.mjs FILE.root');
   process.exit(2);
}
console.log(JSON.stringify(await summary(process.argv[2])));
