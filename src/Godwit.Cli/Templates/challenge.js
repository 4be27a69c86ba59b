// Godwit's challenge: warm up, print READY, answer each seed that is read. Godwit holds the clock.
const readline = require('node:readline')

// The same work for the same seed. Make the input from the seed, call your code, and fold every output into the digest:
// what isn't in it may be skipped by a candidate.
function work(seed) {
  let state = Number(BigInt(seed) & 0xffffffffn) | 0
  let digest = 0x811c9dc5 | 0
  for (let index = 0; index < 2000000; index++) {                   // <- yours
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    digest = Math.imul(digest ^ (state >>> 16), 16777619)
  }
  return (digest >>> 0).toString(16)
}

work('1')
console.log('READY')
readline.createInterface({ input: process.stdin }).on('line', seed => console.log('ANSWER ' + work(seed)))
