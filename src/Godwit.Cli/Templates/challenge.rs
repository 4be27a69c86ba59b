// Godwit's challenge: warm up, print READY, answer each seed that is read. Godwit holds the clock.
use std::io::{self, BufRead, Write};

// The same work for the same seed. Make the input from the seed, call your code, and fold every output into the digest:
// what isn't in it may be skipped by a candidate.
fn work(mut seed: u64) -> u64 {
    let mut digest: u64 = 14695981039346656037;
    for _ in 0..2000000 {                                           // <- yours
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        digest = (digest ^ (seed >> 33)).wrapping_mul(1099511628211);
    }
    digest
}

fn main() {
    work(1);
    println!("READY");
    io::stdout().flush().unwrap();
    for line in io::stdin().lock().lines() {
        println!("ANSWER {:016x}", work(line.unwrap().trim().parse().unwrap()));
        io::stdout().flush().unwrap();
    }
}
