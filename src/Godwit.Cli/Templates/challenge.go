// Godwit's challenge: warm up, print READY, answer each seed that is read. Godwit holds the clock.
package main

import "fmt"

// The same work for the same seed. Make the input from the seed, call your code, and fold every output into the digest:
// what isn't in it may be skipped by a candidate.
func work(seed uint64) uint64 {
	digest := uint64(14695981039346656037)
	for index := 0; index < 2000000; index++ { // <- yours
		seed = seed*6364136223846793005 + 1442695040888963407
		digest = (digest ^ (seed >> 33)) * 1099511628211
	}
	return digest
}

func main() {
	work(1)
	fmt.Println("READY")
	var seed uint64
	for {
		if _, err := fmt.Scan(&seed); err != nil {
			return
		}
		fmt.Printf("ANSWER %016x\n", work(seed))
	}
}
