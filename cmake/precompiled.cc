// The source without which a library that only precompiles headers cannot be.
