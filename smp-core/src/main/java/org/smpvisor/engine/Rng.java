package org.smpvisor.engine;

/** A small, fast, seeded generator (xorshift64*), the same on every JDK. */
final class Rng {
    private long state;

    Rng(long seed) {
        long z = seed + 0x9E3779B97F4A7C15L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        state = z == 0 ? 1 : z;
    }

    private long next() {
        long x = state;
        x ^= x >>> 12;
        x ^= x << 25;
        x ^= x >>> 27;
        state = x;
        return x * 0x2545F4914F6CDD1DL;
    }

    /** 0 to {@code bound - 1}. */
    int below(int bound) {
        return (int) ((next() >>> 33) * bound >>> 31);
    }

    /** 0 to 2^31 - 1. */
    int priority() {
        return (int) (next() >>> 33);
    }

    /** An element of a non-empty set of bits. */
    int element(long set) {
        int skip = below(Long.bitCount(set));
        long s = set;
        for (int i = 0; i < skip; i++) {
            s &= s - 1;
        }
        return Long.numberOfTrailingZeros(s);
    }
}
